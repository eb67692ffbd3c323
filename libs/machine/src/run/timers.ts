// What is due at a wake: repeats, attempts past their deadline, the run's own timeout.
// A wake that comes too early finds nothing due and only notes the next moment to look.
import type { Emit } from "./emit.ts";
import { cancelOutside } from "./emit.ts";
import type { RunDecision } from "./messages.ts";
import type { RunState } from "./state.ts";

export function decideTimer(draft: RunState, emit: Emit, atMs: number): RunDecision {
  const none: RunDecision = { kind: "nothing", why: "nothing is due", strays: [] };
  if (draft.wakeMs === undefined || draft.wakeMs > atMs) return none;
  if (isRunOverdue(draft, atMs)) {
    emit({ type: "run_timed_out" });
    cancelOutside(draft, emit);
  } else {
    for (const [index, task] of draft.tasks.entries()) {
      const planned = draft.plan.tasks[index];
      if (planned === undefined || task.dueMs === undefined || task.dueMs > atMs) continue;
      if (task.status === "retrying")
        emit({ type: "task_assigned", t: planned.id, a: task.attempt + 1 });
      else if (task.status === "running")
        emit({ type: "task_cancelling", t: planned.id, a: task.attempt, for: "timeout" });
    }
  }
  emit({ type: "run_woke", next: nextWake(draft, atMs) });
  return { kind: "moved", strays: [] };
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
