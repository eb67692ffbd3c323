// What of its own run a slot waits for.
import { slotOf } from "../run/slots.ts";
import type { RunState, TaskState } from "../run/state.ts";
import { isFinalTask } from "../run/state.ts";

/** Slots directly upstream that have not ended; within a mapping those of the same index. */
export function upstreamPending(state: RunState, task: TaskState): TaskState[] {
  const planned = state.plan.tasks[task.plan];
  if (planned === undefined || (planned.mapper === task.plan && task.mapIndex >= 0)) return [];
  return planned.needs.flatMap((need) => {
    const isBeside =
      planned.mapper !== undefined && state.plan.tasks[need]?.mapper === planned.mapper;
    const other = state.tasks[slotOf(state, need, isBeside ? task.mapIndex : -1) ?? -1];
    return other === undefined || isFinalTask(other.status) ? [] : [other];
  });
}

/** What a mapping made of a frame: its instances; of a mapped group those of all its tasks. */
export function allOfOne(state: RunState, frame: TaskState): TaskState[] {
  return state.tasks.filter(
    (task) =>
      task.mapIndex >= 0 &&
      (task.plan === frame.plan || state.plan.tasks[task.plan]?.mapper === frame.plan),
  );
}
