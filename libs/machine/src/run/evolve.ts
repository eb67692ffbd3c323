// How each event changes a run's state. The only place that changes it.
// `evolve` works on a draft that belongs to its caller alone; given the same draft and event it always does the same.
import { NOOP_KIND } from "../plan.ts";
import type { PlanTask } from "../plan.ts";
import type { Recorded, RunEvent } from "./events.ts";
import { ruleVerdict } from "./rules.ts";
import type { RunState, TaskState, TaskStatus } from "./state.ts";
import { isFinalTask, isOutside } from "./state.ts";

/** Grace after an attempt's deadline: the runner enforces the deadline, the machine only when the runner does not. */
export const DEADLINE_GRACE_MS = 15_000;

export function evolve(draft: RunState, { event, atMs, cause }: Recorded): void {
  draft.lastMs = Math.max(draft.lastMs, atMs);
  switch (event.type) {
    case "run_created":
      if (event.admitted) begin(draft, atMs);
      return;
    case "run_admitted":
      return begin(draft, atMs);
    case "run_cancelling":
      draft.reason = event.reason === "" ? `cancelled by ${event.by}` : event.reason;
      return cancelling(draft, atMs);
    case "run_timed_out":
      draft.reason = "the run took longer than its timeout";
      return cancelling(draft, atMs);
    case "run_woke":
      draft.wakeMs = event.next;
      return;
    case "run_settled":
      draft.status = event.state;
      draft.reason = event.reason ?? draft.reason;
      draft.settledMs = atMs;
      draft.settledBy = cause;
      draft.wakeMs = undefined;
      return;
    default: {
      const index = draft.plan.indexOf.get(event.t);
      const task = index === undefined ? undefined : draft.tasks[index];
      const planned = index === undefined ? undefined : draft.plan.tasks[index];
      if (index === undefined || task === undefined || planned === undefined)
        throw new Error(`run ${draft.facts.id}: event ${event.type} names unknown task ${event.t}`);
      evolveTask(draft, { task, planned }, event, atMs, cause);
    }
  }
}

interface Subject {
  readonly task: TaskState;
  readonly planned: PlanTask;
}
type TaskEvent = Extract<RunEvent, { t: string }>;

function evolveTask(
  draft: RunState,
  subject: Subject,
  event: TaskEvent,
  atMs: number,
  cause: string,
): void {
  const { task, planned } = subject;
  if ("s" in event && event.s !== undefined) task.sequence = event.s;
  if ("link" in event && event.link !== undefined) task.link = event.link;
  switch (event.type) {
    case "task_assigned":
      task.status = "assigned";
      task.attempt = event.a;
      task.sequence = 0;
      task.assignedMs = atMs;
      task.acceptedMs = task.startedMs = task.endedMs = task.dueMs = undefined;
      task.cancelFor = task.link = undefined;
      task.cause = cause;
      return;
    case "task_accepted":
      task.acceptedMs = event.acceptedMs;
      return;
    case "task_started":
      task.acceptedMs ??= event.acceptedMs;
      task.startedMs = event.startedMs;
      if (task.status === "assigned") task.status = "running";
      if (planned.timeoutMs > 0)
        setDue(draft, task, event.startedMs + planned.timeoutMs + DEADLINE_GRACE_MS);
      return;
    case "task_succeeded":
      if (event.a > task.attempt) task.attempt = event.a; // a noop has no assignment
      takeTimes(task, event.times, atMs);
      if (planned.outputNamed) task.output = event.output ?? null;
      return end(draft, subject, "succeeded");
    case "attempt_failed":
      if (event.a > task.attempt) task.attempt = event.a;
      takeTimes(task, event.times, atMs);
      task.failure = event.failure;
      if (event.free === true) task.freeRepeats += 1;
      if (event.retryMs === undefined) return end(draft, subject, "failed");
      task.status = "retrying";
      task.cancelFor = undefined;
      return setDue(draft, task, event.retryMs);
    case "task_cancelling":
      task.status = "cancelling";
      task.cancelFor = event.for;
      task.cause = cause;
      task.dueMs = undefined;
      return;
    case "task_cancelled":
      task.endedMs = atMs;
      return end(draft, subject, "cancelled");
    case "task_skipped":
      task.reason = event.reason;
      task.endedMs = atMs;
      return end(draft, subject, "skipped");
    case "task_upstream_failed":
      task.endedMs = atMs;
      return end(draft, subject, "upstream_failed");
    default: {
      const never: never = event;
      throw new TypeError(`event ${JSON.stringify(never)}`);
    }
  }
}

function begin(draft: RunState, atMs: number): void {
  draft.status = "running";
  draft.startedMs = atMs;
  if (draft.plan.timeoutMs > 0) draft.wakeMs = earlier(draft.wakeMs, atMs + draft.plan.timeoutMs);
  for (const [index, planned] of draft.plan.tasks.entries())
    if (planned.needs.length === 0 || planned.rule === "always") draft.ready.push(index);
}

/** Whatever nothing outside works for is cancelled at once; the rest is asked to end by events of its own. */
function cancelling(draft: RunState, atMs: number): void {
  draft.status = "cancelling";
  draft.ready.length = 0;
  for (const task of draft.tasks) {
    if (isFinalTask(task.status) || isOutside(task.status)) continue;
    task.status = "cancelled";
    task.dueMs = undefined;
    if (task.attempt > 0) task.endedMs = atMs;
    draft.unfinished -= 1;
  }
}

function end(draft: RunState, { task, planned }: Subject, status: TaskStatus): void {
  task.status = status;
  task.dueMs = undefined;
  task.cancelFor = undefined;
  draft.unfinished -= 1;
  if (draft.status === "cancelling") return;
  for (const next of planned.next) countUpstream(draft, next, status);
}

/** Tells one downstream task how one of its upstream ended, and notes it when its rule has a verdict. */
function countUpstream(draft: RunState, next: number, status: TaskStatus): void {
  const task = draft.tasks[next];
  const planned = draft.plan.tasks[next];
  if (task === undefined || planned === undefined) return;
  const wasDecided = ruleVerdict(planned.rule, task.upstream, planned.needs.length) !== "wait";
  addOutcome(task, status);
  if (task.status !== "waiting" || wasDecided) return;
  if (ruleVerdict(planned.rule, task.upstream, planned.needs.length) !== "wait")
    draft.ready.push(next);
}

export function addOutcome(task: TaskState, status: TaskStatus): void {
  if (status === "succeeded") task.upstream.succeeded += 1;
  else if (status === "failed" || status === "cancelled") task.upstream.failed += 1;
  else if (status === "skipped") task.upstream.skipped += 1;
  else if (status === "upstream_failed") task.upstream.upstreamFailed += 1;
  else if (status === "removed") task.upstream.removed += 1;
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

function setDue(draft: RunState, task: TaskState, dueMs: number): void {
  task.dueMs = dueMs;
  draft.wakeMs = earlier(draft.wakeMs, dueMs);
}

const earlier = (a: number | undefined, b: number): number =>
  a === undefined ? b : Math.min(a, b);

/** Decided by the state machine itself, without an assignment. */
export const isOwnKind = (planned: PlanTask): boolean => planned.kind === NOOP_KIND;
