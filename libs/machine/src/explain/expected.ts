// When something that is not at work now is expected to go on: from timers, which are certain, and from how long the same
// tasks took before, which is an estimate and says so. Pure.
// Invariant X1: nothing is expected before now; where anything on the way is unknown, nothing is expected at all.
import type { RunState, TaskState } from "../run/state.ts";
import { isFinalTask } from "../run/state.ts";
import { nameOf } from "../run/slots.ts";
import { upstreamPending } from "./upstream.ts";

/** How long something took in earlier runs: the median of so many. */
export interface Took {
  readonly medianMs: number;
  readonly runs: number;
}

export interface Expected {
  readonly atMs: number;
  readonly by: "timer" | "estimate";
  /** Of an estimate: how few runs the weakest of its medians is of. */
  readonly runs: number;
}

export type Durations = (taskId: string, isInstance: boolean) => Took | undefined;

/** The start of a task that waits, the end of one that is at work. */
export function expectedOf(
  state: RunState,
  task: TaskState,
  { nowMs, durations }: { readonly nowMs: number; readonly durations: Durations },
): Expected | undefined {
  const ends = new Map<TaskState, Expected | undefined>();
  const endOf = (one: TaskState): Expected | undefined => {
    if (ends.has(one)) return ends.get(one);
    ends.set(one, undefined); // what waits for itself is never expected
    const found = end(one);
    ends.set(one, found);
    return found;
  };
  const took = (one: TaskState): Took | undefined =>
    durations(nameOf(state, one).t, one.mapIndex >= 0);
  const end = (one: TaskState): Expected | undefined => {
    if (isFinalTask(one.status)) return { atMs: one.endedMs ?? nowMs, by: "timer", runs: Infinity };
    const start = startOf(one);
    return start && later(start, took(one), nowMs);
  };
  const startOf = (one: TaskState): Expected | undefined => {
    switch (one.status) {
      case "running":
        return { atMs: one.startedMs ?? nowMs, by: "timer", runs: Infinity };
      case "assigned":
        return one.acceptedMs === undefined
          ? undefined
          : { atMs: one.acceptedMs, by: "timer", runs: Infinity };
      case "retrying":
        return one.dueMs === undefined
          ? undefined
          : { atMs: one.dueMs, by: "timer", runs: Infinity };
      case "waiting":
        return latest(upstreamPending(state, one).map(endOf), nowMs);
      default:
        return undefined; // pools, people and the past tell nothing of when
    }
  };
  const found =
    task.status === "waiting" || task.status === "retrying" ? startOf(task) : endOf(task);
  return found && { ...found, atMs: Math.max(nowMs, found.atMs) };
}

function later(start: Expected, took: Took | undefined, nowMs: number): Expected | undefined {
  if (took === undefined) return undefined;
  const runs = Math.min(start.runs, took.runs);
  return { atMs: Math.max(nowMs, start.atMs + took.medianMs), by: "estimate", runs };
}

/** The last of several; unknown when one is. Of none: nothing tells what it waits for. */
function latest(all: readonly (Expected | undefined)[], nowMs: number): Expected | undefined {
  let last: Expected | undefined;
  for (const one of all) {
    if (one === undefined) return undefined;
    const atMs = Math.max(nowMs, one.atMs, last?.atMs ?? 0);
    const by = one.by === "estimate" || last?.by === "estimate" ? "estimate" : "timer";
    last = { atMs, by, runs: Math.min(one.runs, last?.runs ?? Infinity) };
  }
  return last;
}

/** The value in the middle; of two, between them. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}
