// What an incident is, from its facts: one word for programs and one line for people.
import { type Facts, type Outcome, type TaskFact, taskName } from "./facts.ts";

/**
 * asked, answered: a question to people, open or not.
 * paused: a DAG paused itself. The others are about a run.
 * open: the run goes on and something failed. recovered: what failed is well again.
 * failed, cancelled, succeeded: how the run ended, and the last word.
 */
export type IncidentState =
  | "open"
  | "recovered"
  | "failed"
  | "cancelled"
  | "succeeded"
  | "paused"
  | "asked"
  | "answered";

export function stateOf({ paused, settled, tasks, question }: Facts): IncidentState {
  if (question !== undefined) return question.closing === undefined ? "asked" : "answered";
  if (paused !== undefined) return "paused";
  if (settled !== undefined) {
    if (settled.state !== "succeeded") return settled.state;
    return tasks.some(hasFailed) ? "recovered" : "succeeded";
  }
  return tasks.some((task) => task.state !== "recovered") ? "open" : "recovered";
}

export function titleOf(facts: Facts): string {
  const { dagId } = facts.run;
  const failed = facts.tasks.filter((task) => task.state === "failed");
  const retrying = facts.tasks.filter((task) => task.state === "retrying");
  switch (stateOf(facts)) {
    case "open":
      if (failed.length > 0) return `${dagId}: ${named(failed, facts)} failed`;
      return `${dagId}: ${named(retrying, facts)} failed and will be tried again`;
    case "recovered":
      return `${dagId}: recovered`;
    case "failed":
      return failed.length > 0
        ? `${dagId} failed: ${named(failed, facts)}`
        : `${dagId} failed: ${facts.settled?.reason ?? "no reason was given"}`;
    case "cancelled":
      return `${dagId}: cancelled`;
    case "succeeded":
      return `${dagId}: succeeded`;
    case "asked":
      return `${dagId}: ${questionName(facts)} asks for approval`;
    case "answered":
      return `${dagId}: ${questionName(facts)} ${outcomes[facts.question?.closing?.outcome ?? "closed"]}`;
    case "paused":
      return `${dagId} is paused: ${facts.paused?.reason ?? "its runs failed"}`;
  }
}

const questionName = ({ question }: Facts): string =>
  question === undefined ? "a task" : taskName(question);

const outcomes: Readonly<Record<Outcome, string>> = {
  approved: "was approved",
  rejected: "was rejected",
  unanswered: "had no answer in time",
  withdrawn: "asks no more",
  closed: "asks no more",
};

const hasFailed = (task: TaskFact): boolean => task.failure !== undefined;

function named(tasks: readonly TaskFact[], { moreTasks }: Facts): string {
  const [first] = tasks;
  if (first === undefined) return "a task";
  if (tasks.length === 1 && !moreTasks) return taskName(first);
  return `${taskName(first)} and ${moreTasks ? "more than " : ""}${tasks.length - 1} more`;
}
