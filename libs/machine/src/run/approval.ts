// A person is asked, and answers once. The question opens when its configuration is rendered; the first answer by one who
// may decides, the end of the time answers with the default, and whoever comes later hears who was first and when.
import type { Json } from "../plan.ts";
import type { Emit } from "./emit.ts";
import type { AnswerMessage, RunDecision, RunMessage } from "./messages.ts";
import { moved, nothing, rejected } from "./messages.ts";
import { deadlineOf } from "./deadline.ts";
import { labelOf, nameOf } from "./slots.ts";
import type { ApprovalAnswer, Failure, RunState, TaskState } from "./state.ts";
import type { Found } from "./updates.ts";
import { fail, find } from "./updates.ts";

export function decideOpen(
  draft: RunState,
  message: Extract<RunMessage, { kind: "open_approval" }>,
  emit: Emit,
  atMs: number,
): RunDecision {
  const { taskId, mapIndex, attempt, question } = message;
  const task = find(draft, taskId, mapIndex)?.task;
  if (task === undefined || task.attempt !== attempt || task.status !== "assigned")
    return nothing(`attempt ${attempt} of ${taskId} is not to be asked, or was`);
  const untilMs = deadlineOf(draft, { ...task, startedMs: atMs });
  const until = untilMs === undefined ? {} : { untilMs };
  emit({ type: "approval_asked", ...nameOf(draft, task), a: attempt, question, ...until });
  return moved;
}

export function decideAnswer(
  draft: RunState,
  message: AnswerMessage,
  emit: Emit,
  atMs: number,
): RunDecision {
  const { taskId, mapIndex, attempt, by } = message;
  const found = find(draft, taskId, mapIndex);
  const label = labelOf(mapIndex < 0 ? { t: taskId } : { t: taskId, i: mapIndex });
  if (found === undefined) return rejected(`the run has no task ${label}`);
  const { approval, status } = found.task;
  if (found.task.attempt !== attempt)
    return rejected(
      `${label}: attempt ${attempt} is asked no more: attempt ${found.task.attempt} is ${status}`,
    );
  const answer = approval?.answer;
  if (answer !== undefined)
    return isSame(answer, message)
      ? nothing(`${label} ${answeredBy(answer)}`)
      : rejected(`${label} ${answeredBy(answer)}`);
  if (status !== "awaiting_approval" || approval === undefined)
    return rejected(`${label} does not wait for an approval: it is ${status}`);
  const { approvers } = approval.question;
  if (!isApprover(by, approvers))
    return rejected(`${label}: ${by} may not answer: want ${approvers.join(" or ")}`);
  const { approved, comment, values } = message;
  conclude(draft, found, { approved, by, comment, values }, emit, atMs);
  return moved;
}

/** The time for an answer is over. */
export function decideUnanswered(draft: RunState, task: TaskState, emit: Emit, atMs: number): void {
  const planned = draft.plan.tasks[task.plan];
  const question = task.approval?.question;
  if (planned === undefined || question === undefined) return;
  const { fallback, values } = question;
  const found = { task, planned };
  if (fallback !== undefined)
    return conclude(
      draft,
      found,
      { approved: fallback === "approve", comment: "", values },
      emit,
      atMs,
    );
  const waitedMs = atMs - (task.startedMs ?? atMs);
  const message = `nobody answered within ${Math.round(waitedMs / 1000)} s`;
  const failure: Failure = { class: "timeout", message, permanent: true };
  fail(draft, found, { failure, s: task.sequence + 1 }, emit, atMs);
}

type Verdict = Omit<ApprovalAnswer, "atMs">;

/** What the answer makes of the task. */
function conclude(draft: RunState, found: Found, answer: Verdict, emit: Emit, atMs: number): void {
  const { task } = found;
  const name = nameOf(draft, task);
  const { attempt: a } = task;
  const s = task.sequence + 1;
  const onReject = task.approval?.question.onReject ?? "fail";
  emit({ type: "approval_answered", ...name, a, ...answer });
  if (answer.approved)
    return emit({ type: "task_succeeded", ...name, a, s, output: outputOf(answer) });
  const reason = reasonOf(answer);
  if (onReject === "skip") return emit({ type: "task_skipped", ...name, a, s, reason });
  const evidence = outputOf(answer);
  const failure: Failure = { class: "rejected", message: reason, evidence, permanent: true };
  fail(draft, found, { failure, s }, emit, atMs);
}

/** What expressions read of an answer. */
const outputOf = ({ approved, by = "", comment, values }: Verdict): Json => ({
  approved,
  by,
  comment,
  values,
});

/** The same person says the same again. */
const isSame = (
  answer: ApprovalAnswer,
  { approved, by, comment, values }: AnswerMessage,
): boolean =>
  answer.by === by &&
  answer.approved === approved &&
  answer.comment === comment &&
  sorted(answer.values) === sorted(values);

/** As text in one order of keys: rows do not keep the order they were written in. */
const sorted = (value: Json): string =>
  JSON.stringify(value, (_, inner: Json) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** What an answered task says of itself. */
export const reasonOf = (answer: Omit<Verdict, "values">): string =>
  `${answeredBy(answer)}${answer.comment === "" ? "" : `: ${answer.comment}`}`;

/** For people: who, what and, when it is over, since when. */
export function answeredBy({
  approved,
  by,
  atMs,
}: Pick<Verdict, "approved" | "by"> & { readonly atMs?: number }): string {
  const what = approved ? "approved" : "rejected";
  const who = by === undefined ? `${what} because nobody answered in time` : `${what} by ${by}`;
  return atMs === undefined ? who : `was ${who} at ${new Date(atMs).toISOString()}`;
}

/** `ana` and `user:ana` are one; e-mail addresses are the same however they are written. */
export function isApprover(by: string, approvers: readonly string[]): boolean {
  if (approvers.length === 0) return true;
  const bare = (name: string): string => name.replace(/^user:/, "").toLowerCase();
  return approvers.some((name) => bare(name) === bare(by));
}
