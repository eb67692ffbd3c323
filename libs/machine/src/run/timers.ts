// What is due at a wake: repeats, deadlines, the run's own timeout.
// A wake that comes too early finds nothing due and only notes the next moment to look.
import { decideUnanswered } from "./approval.ts";
import type { Emit } from "./emit.ts";
import { cancelOutside } from "./emit.ts";
import type { RunDecision } from "./messages.ts";
import { moved, nothing } from "./messages.ts";
import { nameOf } from "./slots.ts";
import { beginAttempt } from "./start-task.ts";
import type { RunState, TaskState } from "./state.ts";
import { fail, timedOut } from "./updates.ts";

export function decideTimer(draft: RunState, emit: Emit, atMs: number): RunDecision {
  if (draft.wakeMs === undefined || draft.wakeMs > atMs) return nothing("nothing is due");
  if (isRunOverdue(draft, atMs)) {
    emit({ type: "run_timed_out" });
    cancelOutside(draft, emit, { now: false });
  } else
    for (const task of draft.tasks)
      if (task.dueMs !== undefined && task.dueMs <= atMs) decideDue(draft, task, emit, atMs);
  emit({ type: "run_woke", next: nextWake(draft, atMs) });
  return moved;
}

function decideDue(draft: RunState, task: TaskState, emit: Emit, atMs: number): void {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined) return;
  const name = nameOf(draft, task);
  switch (task.status) {
    case "retrying":
      return beginAttempt(draft, task, emit, atMs);
    case "queued": {
      const end = { failure: timedOut(planned, task), s: task.sequence + 1 };
      return fail(draft, { task, planned }, end, emit, atMs);
    }
    case "awaiting_approval":
      return decideUnanswered(draft, task, emit, atMs);
    case "assigned":
    case "running":
      return emit({ type: "task_cancelling", ...name, a: task.attempt, for: "timeout" });
    default:
      return;
  }
}

function isRunOverdue(draft: RunState, atMs: number): boolean {
  const { timeoutMs } = draft.plan;
  return (
    timeoutMs > 0 &&
    draft.status === "running" &&
    draft.startedMs !== undefined &&
    draft.startedMs + timeoutMs <= atMs
  );
}

/** The earliest moment after now at which something is due. */
export function nextWake(draft: RunState, atMs: number): number | undefined {
  let next: number | undefined;
  const consider = (ms: number | undefined): void => {
    if (ms !== undefined && ms > atMs && (next === undefined || ms < next)) next = ms;
  };
  for (const task of draft.tasks) consider(task.dueMs);
  if (draft.plan.timeoutMs > 0 && draft.status === "running" && draft.startedMs !== undefined)
    consider(draft.startedMs + draft.plan.timeoutMs);
  return next;
}
