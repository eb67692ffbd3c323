// Events about one task, or one instance of it.
import { CHILD_KIND } from "../plan.ts";
import { reasonOf } from "./approval.ts";
import { deadlineOf } from "./deadline.ts";
import type { TaskEvent } from "./events.ts";
import { earlier, tellEnd } from "./evolve-run.ts";
import { expand } from "./mapping.ts";
import { recount } from "./recount.ts";
import { setStatus } from "./set-status.ts";
import type { RunState, TaskState, TaskStatus } from "./state.ts";

/** Grace after an attempt's deadline: the runner enforces the deadline, the machine only when the runner does not. For runs of other DAGs nobody else does. */
export const DEADLINE_GRACE_MS = 15_000;

interface Moment {
  readonly atMs: number;
  readonly cause: string;
}

export function evolveTask(draft: RunState, slot: number, event: TaskEvent, at: Moment): void {
  const task = draft.tasks[slot];
  const planned = task === undefined ? undefined : draft.plan.tasks[task.plan];
  if (task === undefined || planned === undefined) return;
  draft.touched.add(slot);
  if ("s" in event && event.s !== undefined) task.sequence = event.s;
  if ("link" in event && event.link !== undefined) task.link = event.link;
  const { atMs, cause } = at;
  switch (event.type) {
    case "task_mapped":
      task.items = event.items;
      task.startedMs = atMs;
      task.isFrame = true;
      setStatus(draft, slot, "running");
      return expand(draft, task.plan, event.items.length);
    case "task_queued":
      takeTurn(draft, task, event.a, at);
      task.claims = event.claims;
      return setStatus(draft, slot, "queued");
    case "task_held":
      task.claims = [];
      task.granted = 0;
      task.turnMs = atMs;
      task.cause = cause;
      return setStatus(draft, slot, "queued");
    case "past_noted":
      task.listeners = [...task.listeners, event.by];
      draft.listening.add(slot);
      return;
    case "past_told":
      task.listeners = [];
      task.told = event.to;
      task.cause = cause; // whom it told is told again by the same message, should the saying be lost
      draft.listening.delete(slot);
      return;
    case "slot_granted":
      task.granted += 1;
      task.cause = cause; // the next pool is asked by the same message, should its saying be lost
      return;
    case "task_assigned":
      if (task.status !== "queued" || task.attempt !== event.a) takeTurn(draft, task, event.a, at);
      task.assignedMs = atMs;
      task.cause = cause;
      return setStatus(draft, slot, "assigned");
    case "child_named":
      task.child = event.child;
      task.acceptedMs = atMs;
      task.cause = cause;
      return;
    case "task_accepted":
      task.acceptedMs = event.acceptedMs;
      return;
    case "task_started":
      task.acceptedMs ??= event.acceptedMs;
      task.startedMs = event.startedMs;
      if (task.status !== "assigned") return;
      task.dueMs = undefined;
      setDue(
        draft,
        task,
        withGrace(deadlineOf(draft, task), planned.kind === CHILD_KIND ? 0 : DEADLINE_GRACE_MS),
      );
      return setStatus(draft, slot, "running");
    case "approval_asked":
      task.acceptedMs = task.startedMs = atMs;
      task.dueMs = undefined;
      setDue(draft, task, event.untilMs);
      setStatus(draft, slot, "awaiting_approval");
      task.approval = { question: event.question, askedMs: atMs };
      return;
    case "approval_answered": {
      const { approved, by, comment, values } = event;
      const who = by === undefined ? {} : { by };
      task.reason = reasonOf(event);
      if (task.approval !== undefined)
        task.approval = { ...task.approval, answer: { approved, ...who, comment, values, atMs } };
      return;
    }
    case "task_succeeded":
      if (event.a > task.attempt) task.attempt = event.a; // a noop has no assignment
      takeTimes(task, event.times, atMs);
      if (planned.outputNamed) task.output = event.output ?? null;
      return end(draft, slot, "succeeded");
    case "attempt_failed":
      if (event.a > task.attempt) task.attempt = event.a;
      takeTimes(task, event.times, atMs);
      task.failure = event.failure;
      if (event.free === true) task.freeRepeats += 1;
      if (event.retryMs === undefined) return end(draft, slot, "failed");
      task.cancelFor = undefined;
      task.cancelNow = false;
      setStatus(draft, slot, "retrying");
      task.dueMs = undefined;
      return setDue(draft, task, event.retryMs);
    case "task_cancelling":
      task.cancelFor = event.for;
      task.cancelNow = event.now === true;
      task.markAs = event.markAs;
      if (event.reason !== undefined) task.reason = event.reason;
      task.cause = cause;
      task.dueMs = undefined;
      return setStatus(draft, slot, "cancelling");
    case "task_cancelled":
      task.endedMs = atMs;
      return end(draft, slot, "cancelled");
    case "task_skipped":
      task.reason = event.reason;
      task.endedMs = atMs;
      return end(draft, slot, "skipped");
    case "task_upstream_failed":
      task.endedMs = atMs;
      return end(draft, slot, "upstream_failed");
    case "task_marked":
      task.reason = event.by === "" ? event.reason : markedBy(event.state, event.by, event.reason);
      task.endedMs ??= atMs;
      task.dueMs = task.cancelFor = task.markAs = undefined;
      task.cancelNow = false;
      setStatus(draft, slot, event.state);
      return recount(draft); // it may have ended otherwise before, or had not had its turn
    default: {
      const never: never = event;
      throw new TypeError(`event ${JSON.stringify(never)}`);
    }
  }
}

const withGrace = (deadlineMs: number | undefined, graceMs: number): number | undefined =>
  deadlineMs === undefined ? undefined : deadlineMs + graceMs;

/** What a marked task says of itself. */
export const markedBy = (state: string, by: string, reason: string): string =>
  `marked ${state} by ${by}${reason === "" ? "" : `: ${reason}`}`;

/** A new attempt: it is queued for a slot of a pool, or assigned at once. */
function takeTurn(
  draft: RunState,
  task: TaskState,
  attempt: number,
  { atMs, cause }: Moment,
): void {
  task.attempt = attempt;
  task.sequence = 0;
  task.granted = 0;
  task.claims = [];
  task.firstMs ??= atMs;
  task.turnMs = atMs;
  task.assignedMs = task.acceptedMs = task.startedMs = task.endedMs = task.dueMs = undefined;
  task.cancelFor = task.markAs = task.link = task.reason = undefined;
  task.cancelNow = false;
  task.child = task.approval = undefined;
  task.cause = cause;
  const { startTimeoutMs } = draft.plan.tasks[task.plan] ?? { startTimeoutMs: 0 };
  setDue(draft, task, startTimeoutMs > 0 ? atMs + startTimeoutMs : undefined);
}

function end(draft: RunState, slot: number, status: TaskStatus): void {
  const task = draft.tasks[slot];
  if (task === undefined) return;
  task.dueMs = undefined;
  task.cancelFor = task.markAs = undefined;
  task.cancelNow = false;
  setStatus(draft, slot, status);
  tellEnd(draft, task);
}

function takeTimes(
  task: TaskState,
  times: { acceptedMs: number; startedMs: number; endedMs: number } | undefined,
  atMs: number,
): void {
  if (times !== undefined) {
    task.acceptedMs ??= times.acceptedMs;
    task.startedMs ??= times.startedMs;
  }
  task.endedMs = times?.endedMs ?? atMs;
}

function setDue(draft: RunState, task: TaskState, dueMs: number | undefined): void {
  if (dueMs === undefined) return;
  task.dueMs = dueMs;
  draft.wakeMs = earlier(draft.wakeMs, dueMs);
}
