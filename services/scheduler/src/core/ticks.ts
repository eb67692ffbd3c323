// What becomes of due times, as one pure function.
// Invariants (each has a property test of the same name):
//   T1. Every due time in (handledMs, untilMs] gets exactly one outcome, oldest first; none is left out or said twice.
//   T2. A due time at most `graceMs` ago is on time: it fires, whatever the catch-up policy says.
//   T3. Catch-up `none` fires no late due time, `latest` at most the newest of all, `all` every one.
//   T4. While paused nothing fires.
//   T5. Handling in slices of any size ends like handling at once.

/** The due times of a schedule: the next one strictly after a moment, or undefined when there is none. */
export interface Timetable {
  next(afterMs: number): number | undefined;
}

export type CatchupPolicy = "none" | "latest" | "all";

export interface DuePolicy {
  readonly catchup: CatchupPolicy;
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
  readonly outcome: "firing" | "missed" | "suppressed";
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
  const due: number[] = [];
  let nextMs = timetable.next(handledMs);
  while (nextMs !== undefined && nextMs <= untilMs && due.length < policy.ticksMax) {
    due.push(nextMs);
    nextMs = timetable.next(nextMs);
  }
  const moreFollow = nextMs !== undefined && nextMs <= untilMs;
  const ticks = due.map((dueMs, index): DueTick => {
    const newest = index === due.length - 1 && !moreFollow;
    return { dueMs, ...outcomeOf(nowMs - dueMs, newest, policy) };
  });
  return { ticks, handledMs: due.at(-1) ?? handledMs, nextMs };
}

function outcomeOf(
  lateMs: number,
  newest: boolean,
  policy: DuePolicy,
): { outcome: DueTick["outcome"]; reason: string } {
  if (policy.paused) return { outcome: "suppressed", reason: "the DAG was paused" };
  if (lateMs <= policy.graceMs) return { outcome: "firing", reason: "" };
  switch (policy.catchup) {
    case "all":
      return { outcome: "firing", reason: "" };
    case "latest":
      return newest
        ? { outcome: "firing", reason: "" }
        : missed(lateMs, "catch-up is latest and a newer due time had come");
    case "none":
      return missed(lateMs, "catch-up is none");
    default:
      return policy.catchup satisfies never;
  }
}

const missed = (lateMs: number, why: string): { outcome: "missed"; reason: string } => ({
  outcome: "missed",
  reason: `no scheduler recorded it until ${Math.round(lateMs / 1000)} s after it was due, and ${why}`,
});

/**
 * Which of the due times that a pause suppressed run after all when the DAG is resumed: the pause counts as
 * time missed, so catch-up decides. Oldest first, like `suppressedMs`.
 */
export function revivedTicks(
  suppressedMs: readonly number[],
  catchup: CatchupPolicy,
): readonly number[] {
  switch (catchup) {
    case "none":
      return [];
    case "latest":
      return suppressedMs.slice(-1);
    case "all":
      return suppressedMs;
    default:
      return catchup satisfies never;
  }
}
