// `new`, `validate`, `apply`, `diff`, `schedule preview`: DAG files.
import { Option } from "commander";
import type { Command } from "commander";
import type { ApplyOptions } from "../commands/apply.ts";
import type { DiffOptions } from "../commands/diff.ts";
import type { ValidateOptions } from "../commands/validate.ts";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";
import type { PreviewOptions } from "../commands/schedule-preview.ts";

const ENVIRONMENT_OPTION = [
  "--environment <name>",
  "whose vars, connections, custom kinds and policies hold (CHASQUI_ENVIRONMENT, else local)",
] as const;
const POLICIES_OPTION = ["--policies <folder>", "where the policies are (policies)"] as const;

export function addFileCommands(program: Command, with_: With): void {
  for (const add of [addNew, addValidate, addApply, addDiff, addSchedule]) add(program, with_);
}

function addNew(program: Command, with_: With): void {
  program
    .command("new")
    .description("Write a first DAG file, commented and valid; never overwrites")
    .argument("<template>", "cron-pod, event, report or sensor")
    .argument("[name]", "the DAG's id and the file's name")
    .option("--dir <folder>", "where to", "dags")
    .addHelpText(
      "after",
      examples("new cron-pod hello-costs", "new report weekly-invoice --dir dags"),
    )
    .action(
      with_(async (cli, template: string, name: string | undefined, o: { dir: string }) => {
        const { newDag } = await import("../commands/offline.ts");
        return newDag(cli, template, name, o);
      }),
    );
}

function addValidate(program: Command, with_: With): void {
  program
    .command("validate")
    .description(
      "Check DAG files against the language, an environment and its policies; needs no server",
    )
    .argument("[paths...]", "files and folders (dags)")
    .option(...ENVIRONMENT_OPTION)
    .option(...POLICIES_OPTION)
    .addOption(
      new Option("--report <format>", "print a report for a quality gate instead").choices([
        "sonar",
        "junit",
      ]),
    )
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nTask kinds of your own runners come from the environment file, and from the server when\nCHASQUI_SERVER is set and answers.\n" +
        examples(
          "validate",
          "validate dags/carrier-daily-costs.yaml",
          "validate --environment prod --report junit > dags.xml",
          "validate --json | jq .files",
        ),
    )
    .action(
      with_(async (cli, paths: string[], o: ValidateOptions) => {
        const { validate } = await import("../commands/offline.ts");
        return validate(cli, paths, o);
      }),
    );
}

function addApply(program: Command, with_: With): void {
  program
    .command("apply")
    .description("Make DAG files the current versions, all or none; prints what changed in meaning")
    .argument("[paths...]", "files and folders (dags)")
    .option("--note <text>", "why, for the audit")
    .option("--commit <id>", "the commit that the files are of (asked of git)")
    .option("--prune", "also retire the DAGs whose file is gone; their runs and versions stay")
    .option("--dry-run", "only print what would change")
    .option(
      ENVIRONMENT_OPTION[0],
      "whose vars, connections, custom kinds and policies hold (that of the server)",
    )
    .option(...POLICIES_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "apply",
        "apply dags/hello.yaml --note 'say hello louder'",
        "apply --prune --dry-run",
      ),
    )
    .action(
      with_(async (cli, paths: string[], o: ApplyOptions) => {
        const { apply } = await import("../commands/online.ts");
        return apply(cli, paths, o);
      }),
    );
}

function addDiff(program: Command, with_: With): void {
  program
    .command("diff")
    .description("Print what a DAG file changes in meaning, a line each")
    .argument("<file>", "a DAG file")
    .argument("[before]", "another DAG file; without it the server's current version")
    .option("--of <version>", "in place of the current one", number(1, 1_000_000))
    .option(ENVIRONMENT_OPTION[0], "whose custom kinds there are (local)")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples("diff dags/hello.yaml", "diff dags/hello.yaml --of 3", "diff new.yaml old.yaml"),
    )
    .action(
      with_(async (cli, file: string, before: string | undefined, o: DiffOptions) => {
        const { diff } = await import("../commands/online.ts");
        return diff(cli, file, before, o);
      }),
    );
}

const PREVIEW_COUNT_MAX = 10_000;

function addSchedule(program: Command, with_: With): void {
  program
    .command("schedule")
    .description("What a DAG's schedule means")
    .command("preview")
    .description(
      "The next ticks of a DAG file, with a warning on each day the clock changes; needs no server",
    )
    .argument("<file>", "a DAG file")
    .option("--from <time>", "the first instant that counts; without an offset, local time (now)")
    .option("--count <n>", "how many ticks", number(1, PREVIEW_COUNT_MAX), 10)
    .option(...ENVIRONMENT_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples(
        "schedule preview dags/carrier-daily-costs.yaml",
        "schedule preview dags/x.yaml --from 2026-10-24T00:00 --count 3 --json",
      ),
    )
    .action(
      with_(async (cli, file: string, o: PreviewOptions) => {
        const { preview } = await import("../commands/offline.ts");
        return preview(cli, file, o);
      }),
    );
}
