import fc from "fast-check";
import { expect, test } from "vitest";
import { jitterOf } from "./jitter.ts";
import { nextTick, previousTick, timetableOf } from "./timetable.ts";
import type { Timing } from "./timetable.ts";
import { zoneChanges } from "./zone-changes.table.ts";

const HOUR = 3_600_000;
const cron = fc.constantFrom(
  ...["*/30 * * * *", "15 2 * * *", "45 1-3 * * *", "0 0 * * MON", "0 */5 * * *", "0 3 L * *"],
);
const timing: fc.Arbitrary<Timing> = fc.record(
  {
    timezone: fc.constantFrom(...Object.keys(zoneChanges)),
    crons: fc.array(cron, { maxLength: 3 }),
    dates: fc.array(
      fc.constantFrom("2026-03-29T02:30:00", "2026-11-01T01:30:00", "2026-07-04T00:00:00Z"),
      { maxLength: 3 },
    ),
    everyMs: fc.constantFrom(7 * HOUR, 3 * HOUR),
    gap: fc.constantFrom("shift" as const, "skip" as const),
    fold: fc.constantFrom("first" as const, "both" as const, "last" as const),
    startMs: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2026, 11) }),
    endMs: fc.integer({ min: Date.UTC(2026, 3), max: Date.UTC(2027, 3) }),
    excludes: fc.constantFrom(
      [],
      [{ first: "03-25", last: "04-02", name: "" }],
      [{ first: "2026-11-01", last: "2026-11-01", name: "" }],
    ),
  },
  { requiredKeys: ["timezone", "crons", "dates", "excludes"] },
);
const moment = fc.integer({ min: Date.UTC(2026, 1), max: Date.UTC(2026, 11) });

function dueTimes(timing: Timing, fromMs: number, count: number): number[] {
  const timetable = timetableOf(timing);
  const found: number[] = [];
  for (let at = fromMs; found.length < count;) {
    const next = timetable.next(at);
    if (next === undefined) return found;
    found.push(next);
    at = next;
  }
  return found;
}

test("D1: due times are those of each part by itself, each once", () => {
  fc.assert(
    fc.property(timing, moment, (whole, from) => {
      const bare = { ...whole, crons: [], dates: [] };
      const { everyMs: _, ...without } = bare;
      const parts: Timing[] = [
        bare,
        { ...without, dates: whole.dates },
        ...whole.crons.map((one) => ({ ...without, crons: [one] })),
      ];
      const all = new Set(parts.flatMap((part) => dueTimes(part, from, 30)));
      const sorted = [...all].sort((a, b) => a - b).slice(0, 30);
      expect(dueTimes(whole, from, 30)).toEqual(sorted);
    }),
  );
});

test("D2: due times rise strictly, and the tick before a tick is the one that came before it", () => {
  fc.assert(
    fc.property(timing, moment, (one, from) => {
      const timetable = timetableOf(one);
      let before: number | undefined;
      for (let at = from, count = 0; count < 8; count++) {
        const next = nextTick(timetable, at);
        if (next === undefined) return;
        expect(next).toBeGreaterThan(at);
        if (before !== undefined) expect(previousTick(timetable, next)).toBe(before);
        before = next;
        at = next;
      }
    }),
    { numRuns: 60 },
  );
});

test("D3: nothing is due before the start or after the end", () => {
  fc.assert(
    fc.property(timing, moment, (one, from) => {
      for (const ms of dueTimes(one, from, 20)) {
        expect(ms).toBeGreaterThanOrEqual(one.startMs ?? -Infinity);
        expect(ms).toBeLessThanOrEqual(one.endMs ?? Infinity);
      }
    }),
  );
});

test("D4: ticks are the due times that are not excluded", () => {
  fc.assert(
    fc.property(timing, moment, (one, from) => {
      const timetable = timetableOf(one);
      const due = dueTimes(one, from, 40);
      const kept = due.filter((ms) => timetable.excluded(ms) === undefined);
      const ticks: number[] = [];
      for (let at = from; ticks.length < kept.length;) {
        const next = nextTick(timetable, at);
        if (next === undefined) break;
        ticks.push(next);
        at = next;
      }
      expect(ticks).toEqual(kept);
    }),
  );
});

test("jitter is always the same, below its bound, and spreads DAGs and ticks evenly", () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (let dag = 0; dag < 1_000; dag++) {
    const late = jitterOf(`dag-${dag}`, Date.UTC(2026, 0), 10_000);
    expect(jitterOf(`dag-${dag}`, Date.UTC(2026, 0), 10_000)).toBe(late);
    const slot = Math.floor(late / 1_000);
    counts[slot] = (counts[slot] ?? NaN) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(40);
  expect(jitterOf("x", 1, 0)).toBe(0);
});
