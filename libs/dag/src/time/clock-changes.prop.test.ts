import fc from "fast-check";
import { expect, test } from "vitest";
import { nextInstant } from "./clock-changes.ts";
import type { ChangePolicy } from "./clock-changes.ts";
import { offsetAt, segmentAt } from "./zone-segments.ts";
import { zoneChanges } from "./zone-changes.table.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const changes = Object.entries(zoneChanges).flatMap(([zone, rows]) =>
  rows.map((row) => ({ zone, ms: Date.parse(row.split(" ")[0] ?? "") })),
);
const policy = fc.record({
  gap: fc.constantFrom("shift" as const, "skip" as const),
  fold: fc.constantFrom("first" as const, "both" as const, "last" as const),
});
/** Wanted times of day in the hours around a change, each at most once a day. */
const world = fc.record({
  change: fc.constantFrom(...changes),
  policy,
  minutes: fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), { minLength: 1, maxLength: 12 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function wanted({ minutes }: World): (fromWallMs: number) => number {
  const sorted = minutes.toSorted((a, b) => a - b);
  return (fromWallMs) => {
    const dayMs = Math.floor(fromWallMs / DAY) * DAY;
    for (const start of [dayMs, dayMs + DAY])
      for (const minute of sorted)
        if (start + minute * MINUTE >= fromWallMs) return start + minute * MINUTE;
    throw new Error("every day has a wanted time");
  };
}

function instants(w: World, policy: ChangePolicy = w.policy): number[] {
  const { zone, ms } = w.change;
  const found: number[] = [];
  for (let at = ms - 2 * DAY; ;) {
    const next = nextInstant(zone, wanted(w), policy, at);
    if (next === undefined || next > ms + 2 * DAY) return found;
    found.push(next);
    at = next;
  }
}
const wallOf = (zone: string, ms: number): number => ms + offsetAt(zone, ms);

test("C1: every instant shows a wanted time, or is the first after a gap that held one", () => {
  fc.assert(
    fc.property(world, (w) => {
      const { zone } = w.change;
      for (const ms of instants(w)) {
        const wallMs = wallOf(zone, ms);
        if (w.minutes.includes(Math.floor((wallMs % DAY) / MINUTE))) continue;
        const { offsetBeforeMs = 0, offsetMs = 0, startMs } = segmentAt(zone, ms) ?? {};
        expect([w.policy.gap, startMs]).toEqual(["shift", ms]);
        const inGap = wanted(w)(ms + offsetBeforeMs);
        expect(inGap).toBeLessThan(ms + offsetMs);
      }
    }),
  );
});

test("C2: a wanted time outside gaps and folds comes once; in a fold once, or twice with both", () => {
  fc.assert(
    fc.property(world, (w) => {
      const { zone, ms } = w.change;
      const shown = new Map<number, number>();
      for (let at = ms - DAY; at < ms + DAY; at += MINUTE) {
        const wallMs = wallOf(zone, at);
        shown.set(wallMs, (shown.get(wallMs) ?? 0) + 1);
      }
      const came = new Map<number, number>();
      for (const at of instants(w)) {
        const wallMs = wallOf(zone, at);
        came.set(wallMs, (came.get(wallMs) ?? 0) + 1);
      }
      for (const [wallMs, times] of shown) {
        if (!w.minutes.includes((wallMs % DAY) / MINUTE)) continue;
        expect(came.get(wallMs)).toBe(w.policy.fold === "both" ? times : 1);
      }
    }),
    { numRuns: 60 },
  );
});

test("C3: instants rise strictly", () => {
  fc.assert(
    fc.property(world, (w) => {
      const found = instants(w);
      for (const [index, ms] of found.slice(1).entries())
        expect(ms).toBeGreaterThan(found[index] ?? Infinity);
    }),
  );
});

test("`first` and `last` find as many as one another, `both` never fewer; `skip` never more than `shift`", () => {
  fc.assert(
    fc.property(world, (w) => {
      const count = (changed: Partial<ChangePolicy>): number =>
        instants(w, { ...w.policy, ...changed }).length;
      expect(count({ fold: "first" })).toBe(count({ fold: "last" }));
      expect(count({ fold: "both" })).toBeGreaterThanOrEqual(count({ fold: "first" }));
      expect(count({ gap: "skip" })).toBeLessThanOrEqual(count({ gap: "shift" }));
    }),
  );
});
