// `triggers`: the ledger of triggers.
import { Option } from "commander";
import type { Command } from "commander";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

interface TriggersFlags {
  source?: string;
  id?: string;
  dag?: string;
  outcome?: string;
  limit: number;
  json?: boolean;
}

const OUTCOMES = [
  ...["started", "joined", "paused-queued", "starting", "waiting", "filtered", "rate-limited"],
  ...["rejected", "unbound", "dead"],
];

export function addTriggerCommands(program: Command, with_: With): void {
  program
    .command("triggers")
    .description("Show what became of triggers: “I published, why is there no run?”")
    .option("--source <source>", "the trigger's ce-source, for example logistics")
    .option("--id <id>", "the trigger's ce-id: what each DAG made of it, in words")
    .option("--dag <dag>", "of one DAG")
    .addOption(new Option("--outcome <outcome>", "with this end").choices(OUTCOMES))
    .option("--limit <n>", "at most so many", number(1, 1_000), 50)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "triggers --source logistics --id routes-2026-11-22",
        "triggers --source logistics --outcome dead",
        "triggers --dag carrier-daily-costs",
        "triggers --source chasqui/dag/load",
      ),
    )
    .action(
      with_(async (cli, o: TriggersFlags) => {
        const { triggers } = await import("../commands/online.ts");
        return triggers(cli, o);
      }),
    );
}
