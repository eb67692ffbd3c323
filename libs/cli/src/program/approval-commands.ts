// `approvals`, `approve`, `reject`: the questions that runs ask people.
import type { Command } from "commander";
import type { AnswerOptions, ApprovalsOptions } from "../commands/approvals.ts";
import { JSON_OPTION, RUN_ARGUMENT, collect, examples } from "./shared.ts";
import type { With } from "./shared.ts";

export function addApprovalCommands(program: Command, with_: With): void {
  program
    .command("approvals")
    .description("List what runs ask people, oldest first: what, since when, until when, whom")
    .option("--dag <dag>", "only those of this DAG")
    .option("--run <run>", "only those of this run")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("approvals", "approvals --dag prices"))
    .action(
      with_(async (cli, o: ApprovalsOptions) => {
        const { approvals } = await import("../commands/online.ts");
        return approvals(cli, o);
      }),
    );
  addAnswer(program, with_, {
    name: "approve",
    description: "Say yes to what a run asks; the first answer counts",
    example: "approve prices publish --comment 'looks right' --value amount=12",
  });
  addAnswer(program, with_, {
    name: "reject",
    description: "Say no to what a run asks; the first answer counts",
    example: "reject prices publish --comment 'wrong month'",
  });
}

function addAnswer(
  program: Command,
  with_: With,
  { name, description, example }: { name: string; description: string; example: string },
): void {
  program
    .command(name)
    .description(description)
    .argument(...RUN_ARGUMENT)
    .argument("[task]", "the task that asks; needless when only one of the run's does")
    .option("--comment <text>", "why; it is kept with the answer")
    .option("--value <name=value>", "a field of the form; may be given again", collect)
    .option(...JSON_OPTION)
    .addHelpText("after", examples(example))
    .action(
      with_(async (cli, id: string, task: string | undefined, o: AnswerOptions) => {
        const { answer } = await import("../commands/online.ts");
        return answer(cli, { id, task: task ?? "", approve: name === "approve" }, o);
      }),
    );
}
