// When a started attempt must have ended.
import type { RunState, TaskState } from "./state.ts";

/** By its own limit, or by that of all attempts together; undefined: it may take for ever. */
export function deadlineOf(
  draft: Pick<RunState, "plan">,
  task: Pick<TaskState, "plan" | "startedMs" | "firstMs">,
): number | undefined {
  const { timeoutMs = 0, totalTimeoutMs = 0 } = draft.plan.tasks[task.plan] ?? {};
  const { startedMs = 0, firstMs = 0 } = task;
  const own = timeoutMs > 0 ? startedMs + timeoutMs : Infinity;
  const total = totalTimeoutMs > 0 ? firstMs + totalTimeoutMs : Infinity;
  const deadline = Math.min(own, total);
  return deadline === Infinity ? undefined : deadline;
}
