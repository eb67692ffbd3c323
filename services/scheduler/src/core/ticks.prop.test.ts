import { expect, test } from "vitest";
import fc from "fast-check";
import { dueTicks } from "./ticks.ts";
import type { CatchupPolicy, DuePolicy, DueTick, Timetable } from "./ticks.ts";

const timesArb = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 40 });
const caseArb = fc.record({
  times: timesArb.map((times) => times.toSorted((a, b) => a - b)),
  handled: fc.integer({ min: 0, max: 200 }),
  elapsed: fc.integer({ min: 0, max: 200 }),
  catchup: fc.constantFrom<CatchupPolicy>("none", "latest", "all"),
  paused: fc.boolean(),
  graceMs: fc.integer({ min: 0, max: 60 }),
  ticksMax: fc.integer({ min: 1, max: 9 }),
});
type Case = typeof caseArb extends fc.Arbitrary<infer T> ? T : never;

const timetableOf = (times: readonly number[]): Timetable => ({
  next: (afterMs) => times.find((at) => at > afterMs),
});

/** Slices until nothing is due any more, as the ticker does. */
function handleAll(c: Case, policy: DuePolicy): DueTick[] {
  const all: DueTick[] = [];
  const nowMs = c.handled + c.elapsed;
  for (let handledMs = c.handled; ;) {
    const slice = dueTicks(timetableOf(c.times), { handledMs, untilMs: nowMs, nowMs }, policy);
    all.push(...slice.ticks);
    if (slice.nextMs === undefined || slice.nextMs > nowMs) return all;
    expect(slice.handledMs).toBeGreaterThan(handledMs);
    handledMs = slice.handledMs;
  }
}
const check = (property: (c: Case, ticks: DueTick[], lateMs: (t: DueTick) => number) => void) =>
  fc.assert(
    fc.property(caseArb, (c) =>
      property(c, handleAll(c, c), (tick) => c.handled + c.elapsed - tick.dueMs),
    ),
  );

test("T1: every due time gets exactly one outcome, oldest first", () => {
  check((c, ticks) => {
    const due = c.times.filter((at) => at > c.handled && at <= c.handled + c.elapsed);
    expect(ticks.map((tick) => tick.dueMs)).toEqual(due);
    for (const tick of ticks) expect(tick.reason === "").toBe(tick.outcome === "firing");
  });
});

test("T2: a due time within grace fires", () => {
  check((c, ticks, lateMs) => {
    if (c.paused) return;
    for (const tick of ticks) if (lateMs(tick) <= c.graceMs) expect(tick.outcome).toBe("firing");
  });
});

test("T3: catch-up decides about late due times", () => {
  check((c, ticks, lateMs) => {
    if (c.paused) return;
    const late = ticks.filter((tick) => lateMs(tick) > c.graceMs);
    const fired = late.filter((tick) => tick.outcome === "firing");
    if (c.catchup === "none") expect(fired).toEqual([]);
    if (c.catchup === "all") expect(fired).toEqual(late);
    if (c.catchup === "latest") expect(fired).toEqual(late.filter((tick) => tick === ticks.at(-1)));
  });
});

test("T4: while paused nothing fires", () => {
  check((c, ticks) => {
    if (c.paused) for (const tick of ticks) expect(tick.outcome).toBe("suppressed");
  });
});

test("T5: slices of any size end like one", () => {
  check((c, ticks) => {
    expect(ticks).toEqual(handleAll(c, { ...c, ticksMax: 1_000 }));
  });
});
