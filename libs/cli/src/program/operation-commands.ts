// `cancel`, `clear`, `retry`, `mark`, `rerun`, `attempts`: what is done to runs that are there.
import type { Command } from "commander";
import type { CancelOptions } from "../commands/cancel.ts";
import type { ClearOptions, OperationOptions } from "../commands/operations.ts";
import { JSON_OPTION, RUN_ARGUMENT, examples } from "./shared.ts";
import type { With } from "./shared.ts";

const DRY_RUN = ["--dry-run", "only say what would change"] as const;
const NOTE = ["--note <text>", "why, for the audit"] as const;
const FOLLOW = ["-f, --follow", "stay until the run settles; exit 1 unless it succeeded"] as const;
const TASK = "the task's id, or id[index] for one instance of a mapped one";

export function addOperationCommands(program: Command, with_: With): void {
  for (const add of [addCancel, addClear, addRetry, addMark, addRerun, addAttempts])
    add(program, with_);
}

function addCancel(program: Command, with_: With): void {
  program
    .command("cancel")
    .description("Ask a run to end; it is cancelled when everything outside is seen gone")
    .argument(...RUN_ARGUMENT)
    .option("--reason <text>", "why, for the audit")
    .option("--now", "end teardowns and on-exit tasks, too")
    .option(...DRY_RUN)
    .option("-f, --follow", "stay until it is cancelled")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("cancel carrier-daily-costs --reason 'wrong day'"))
    .action(
      with_(async (cli, id: string, o: CancelOptions) => {
        const { cancel } = await import("../commands/online.ts");
        return cancel(cli, id, o);
      }),
    );
}

function addClear(program: Command, with_: With): void {
  program
    .command("clear")
    .description("Have tasks of a run done again; a settled run goes on")
    .argument(...RUN_ARGUMENT)
    .argument("[tasks...]", `${TASK}; none means all`)
    .option("--upstream", "also everything upstream of them")
    .option("--downstream", "also everything downstream of them")
    .option("--failed", "of these only what failed, was cancelled or had no chance")
    .option(...DRY_RUN)
    .option(...NOTE)
    .option(...FOLLOW)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "clear carrier-daily-costs aggregate --downstream --dry-run",
        "clear run-01j9 'load[3]' --note 'the file was late'",
      ),
    )
    .action(
      with_(async (cli, id: string, tasks: string[], o: ClearOptions) => {
        const { clear } = await import("../commands/online.ts");
        return clear(cli, id, tasks, o);
      }),
    );
}

function addRetry(program: Command, with_: With): void {
  program
    .command("retry")
    .description("Have what failed done again, with everything that had no chance for that")
    .argument(...RUN_ARGUMENT)
    .option(...DRY_RUN)
    .option(...NOTE)
    .option(...FOLLOW)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("retry carrier-daily-costs --follow"))
    .action(
      with_(async (cli, id: string, o: OperationOptions) => {
        const { retry } = await import("../commands/online.ts");
        return retry(cli, id, o);
      }),
    );
}

function addMark(program: Command, with_: With): void {
  program
    .command("mark")
    .description("Say what a task is to be taken for; what is at work for it is cancelled first")
    .argument(...RUN_ARGUMENT)
    .argument("<task>", TASK)
    .argument("<state>", "succeeded, failed or skipped")
    .option(...DRY_RUN)
    .option(...NOTE)
    .option(...FOLLOW)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("mark carrier-daily-costs mail skipped --note 'sent by hand'"))
    .action(
      with_(async (cli, id: string, task: string, as: string, o: OperationOptions) => {
        const { mark } = await import("../commands/online.ts");
        return mark(cli, { id, task, as }, o);
      }),
    );
}

function addRerun(program: Command, with_: With): void {
  program
    .command("rerun")
    .description("Start a new run that is about the same as an earlier one; its key is <key>~<n>")
    .argument(...RUN_ARGUMENT)
    .option("--of <version>", "of the DAG: original or newest", "original")
    .option(...DRY_RUN)
    .option(...NOTE)
    .option(...FOLLOW)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("rerun carrier-daily-costs/2026-10-06 --of newest"))
    .action(
      with_(async (cli, id: string, o: OperationOptions & { of: string }) => {
        const { rerun } = await import("../commands/online.ts");
        return rerun(cli, id, o);
      }),
    );
}

function addAttempts(program: Command, with_: With): void {
  program
    .command("attempts")
    .description("List every attempt of a task, those before a clear, too")
    .argument(...RUN_ARGUMENT)
    .argument("<task>", TASK)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("attempts carrier-daily-costs aggregate"))
    .action(
      with_(async (cli, id: string, task: string, o: { json?: boolean }) => {
        const { attempts } = await import("../commands/online.ts");
        return attempts(cli, id, task, o);
      }),
    );
}
