// What a run is about: its logical time and its data interval.
// A tick's interval goes from the tick before to its own. A run for the tick (`runs_for: tick`) is called by the end of
// it, a run for the interval (`runs_for: interval`) by its start; when it runs and which data are its own is the same.
import type { Schedule } from "@chasqui/contracts";
import { RunsFor } from "@chasqui/contracts";
import { nextTick, previousTick, timetableOf } from "./timetable.ts";
import type { Timetable, Timing } from "./timetable.ts";
import { timingOf } from "./timing.ts";

export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Occasion {
  readonly logicalMs: number;
  readonly interval: Interval;
}

export type RunsForWord = "tick" | "interval";

export const runsForOf = ({ runsFor }: Pick<Schedule, "runsFor">): RunsForWord =>
  runsFor === RunsFor.INTERVAL ? "interval" : "tick";

/** Gives the occasion of each tick; undefined for the one that only opens the first interval. */
export function occasionsOf(
  timing: Timing,
  runsFor: RunsForWord,
): (tickMs: number) => Occasion | undefined {
  if (timing.once || timing.continuous) return single;
  // The first run for its tick covers as much as the others, though nothing ran at the tick before the start.
  const { startMs: _, ...unbounded } = timing;
  const timetable = timetableOf(runsFor === "interval" ? timing : unbounded);
  return (tickMs) => {
    const startMs = previousTick(timetable, tickMs);
    if (runsFor === "tick")
      return { logicalMs: tickMs, interval: { startMs: startMs ?? tickMs, endMs: tickMs } };
    if (startMs === undefined) return undefined;
    return { logicalMs: startMs, interval: { startMs, endMs: tickMs } };
  };
}

const single = (ms: number): Occasion => ({
  logicalMs: ms,
  interval: { startMs: ms, endMs: ms },
});

/**
 * The interval of a run that no tick started, by its logical time: the one that a tick of that time would have. Between
 * two ticks it is what has come since the last one, or for `runs_for: interval` the whole interval around it. Without
 * ticks it is empty.
 */
export function intervalsOf(schedule: Schedule | undefined): Intervals {
  if (schedule === undefined) return empty;
  const known = made.get(schedule);
  if (known !== undefined) return known;
  const intervals = makeIntervals(schedule);
  made.set(schedule, intervals);
  return intervals;
}

export type Intervals = (logicalMs: number) => Interval;

const empty: Intervals = (ms) => single(ms).interval;
/** Asked for with every expression of a run, and a compiled schedule never changes. */
const made = new WeakMap<Schedule, Intervals>();

function makeIntervals(schedule: Schedule): Intervals {
  const timetable = boundless(schedule);
  if (timetable === undefined) return empty;
  const whole = runsForOf(schedule) === "interval";
  return (logicalMs) => {
    const startMs = previousTick(timetable, whole ? logicalMs + 1 : logicalMs);
    const endMs = whole ? nextTick(timetable, logicalMs) : logicalMs;
    if (startMs === undefined || endMs === undefined) return single(logicalMs).interval;
    return { startMs, endMs };
  };
}

function boundless(schedule: Schedule): Timetable | undefined {
  try {
    const timing = timingOf(schedule);
    if (timing === undefined) return undefined;
    const { startMs: _, endMs: __, ...unbounded } = timing;
    return timetableOf(unbounded);
  } catch {
    return undefined; // a spec that nobody compiled: its runs have no interval
  }
}
