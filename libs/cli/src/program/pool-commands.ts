// `explain`; `pools list`, `pools show`, `pools set`: what waits for what, and who holds it.
import type { Command } from "commander";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

const SLOTS_MAX = 10_000;

export function addPoolCommands(program: Command, with_: With): void {
  program
    .command("explain")
    .description("Say why a run, or a task of it, is not at work now; why a DAG has no run")
    .argument("<run>", "a run: an id, the beginning of one, <dag>/<key>; or a DAG")
    .argument("[task]", "a task, or an instance such as load[3]; without it, what is next")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("explain carrier-daily-costs", "explain run-01j9 mail"))
    .action(
      with_(async (cli, id: string, task: string | undefined, o: { json?: boolean }) => {
        const { explain } = await import("../commands/online.ts");
        return explain(cli, id, task ?? "", o);
      }),
    );
  const pools = program
    .command("pools")
    .description("Pools: how many attempts may use something at once");
  pools
    .command("list", { isDefault: true })
    .description("List the pools with their slots")
    .option("--limits", "also those of max_active and concurrency keys that somebody needs now")
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, o: { limits?: boolean; json?: boolean }) => {
        const { listPools } = await import("../commands/online.ts");
        return listPools(cli, o);
      }),
    );
  pools
    .command("show")
    .description("Show who holds a pool's slots and who waits, next first")
    .argument("<pool>", "the pool's name")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("pools show warehouse"))
    .action(
      with_(async (cli, name: string, o: { json?: boolean }) => {
        const { showPool } = await import("../commands/online.ts");
        return showPool(cli, name, o);
      }),
    );
  pools
    .command("set")
    .description("Make a pool, or give it another size; 0 closes it")
    .argument("<pool>", "the pool's name")
    .argument("<slots>", "how many slots", number(0, SLOTS_MAX))
    .option("--reason <text>", "why, for the audit")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("pools set warehouse 8 --reason 'end of the month'"))
    .action(
      with_(async (cli, name: string, slots: number, o: { reason?: string; json?: boolean }) => {
        const { setPool } = await import("../commands/online.ts");
        return setPool(cli, name, slots, o);
      }),
    );
}
