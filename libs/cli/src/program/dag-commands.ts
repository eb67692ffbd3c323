// `dags`, `pause`, `resume`, `ticks`: DAGs on the server.
import type { Command } from "commander";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

export function addDagCommands(program: Command, with_: With): void {
  const dags = program
    .command("dags")
    .description("List the DAGs with their version and next due time; their history")
    .option("--all", "retired ones, too")
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, o: { all?: boolean; json?: boolean }) => {
        const { listDags } = await import("../commands/online.ts");
        return listDags(cli, o);
      }),
    );
  addVersionCommands(dags, with_);
  for (const [name, paused, about] of [
    ["pause", true, "Pause a DAG: new runs wait, due times are recorded and not run"],
    ["resume", false, "Resume a DAG"],
  ] as const)
    program
      .command(name)
      .description(about)
      .argument("<dag>", "the DAG's id")
      .option("--reason <text>", "why, for the audit")
      .option("--dry-run", "only say what would change")
      .option(...JSON_OPTION)
      .action(
        with_(
          async (cli, dag: string, o: { reason?: string; dryRun?: boolean; json?: boolean }) => {
            const { setPaused } = await import("../commands/online.ts");
            return setPaused(cli, dag, { ...o, paused });
          },
        ),
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
        const { ticks } = await import("../commands/online.ts");
        return ticks(cli, dag, o);
      }),
    );
}

interface VersionOptions {
  readonly note?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

function addVersionCommands(dags: Command, with_: With): void {
  dags
    .command("history")
    .description("Who made which version current, when, of which commit and why")
    .argument("<dag>", "the DAG's id")
    .option(...JSON_OPTION)
    .action(
      with_(async (cli, dag: string, o: VersionOptions) => {
        const { dagHistory: history } = await import("../commands/online.ts");
        return history(cli, dag, o);
      }),
    );
  dags
    .command("rollback")
    .description("Make an earlier version's meaning current again, as a new version")
    .argument("<dag>", "the DAG's id")
    .option("--to <version>", "its number (the one before the current)", number(1, 1_000_000))
    .option("--note <text>", "why, for the audit")
    .option("--dry-run", "only print what would change")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("dags rollback hello", "dags rollback hello --to 3"))
    .action(
      with_(async (cli, dag: string, o: VersionOptions & { to?: number }) => {
        const { rollback } = await import("../commands/online.ts");
        return rollback(cli, dag, o);
      }),
    );
  dags
    .command("promote")
    .description(
      "Make the current version of one environment current in another: the same fingerprint",
    )
    .argument("<dag>", "the DAG's id")
    .requiredOption("--from <environment>", "its name or address")
    .requiredOption("--to <environment>", "its name or address")
    .option("--note <text>", "why, for the audit")
    .option("--dry-run", "only print what would change")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nThe address of an environment called dev is in CHASQUI_SERVER_DEV.\n" +
        examples("dags promote hello --from dev --to prod"),
    )
    .action(
      with_(async (cli, dag: string, o: VersionOptions & { from: string; to: string }) => {
        const { promote } = await import("../commands/online.ts");
        return promote(cli, dag, o);
      }),
    );
}
