// Planted bugs of the machine as a whole: what a wrong state machine would say beside the right one.
import type { TaskState } from "../../libs/machine/src/index.ts";
import type { Inbound } from "../../services/state-machine/src/core/inbound.ts";
import type { Outside } from "./outside.ts";
import type { Voice } from "./say.ts";

/** resay_without_state_filter: a redelivered message says again what it once caused, whatever became of it. */
export function resayAll({ bus, database, nowMs }: Voice, batch: readonly Inbound[]): void {
  for (const { id, redelivered } of batch) {
    if (!redelivered) continue;
    for (const [runId, row] of database.runs)
      for (const { cause, event } of row.history)
        if (cause === id && event.type === "task_assigned") {
          const { t: taskId, i: mapIndex = -1, a: attempt } = event;
          const again = `${runId}:${taskId}:${mapIndex}:${attempt}:again`;
          bus.tasks.publish(again, { runId, taskId, mapIndex, attempt }, nowMs);
        }
  }
}

/** An attempt that is asked to end is taken for gone before it is seen gone. */
export function giveUp(
  { database, nowMs }: Voice,
  outside: Outside,
  { runId, isGivenUp }: { runId: string; isGivenUp: (task: TaskState) => boolean },
): void {
  const state = database.state(runId);
  for (const task of state?.tasks ?? []) {
    if (!isGivenUp(task)) continue;
    const taskId = state?.plan.tasks[task.plan]?.id ?? "";
    const { mapIndex, attempt } = task;
    outside.report({ runId, taskId, mapIndex, attempt }, { state: "cancelled" }, 99, nowMs);
  }
}
