// One DAG's schedule in this process's head: its timetable, ready for use, and how far it has come.
import type { Timetable } from "./core/ticks.ts";
import type { StoredDag } from "./store/schedules.ts";
import { tickStarts } from "./tick-starts.ts";
import type { TickStarts } from "./tick-starts.ts";
import { timetableOfDag } from "./timetable.ts";

export interface KnownSchedule {
  readonly dag: StoredDag;
  /** Absent when the clock does not start it, or when its timing cannot be read. */
  readonly timetable: Timetable | undefined;
  /** Why its timing cannot be read. */
  readonly problem: string | undefined;
  /** Due times up to here have their outcome. */
  readonly handledMs: number;
  /** The next due time; undefined when there is none. */
  readonly nextMs: number | undefined;
  /** When it is to run: later by its jitter. */
  readonly wakeMs: number | undefined;
  /** What its ticks' runs are about. */
  starts(): Promise<TickStarts>;
  /** Due times up to here have their outcome now. */
  handled(upToMs: number): void;
}

/** `moved`: its next due time is another one now. */
export function knownSchedule(
  dag: StoredDag,
  moved: (schedule: KnownSchedule) => void,
): KnownSchedule {
  const { timetable, problem } = readTimetable(dag);
  let { handledMs } = dag;
  let starts: Promise<TickStarts> | undefined;
  let nextMs = timetable?.next(handledMs);
  let wakeMs = wakeOf();
  function wakeOf(): number | undefined {
    return nextMs === undefined ? undefined : nextMs + (timetable?.jitterMs(nextMs) ?? 0);
  }
  const schedule: KnownSchedule = {
    dag,
    timetable,
    problem,
    get handledMs() {
      return handledMs;
    },
    get nextMs() {
      return nextMs;
    },
    get wakeMs() {
      return wakeMs;
    },
    // A template is read once; the rest is made in no time, and kept by thousands it is megabytes.
    starts: () => (dag.policy.key === undefined ? tickStarts(dag) : (starts ??= tickStarts(dag))),
    handled(upToMs) {
      if (upToMs <= handledMs) return;
      handledMs = upToMs;
      nextMs = timetable?.next(handledMs);
      wakeMs = wakeOf();
      moved(schedule);
    },
  };
  return schedule;
}

function readTimetable(dag: StoredDag): {
  timetable: Timetable | undefined;
  problem: string | undefined;
} {
  try {
    return { timetable: timetableOfDag(dag), problem: undefined };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { timetable: undefined, problem };
  }
}
