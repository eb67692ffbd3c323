// Is a run the newest of its schedule? No later tick has passed. What no clock starts is always the newest.
import type { Schedule } from "@chasqui/contracts";
import { nextTick, timetableOf } from "../time/timetable.ts";
import type { Timetable } from "../time/timetable.ts";
import { timingOf } from "../time/timing.ts";

interface Known {
  readonly timetable: Timetable | undefined;
  /** The tick behind each tick: the same run asks for it with every expression. */
  readonly next: Map<number, number | undefined>;
}

const known = new WeakMap<Schedule, Known>();
const NEXT_MAX = 1_000;

/** `dueMs`: the tick that the run is for. */
export function isLatest(schedule: Schedule | undefined, dueMs: number, atMs: number): boolean {
  if (schedule === undefined) return true;
  const { timetable, next } = known.get(schedule) ?? learn(schedule);
  if (timetable === undefined) return true;
  if (!next.has(dueMs)) {
    if (next.size >= NEXT_MAX) next.clear();
    next.set(dueMs, nextTick(timetable, dueMs));
  }
  const nextMs = next.get(dueMs);
  return nextMs === undefined || nextMs > atMs;
}

function learn(schedule: Schedule): Known {
  const learned = { timetable: timetableIn(schedule), next: new Map<number, number | undefined>() };
  known.set(schedule, learned);
  return learned;
}

function timetableIn(schedule: Schedule): Timetable | undefined {
  try {
    const timing = timingOf(schedule);
    return timing === undefined ? undefined : timetableOf(timing);
  } catch {
    return undefined; // a schedule that nobody compiled: no clock starts it
  }
}
