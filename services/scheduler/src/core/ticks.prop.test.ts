import { expect, test } from "vitest";
import fc from "fast-check";
import { dueTicks } from "./ticks.ts";
import type { CatchupPolicy, DuePolicy, DueTick, Timetable } from "./ticks.ts";

/** Few moments, so that bounds are met to the millisecond and exclusions meet due times. */
const moment = fc.integer({ min: 1, max: 60 });
const timesArb = fc.uniqueArray(moment, { maxLength: 40 });
const caseArb = fc.record({
  times: timesArb.map((times) => times.toSorted((a, b) => a - b)),
  handled: fc.integer({ min: 0, max: 40 }),
  elapsed: fc.integer({ min: 0, max: 40 }),
  catchup: fc.constantFrom<CatchupPolicy>("none", "latest", "all"),
  paused: fc.boolean(),
  graceMs: fc.integer({ min: 0, max: 12 }),
  ticksMax: fc.integer({ min: 1, max: 9 }),
  catchupWindowMs: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
  excluded: fc.uniqueArray(moment, { maxLength: 40 }),
  jitterMs: fc.constantFrom(0, 0, 7),
});
type Case = typeof caseArb extends fc.Arbitrary<infer T> ? T : never;

const timetableOf = ({ times, excluded, jitterMs }: Case): Timetable => ({
  next: (afterMs) => times.find((at) => at > afterMs),
  excluded: (dueMs) => (excluded.includes(dueMs) ? "a holiday" : undefined),
  jitterMs: (dueMs) => (dueMs * 31) % (jitterMs + 1),
});
const runMsOf = (c: Case, dueMs: number): number => dueMs + timetableOf(c).jitterMs(dueMs);

/** The newest tick ends a slice, and only what is excluded comes after it. */
const EXCLUDED_AFTER_SLICE: Case = {
  ...{ times: [10, 20], excluded: [20], handled: 5, elapsed: 40, ticksMax: 1, catchup: "latest" },
  ...{ paused: false, graceMs: 0, catchupWindowMs: undefined, jitterMs: 0 },
};

/** Slices until nothing is due any more, as the ticker does. */
function handleAll(c: Case, policy: DuePolicy): DueTick[] {
  const all: DueTick[] = [];
  const nowMs = c.handled + c.elapsed;
  for (let handledMs = c.handled; ;) {
    const slice = dueTicks(timetableOf(c), { handledMs, untilMs: nowMs, nowMs }, policy);
    all.push(...slice.ticks);
    if (slice.nextMs === undefined || runMsOf(c, slice.nextMs) > nowMs) return all;
    expect(slice.handledMs).toBeGreaterThan(handledMs);
    handledMs = slice.handledMs;
  }
}
const check = (property: (c: Case, ticks: DueTick[], lateMs: (t: DueTick) => number) => void) =>
  fc.assert(
    fc.property(caseArb, (c) =>
      property(c, handleAll(c, c), (tick) => c.handled + c.elapsed - runMsOf(c, tick.dueMs)),
    ),
    { examples: [[EXCLUDED_AFTER_SLICE]] },
  );

const ticksOnly = (ticks: readonly DueTick[]): DueTick[] =>
  ticks.filter(({ outcome }) => outcome !== "skipped");

test("T1: every due time gets exactly one outcome, oldest first", () => {
  check((c, ticks) => {
    const waits = (at: number): boolean => runMsOf(c, at) > c.handled + c.elapsed;
    const later = c.times.filter((at) => at > c.handled);
    const first = later.findIndex(waits); // one that waits for its jitter holds back those after it
    const due = first < 0 ? later : later.slice(0, first);
    expect(ticks.map((tick) => tick.dueMs)).toEqual(due);
    for (const tick of ticks) expect(tick.reason === "").toBe(tick.outcome === "firing");
  });
});

test("T2: a due time within grace fires", () => {
  check((c, ticks, lateMs) => {
    if (c.paused) return;
    for (const tick of ticksOnly(ticks))
      if (lateMs(tick) <= c.graceMs) expect(tick.outcome).toBe("firing");
  });
});

test("T3: catch-up decides about late due times", () => {
  check((c, all, lateMs) => {
    if (c.paused) return;
    const ticks = ticksOnly(all);
    const late = ticks.filter((tick) => lateMs(tick) > c.graceMs);
    const inWindow = late.filter((tick) => lateMs(tick) <= (c.catchupWindowMs ?? Infinity));
    const fired = late.filter((tick) => tick.outcome === "firing");
    if (c.catchup === "none") expect(fired).toEqual([]);
    if (c.catchup === "all") expect(fired).toEqual(inWindow);
    if (c.catchup === "latest")
      expect(fired).toEqual(inWindow.filter((tick) => tick === ticks.at(-1)));
  });
});

test("T4: while paused nothing fires, and what is excluded never", () => {
  check((c, ticks) => {
    for (const tick of ticks)
      if (c.excluded.includes(tick.dueMs)) expect(tick.outcome).toBe("skipped");
      else if (c.paused) expect(tick.outcome).toBe("suppressed");
  });
});

test("T5: slices of any size end like one", () => {
  check((c, ticks) => {
    expect(ticks).toEqual(handleAll(c, { ...c, ticksMax: 1_000 }));
  });
});
