// Counters of how upstream ended: joins cost one step per edge, nothing rescans a run.
import type { RunState, TaskState, TaskStatus } from "./state.ts";
import { becomeReady, verdictOfSlot } from "./ready.ts";
import { slotOf } from "./slots.ts";

/** Tells one downstream slot how one of its upstream ended, and notes it when its rule has a verdict. */
export function countUpstream(draft: RunState, slot: number, status: TaskStatus): void {
  const task = draft.tasks[slot];
  if (task === undefined) return;
  const wasDecided = verdictOfSlot(draft, task) !== "wait";
  addOutcome(task, status);
  if (!wasDecided) becomeReady(draft, slot);
}

export function addOutcome(task: TaskState, status: TaskStatus): void {
  const { upstream } = task;
  if (status === "succeeded") upstream.succeeded += 1;
  else if (status === "failed" || status === "cancelled") upstream.failed += 1;
  else if (status === "skipped") upstream.skipped += 1;
  else if (status === "upstream_failed") upstream.upstreamFailed += 1;
  else if (status === "removed") upstream.removed += 1;
}

/** The slots that hear of a slot's end: within a mapping the same index, outside of it the task itself. */
export function* downstreamOf(draft: RunState, task: TaskState): Generator<number> {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined || task.isFrame) return; // its instances have told
  if (task.mapIndex >= 0 && draft.tasks[task.plan]?.isFrame !== true) return; // of a mapping that was cleared
  for (const next of planned.next) {
    const isBeside =
      planned.mapper !== undefined && draft.plan.tasks[next]?.mapper === planned.mapper;
    if (isBeside && task.mapIndex < 0) continue; // inner tasks of a mapping that never came to be
    const slot = slotOf(draft, next, isBeside ? task.mapIndex : -1);
    if (slot !== undefined) yield slot;
  }
}

/** How many outcomes a slot waits for: one per task upstream, or per instance of it. */
export function upstreamTotalOf(draft: RunState, task: TaskState): number {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined) return 0;
  if (task.mapIndex >= 0 && planned.mapper === task.plan) return 0; // its task waited for all of them
  let total = 0;
  for (const need of planned.needs) {
    const upstream = draft.plan.tasks[need];
    const { mapper } = upstream ?? {};
    if (upstream === undefined) continue;
    const isBeside = mapper !== undefined && mapper === planned.mapper;
    const mapping = mapper === undefined || isBeside ? undefined : draft.maps.get(mapper);
    const isMapped = mapping !== undefined && draft.tasks[need]?.isFrame === true;
    total += isMapped ? (mapping.slots[upstream.member]?.length ?? 1) : 1;
  }
  return total;
}
