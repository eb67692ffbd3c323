// Events about a run as a whole: it begins, is cancelled, some of its tasks are cleared.
import { isInner, outlivesCancel } from "../plan.ts";
import type { Named } from "./events.ts";
import { begunOf, instanceEnded } from "./mapping.ts";
import { clearTask } from "./new-task.ts";
import { becomeReady } from "./ready.ts";
import { recount } from "./recount.ts";
import { setStatus } from "./set-status.ts";
import { slotNamed } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isFinalTask, isHeld, isOutside } from "./state.ts";
import { countUpstream, downstreamOf } from "./upstream.ts";

/** A run that begins for the first time, or goes on after some of its tasks were cleared. */
export function begin(draft: RunState, atMs: number): void {
  draft.status = "running";
  const { timeoutMs } = draft.plan;
  if (draft.startedMs !== undefined) return recount(draft);
  draft.startedMs = atMs;
  if (timeoutMs > 0) draft.wakeMs = earlier(draft.wakeMs, atMs + timeoutMs);
  for (const slot of draft.plan.tasks.keys()) becomeReady(draft, slot);
}

/**
 * Whatever nothing outside works for is cancelled at once; the rest is asked to end by events of its own. Teardowns and
 * on-exit tasks stay, so that they can do their work, unless `now`.
 */
export function cancelWaiting(draft: RunState, atMs: number, { now }: { now: boolean }): void {
  const stays = now || draft.status === "queued" ? () => false : stayingInCancel(draft);
  draft.status = "cancelling";
  for (const [slot, task] of draft.tasks.entries()) {
    if (isFinalTask(task.status) || isOutside(task) || task.isFrame) continue;
    if (stays(task)) continue;
    const hadAttempt = task.attempt > 0;
    const hasRow = hadAttempt || isHeld(task);
    task.dueMs = undefined;
    if (hadAttempt) task.endedMs = atMs;
    setStatus(draft, slot, "cancelled");
    // Who never had an attempt has no row and needs none: its run's state says it. Teardowns could have stayed.
    const planned = draft.plan.tasks[task.plan];
    if (!hasRow && !(planned !== undefined && outlivesCancel(planned))) draft.touched.delete(slot);
    tellEnd(draft, task);
  }
  draft.ready.length = 0;
  for (const slot of draft.tasks.keys()) becomeReady(draft, slot);
}

/**
 * Which waiting tasks a cancel leaves as they are: teardowns and on-exit tasks; inside a mapping those of indexes that
 * have begun. Asked before anything is cancelled.
 */
export function stayingInCancel(draft: RunState): (task: TaskState) => boolean {
  const begun = new Map([...draft.maps.keys()].map((mapper) => [mapper, begunOf(draft, mapper)]));
  return (task) => {
    const planned = draft.plan.tasks[task.plan];
    if (planned === undefined || !outlivesCancel(planned)) return false;
    if (task.mapIndex < 0) return !isInner(planned, task.plan);
    if (planned.mapper === task.plan) return true; // a mapped teardown goes on as a whole
    return begun.get(planned.mapper ?? -1)?.[task.mapIndex] === true;
  };
}

/** A slot has ended: whoever waits for it counts it. */
export function tellEnd(draft: RunState, task: TaskState): void {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined) return;
  for (const next of downstreamOf(draft, task)) countUpstream(draft, next, task.status);
  if (task.mapIndex >= 0) instanceEnded(draft, planned, task);
}

/**
 * The slots wait as on the first day; frames above them are unfinished again. Instances of what will be mapped anew are
 * removed: the new list says which of them come back.
 */
export function clearSlots(draft: RunState, list: readonly Named[], clearedBy: string): void {
  const slots = list.flatMap(({ t, i }) => slotNamed(draft, t, i ?? -1) ?? []);
  for (const slot of slots) {
    const task = draft.tasks[slot];
    setStatus(draft, slot, "waiting");
    if (task === undefined) continue;
    clearTask(task, clearedBy);
    if (task.listeners.length > 0) draft.listening.add(slot);
  }
  for (const [mapper, mapping] of draft.maps) {
    if (draft.tasks[mapper]?.items !== undefined) continue;
    for (const slot of mapping.slots.flat())
      if (draft.tasks[slot]?.status === "waiting") setStatus(draft, slot, "removed");
  }
  recount(draft);
}

/** Whoever was cancelled without ever having begun must have a row from now on: the run's state no longer says it. */
export function touchCancelled(draft: RunState): void {
  for (const [slot, task] of draft.tasks.entries())
    if (task.status === "cancelled") draft.touched.add(slot);
}

export const earlier = (a: number | undefined, b: number): number =>
  a === undefined ? b : Math.min(a, b);
