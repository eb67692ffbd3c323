// When something that is not at work now is expected to go on: from timers, which are certain, and from how long the same
// tasks took before, which is an estimate and says so; so is the turn in the line of a pool or of a DAG, and that a person
// answers when people mostly did, or at the last moment. Pure.
// Invariant X1: nothing is expected before now; where anything on the way is unknown, nothing is expected at all.
import type { RunState, TaskState } from "../run/state.ts";
import { isFinalTask, isHeld } from "../run/state.ts";
import { nameOf } from "../run/slots.ts";
import type { Turn } from "./forecast.ts";
import { upstreamPending } from "./upstream.ts";

/** How long something took in earlier runs: the median of so many. */
export interface Took {
  readonly medianMs: number;
  readonly runs: number;
}

export interface Expected {
  readonly atMs: number;
  readonly by: "timer" | "estimate";
  /** Of an estimate: how few runs the weakest of its medians is of; Infinity: it is of none, but of a time limit. */
  readonly runs: number;
}

export type Durations = (taskId: string, isInstance: boolean) => Took | undefined;

export interface Forecasts {
  readonly nowMs: number;
  readonly durations: Durations;
  /** When a run that waits for a slot of its DAG gets it. */
  readonly begins?: Turn | undefined;
  /** When a task that is in line for a pool gets its slots there. */
  readonly turnOf?: (task: TaskState) => Turn | undefined;
  /** When the same task ends in the run before. */
  readonly pastEnds?: (taskId: string) => Turn | undefined;
}

/** The start of a task that waits, the end of one that is at work. */
export function expectedOf(
  state: RunState,
  task: TaskState,
  { nowMs, durations, begins, turnOf, pastEnds }: Forecasts,
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
    if (one.status === "awaiting_approval") return answered(one, took(one), nowMs);
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
      case "waiting": {
        const pending = upstreamPending(state, one);
        if (state.status !== "queued") return latest(pending.map(endOf), nowMs);
        return pending.length > 0 ? latest(pending.map(endOf), nowMs) : estimated(begins);
      }
      case "queued":
        return estimated(isHeld(one) ? pastEnds?.(nameOf(state, one).t) : turnOf?.(one));
      default:
        return undefined;
    }
  };
  const isAhead =
    task.status === "waiting" || task.status === "retrying" || task.status === "queued";
  const found = isAhead ? startOf(task) : endOf(task);
  return found && { ...found, atMs: Math.max(nowMs, found.atMs) };
}

const estimated = (turn: Turn | undefined): Expected | undefined =>
  turn && { ...turn, by: "estimate" };

/** People mostly take as long as they did; the end of the time is the latest. */
function answered(
  { startedMs, dueMs }: TaskState,
  took: Took | undefined,
  nowMs: number,
): Expected | undefined {
  const mostly = took === undefined ? undefined : (startedMs ?? nowMs) + took.medianMs;
  if (took !== undefined && mostly !== undefined && mostly < (dueMs ?? Infinity))
    return { atMs: Math.max(nowMs, mostly), by: "estimate", runs: took.runs };
  return dueMs === undefined ? undefined : { atMs: dueMs, by: "estimate", runs: Infinity };
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
