// A task, or one instance of it, before anything happened to it.
import { noCounts } from "./rules.ts";
import type { TaskState } from "./state.ts";

export const newTask = (plan: number, mapIndex = -1): TaskState => ({
  plan,
  mapIndex,
  status: "waiting",
  attempt: 0,
  attemptBase: 0,
  sequence: 0,
  firstMs: undefined,
  turnMs: undefined,
  assignedMs: undefined,
  acceptedMs: undefined,
  startedMs: undefined,
  endedMs: undefined,
  dueMs: undefined,
  freeRepeats: 0,
  cause: "",
  clearedBy: undefined,
  cancelFor: undefined,
  cancelNow: false,
  markAs: undefined,
  failure: undefined,
  reason: undefined,
  link: undefined,
  output: undefined,
  claims: [],
  granted: 0,
  listeners: [],
  told: [],
  child: undefined,
  items: undefined,
  approval: undefined,
  isFrame: false,
  upstream: noCounts(),
  upstreamTotal: 0,
});

/**
 * What a cleared task keeps: its attempts' numbers, and what its last attempt asked of pools, for those must hear that it
 * wants it no more; and who waits for its good end, with those who were told of one, for the telling may have been lost.
 * Everything else is as on the first day.
 */
export function clearTask(task: TaskState, clearedBy: string): void {
  const { plan, mapIndex, attempt, sequence, upstream, claims } = task;
  const listeners = [...new Set([...task.listeners, ...task.told])];
  Object.assign(task, newTask(plan, mapIndex), {
    attempt,
    sequence,
    attemptBase: attempt,
    clearedBy,
    upstream,
    claims,
    listeners,
  });
}
