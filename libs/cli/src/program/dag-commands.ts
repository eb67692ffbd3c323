// `dags`, `pause`, `resume`, `ticks`: DAGs on the server.
import type { Command } from "commander";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

export function addDagCommands(program: Command, with_: With): void {
  program
    .command("dags")
    .description("List the DAGs with their version and next due time")
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, o: { json?: boolean }) => {
        const { listDags } = await import("../commands/dags.ts");
        return listDags(cli, o);
      }),
    );
  for (const [name, paused, about] of [
    ["pause", true, "Pause a DAG: new runs wait, due times are recorded and not run"],
    ["resume", false, "Resume a DAG"],
  ] as const)
    program
      .command(name)
      .description(about)
      .argument("<dag>", "the DAG's id")
      .option("--reason <text>", "why, for the audit")
      .option(...JSON_OPTION)
      .action(
        with_(async (cli, dag: string, o: { reason?: string; json?: boolean }) => {
          const { setPaused } = await import("../commands/dags.ts");
          return setPaused(cli, dag, { ...o, paused });
        }),
      );
  program
    .command("ticks")
    .description("Show a DAG's due times and what became of each")
    .argument("<dag>", "the DAG's id")
    .option("--limit <n>", "at most so many", number(1, 1_000), 20)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("ticks carrier-daily-costs"))
    .action(
      with_(async (cli, dag: string, o: { limit: number; json?: boolean }) => {
        const { ticks } = await import("../commands/dags.ts");
        return ticks(cli, dag, o);
      }),
    );
}
