// `trigger`, `runs`, `run`, `logs`, `trace`, `mails`: runs.
import type { Command } from "commander";
import { JSON_OPTION, RUN_ARGUMENT, collect, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

interface TriggerFlags {
  param?: string[];
  params?: string;
  key?: string;
  at?: string;
  of?: number;
  reason?: string;
  follow?: boolean;
  json?: boolean;
}

export function addRunCommands(program: Command, with_: With): void {
  for (const add of [addTrigger, addRuns, addRun, addHistory, addLogs, addTrace, addMails])
    add(program, with_);
}

function addTrigger(program: Command, with_: With): void {
  program
    .command("trigger")
    .description("Start a run by hand")
    .argument("<dag>", "the DAG's id")
    .option("--param <name=value>", "a parameter; again for more", collect)
    .option("--params <json>", "all parameters as one JSON object")
    .option("--key <key>", "one run per key: with a key that is known, the first run is answered")
    .option(
      "--at <instant>",
      "the instant the run is about (now); without an offset in the DAG's zone",
    )
    .option(
      "--of <version>",
      "the DAG's version by its number (the current one)",
      number(1, 2 ** 31),
    )
    .option("--reason <text>", "why, for the audit")
    .option("-f, --follow", "stay until the run settles; exit 1 unless it succeeded")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "trigger carrier-daily-costs --follow",
        "trigger carrier-daily-costs --at 2026-10-05T19:00:00-05:00 --key 2026-10-05",
        "trigger train --param epochs=20 --param model=small",
      ),
    )
    .action(
      with_(async (cli, dag: string, o: TriggerFlags) => {
        const { trigger } = await import("../commands/online.ts");
        return trigger(cli, dag, o);
      }),
    );
}

function addRuns(program: Command, with_: With): void {
  program
    .command("runs")
    .description("List runs, newest first")
    .option("--dag <dag>", "of one DAG")
    .option("--state <state>", "in a state; again for more", collect)
    .option("--limit <n>", "at most so many", number(1, 10_000), 20)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("runs", "runs --dag carrier-daily-costs --state failed"))
    .action(
      with_(async (cli, o: { dag?: string; state?: string[]; limit: number; json?: boolean }) => {
        const { runs } = await import("../commands/online.ts");
        return runs(cli, o);
      }),
    );
}

function addRun(program: Command, with_: With): void {
  program
    .command("run")
    .description("Show one run: its tasks, and why what failed failed")
    .argument(...RUN_ARGUMENT)
    .option("--at <n>", "as it was after so many events of its history", number(1, 10_000_000))
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "run carrier-daily-costs",
        "run carrier-daily-costs/2026-10-06",
        "run run-01j9 --at 4",
      ),
    )
    .action(
      with_(async (cli, id: string, o: { at?: number; json?: boolean }) => {
        const { run } = await import("../commands/online.ts");
        return run(cli, id, o);
      }),
    );
}

function addHistory(program: Command, with_: With): void {
  program
    .command("history")
    .description(
      "Print what happened to a run, event by event; `run --at <n>` shows it as it was then",
    )
    .argument(...RUN_ARGUMENT)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("history carrier-daily-costs"))
    .action(
      with_(async (cli, id: string, o: { json?: boolean }) => {
        const { runHistory: history } = await import("../commands/online.ts");
        return history(cli, id, o);
      }),
    );
}

function addLogs(program: Command, with_: With): void {
  program
    .command("logs")
    .description("Print the log lines of a task")
    .argument(...RUN_ARGUMENT)
    .argument("<task>", "the task's id")
    .option("-f, --follow", "stay until the attempt's last line")
    .option("--attempt <n>", "of one attempt (the newest)", number(1, 1_000_000))
    .option("-t, --timestamps", "with the time of each line")
    .option("--json", "one JSON object per line")
    .addHelpText(
      "after",
      examples("logs carrier-daily-costs aggregate", "logs -f run-01j9 aggregate"),
    )
    .action(
      with_(
        async (
          cli,
          id: string,
          task: string,
          o: { follow?: boolean; attempt?: number; timestamps?: boolean; json?: boolean },
        ) => {
          const { logs } = await import("../commands/online.ts");
          return logs(cli, id, task, o);
        },
      ),
    );
}

function addTrace(program: Command, with_: With): void {
  program
    .command("trace")
    .description(
      "Show a run's trace through every service as a tree; of a mapped task, its first 100 instances",
    )
    .argument(...RUN_ARGUMENT)
    .option("--export", "rebuild the trace from the run's history and send it to a collector")
    .option("--json", "print Jaeger's JSON; with --export, what was sent")
    .addHelpText("after", examples("trace carrier-daily-costs", "trace run-01j9 --export"))
    .addHelpText("after", EXPORT_HELP)
    .action(
      with_(async (cli, id: string, o: { export?: boolean; json?: boolean }) => {
        if (o.export === true) {
          const { exportRunTrace } = await import("../commands/trace-export.ts");
          return exportRunTrace(cli, id, o);
        }
        const { trace } = await import("../commands/online.ts");
        return trace(cli, id, o);
      }),
    );
}

const EXPORT_HELP = `
--export works for any run: one that was not sampled, whose services were killed, or whose spans the store has
forgotten; all instances of mapped tasks are in it. Its spans have the ids that they had live, so that sending them
again makes no second trace. They go by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT, with
OTEL_EXPORTER_OTLP_HEADERS); without it the console sends them to the installation's own collector.`;

function addMails(program: Command, with_: With): void {
  program
    .command("mails")
    .alias("deliveries")
    .description("Show who got which report mail, who did not, and why")
    .argument("[run]", "as for `chasqui run`; without it, of every run")
    .option("--report <name>", "of one report")
    .option("--period <period>", "of one period")
    .option("--limit <n>", "at most so many", number(1, 10_000), 1_000)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "mails carrier-daily-costs",
        "mails --report carrier-daily-costs --period 2026-10-06",
      ),
    )
    .action(
      with_(
        async (
          cli,
          id: string | undefined,
          o: { report?: string; period?: string; limit: number; json?: boolean },
        ) => {
          const { mails } = await import("../commands/online.ts");
          return mails(cli, id, o);
        },
      ),
    );
}
