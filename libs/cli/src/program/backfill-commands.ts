// `backfill`; `backfills list`, `show`, `pause`, `resume`, `cancel`: runs for due times that are past.
import { Option } from "commander";
import type { Command } from "commander";
import type { BackfillOptions, OrderOptions } from "../commands/backfills.ts";
import { JSON_OPTION, collect, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

const BACKFILL_ARGUMENT = ["<backfill>", "its id, or the beginning of it"] as const;

export function addBackfillCommands(program: Command, with_: With): void {
  program
    .command("backfill")
    .description(
      "Give past due times of a DAG's schedule their runs; without a schedule, past days",
    )
    .argument("<dag>", "the DAG's id")
    .option("--from <time>", "the first day or time that runs are about, in the schedule's zone")
    .option("--to <time>", "the last one; now when absent")
    .option(
      "--date <day>",
      "a single day or time, in place of --from and --to; may be repeated",
      collect,
    )
    .addOption(
      new Option("--reprocess <which>", "which dates that have a run get another one")
        .choices(["none", "failed", "all"])
        .default("none"),
    )
    .option("--max-active <n>", "its runs at work at once", number(1, 100), 4)
    .option("--newest-first", "in place of the oldest first")
    .option("--param <name=value>", "a parameter of its runs; may be repeated", collect)
    .option("--params <json>", "parameters as a JSON object")
    .option(
      "--dag-version <n>",
      "the DAG's version; the current one when absent",
      number(1, 1_000_000),
    )
    .option("--dry-run", "only list the dates, each with what would happen and why")
    .option("--reason <text>", "why, for the record")
    .option("--follow", "show the progress until it is over; exit code 1 when a run failed")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "backfill carrier-daily-costs --from 2026-10-01 --to 2026-10-31 --dry-run",
        "backfill carrier-daily-costs --from 2026-10-01 --reprocess failed --follow",
        "backfill carrier-daily-costs --date 2026-10-06 --date 2026-10-13 --reprocess all",
      ),
    )
    .action(
      with_(async (cli, dag: string, o: BackfillOptions) => {
        const { backfill } = await import("../commands/online.ts");
        return backfill(cli, dag, o);
      }),
    );
  addListCommands(
    program.command("backfills").description("Backfills: how far they are, pause, resume, cancel"),
    with_,
  );
}

function addListCommands(backfills: Command, with_: With): void {
  backfills
    .command("list", { isDefault: true })
    .description("List the backfills, newest first")
    .option("--dag <dag>", "of one DAG")
    .option("--open", "only those that are not over")
    .option("--limit <n>", "at most so many", number(1, 1_000), 50)
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, o: { dag?: string; open?: boolean; limit: number; json?: boolean }) => {
        const { listBackfills } = await import("../commands/online.ts");
        return listBackfills(cli, o);
      }),
    );
  backfills
    .command("show")
    .description("Show a backfill and what became of each date")
    .argument(...BACKFILL_ARGUMENT)
    .option("--follow", "show the progress until it is over")
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, id: string, o: { follow?: boolean; json?: boolean }) => {
        const { showBackfill } = await import("../commands/online.ts");
        return showBackfill(cli, id, o);
      }),
    );
  for (const [action, about] of [
    ["pause", "Start no more of its runs for now; those at work go on"],
    ["resume", "Go on"],
    ["cancel", "Start no more of its runs for ever, and cancel those at work"],
  ] as const) {
    const command = backfills
      .command(action)
      .description(about)
      .argument(...BACKFILL_ARGUMENT)
      .option("--reason <text>", "why, for the record")
      .option(...JSON_OPTION);
    if (action === "cancel")
      command
        .option("--keep-runs", "its runs at work go on to their end")
        .option("--dry-run", "only say what would become of its dates");
    command.action(
      with_(async (cli, id: string, o: OrderOptions & { json?: boolean }) => {
        const { controlBackfill } = await import("../commands/online.ts");
        return controlBackfill(cli, id, { ...o, action });
      }),
    );
  }
}
