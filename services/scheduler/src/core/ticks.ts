// What becomes of due times, as one pure function.
// Invariants (each has a property test of the same name):
//   T1. Every due time that has come gets exactly one outcome, oldest first; none is left out or said twice.
//   T2. A due time at most `graceMs` after it was to run is on time: it fires, whatever the catch-up policy says.
//   T3. Catch-up `none` fires no late due time, `latest` at most the newest tick of all, `all` every tick; none of
//       them one that is older than the window.
//   T4. While paused nothing fires. What the schedule excludes never does.
//   T5. Handling in slices of any size ends like handling at once.

export interface Timetable {
  /** The first due time strictly after a moment, or undefined when there is none. */
  next(afterMs: number): number | undefined;
  /** Why a due time is no tick; undefined when it is one. */
  excluded(dueMs: number): string | undefined;
  /** How much later than due it runs, on purpose. */
  jitterMs(dueMs: number): number;
}

export type CatchupPolicy = "none" | "latest" | "all";

export interface CatchUp {
  readonly catchup: CatchupPolicy;
  /** What was due longer ago is not caught up; absent means no limit. */
  readonly catchupWindowMs?: number | undefined;
}

export interface DuePolicy extends CatchUp {
  readonly paused: boolean;
  /** How late a due time may be and still count as on time. */
  readonly graceMs: number;
  /** The most due times of one slice. */
  readonly ticksMax: number;
}

export interface DueSpan {
  /** Due times up to here have their outcome already. */
  readonly handledMs: number;
  /** The last instant that counts, at most `nowMs`. */
  readonly untilMs: number;
  readonly nowMs: number;
}

export interface DueTick {
  readonly dueMs: number;
  readonly outcome: "firing" | "skipped" | "missed" | "suppressed";
  /** Why it does not fire; empty when it does. */
  readonly reason: string;
}

export interface DueTicks {
  readonly ticks: readonly DueTick[];
  /** The newest due time with an outcome now; the next slice begins after it. */
  readonly handledMs: number;
  /** The first due time after it; undefined when there is none. */
  readonly nextMs: number | undefined;
}

/** Outcomes for the due times of the span, oldest first, at most `ticksMax` of them. */
export function dueTicks(timetable: Timetable, span: DueSpan, policy: DuePolicy): DueTicks {
  const { handledMs, untilMs, nowMs } = span;
  const due: Due[] = [];
  let next = dueAfter(timetable, handledMs);
  while (next !== undefined && next.runMs <= untilMs && due.length < policy.ticksMax) {
    due.push(next);
    next = dueAfter(timetable, next.dueMs);
  }
  const nextMs = next?.dueMs;
  const newest = newestTick(due) ?? -1;
  const isNewest = (index: number): boolean =>
    index === newest && !tickFollows(timetable, next, untilMs);
  const ticks = due.map((one, index): DueTick => {
    const { dueMs, excluded } = one;
    if (excluded !== undefined)
      return { dueMs, outcome: "skipped", reason: `the schedule excludes ${excluded}` };
    return { dueMs, ...outcomeOf(nowMs - one.runMs, () => isNewest(index), policy) };
  });
  return { ticks, handledMs: due.at(-1)?.dueMs ?? handledMs, nextMs };
}

interface Due {
  readonly dueMs: number;
  readonly runMs: number;
  readonly excluded: string | undefined;
}

function dueAfter(timetable: Timetable, afterMs: number): Due | undefined {
  const dueMs = timetable.next(afterMs);
  if (dueMs === undefined) return undefined;
  return { dueMs, runMs: dueMs + timetable.jitterMs(dueMs), excluded: timetable.excluded(dueMs) };
}

function newestTick(due: readonly Due[]): number | undefined {
  const index = due.findLastIndex(({ excluded }) => excluded === undefined);
  return index < 0 ? undefined : index;
}

/** Has a tick come that is in no slice yet? */
function tickFollows(timetable: Timetable, next: Due | undefined, untilMs: number): boolean {
  for (let one = next; one !== undefined && one.runMs <= untilMs;) {
    if (one.excluded === undefined) return true;
    one = dueAfter(timetable, one.dueMs);
  }
  return false;
}

type Outcome = Pick<DueTick, "outcome" | "reason">;
const FIRING: Outcome = { outcome: "firing", reason: "" };

function outcomeOf(lateMs: number, isNewest: () => boolean, policy: DuePolicy): Outcome {
  if (policy.paused) return { outcome: "suppressed", reason: "the DAG was paused" };
  if (lateMs <= policy.graceMs) return FIRING;
  if (lateMs > (policy.catchupWindowMs ?? Infinity))
    return missed(lateMs, "that is longer than the catch-up window");
  switch (policy.catchup) {
    case "all":
      return FIRING;
    case "latest":
      return isNewest()
        ? FIRING
        : missed(lateMs, "catch-up is latest and a newer due time had come");
    case "none":
      return missed(lateMs, "catch-up is none");
    default:
      return policy.catchup satisfies never;
  }
}

const missed = (lateMs: number, why: string): Outcome => ({
  outcome: "missed",
  reason: `no scheduler recorded it until ${Math.round(lateMs / 1000)} s after it was due, and ${why}`,
});

/**
 * Which of the due times that a pause suppressed run after all when the DAG is resumed: the pause counts as
 * time missed, so catch-up decides. Oldest first, like `suppressedMs`.
 */
export function revivedTicks(
  suppressedMs: readonly number[],
  { catchup, catchupWindowMs = Infinity }: CatchUp,
  nowMs: number,
): readonly number[] {
  const recent = suppressedMs.filter((dueMs) => nowMs - dueMs <= catchupWindowMs);
  switch (catchup) {
    case "none":
      return [];
    case "latest":
      return recent.slice(-1);
    case "all":
      return recent;
    default:
      return catchup satisfies never;
  }
}
