import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_GAP_MS, GAP_MS, nextContinuous } from "./continuous.ts";
import type { LastOutcome, LastTick } from "./continuous.ts";

const NOW = 1_000_000;
const dag = { paused: false, handledMs: 900_000, dynamicMs: 900_000 };
const tick = (outcome: LastOutcome, isSettled = false, dueMs = 900_000): LastTick => ({
  dueMs,
  outcome,
  isSettled,
});

test.each<[string, LastTick | undefined, number | undefined]>([
  ["its run goes on", tick("fired"), undefined],
  ["its run has settled", tick("fired", true), NOW],
  ["its run is asked for", tick("firing"), undefined],
  ["its run settled before its verdict came", tick("firing", true), NOW],
  [
    "its run settled within the second in which it was due",
    tick("fired", true, NOW - 10),
    NOW - 10 + GAP_MS,
  ],
  ["the pause that suppressed it is over", tick("suppressed"), NOW],
  ["it started no run", tick("skipped", false, NOW - 10), NOW - 10 + EMPTY_GAP_MS],
  ["it was forgotten", undefined, NOW],
])("the next run is due when %s", (_, last, want) => {
  expect(nextContinuous(dag, last, NOW)).toBe(want);
});

test("nothing is due twice: while the next due time has no row, there is no other", () => {
  expect(nextContinuous({ ...dag, dynamicMs: 950_000 }, tick("fired", true), NOW)).toBeUndefined();
});

test("C1. C2. never while paused or at work; always after what was handled and a gap", () => {
  const outcome = fc.constantFrom<LastOutcome>(
    "firing",
    "fired",
    "skipped",
    "missed",
    "suppressed",
  );
  const last = fc.record({ dueMs: fc.nat(2_000_000), outcome, isSettled: fc.boolean() });
  fc.assert(
    fc.property(last, fc.boolean(), fc.nat(2_000_000), (newest, paused, nowMs) => {
      const handledMs = newest.dueMs;
      const next = nextContinuous({ paused, handledMs, dynamicMs: handledMs }, newest, nowMs);
      const hasRun = newest.outcome === "fired" || newest.outcome === "firing";
      if (paused || (hasRun && !newest.isSettled)) expect(next).toBeUndefined();
      else {
        const isEmpty = newest.outcome === "skipped" || newest.outcome === "missed";
        const gapMs = isEmpty ? EMPTY_GAP_MS : GAP_MS;
        expect(next).toBeGreaterThanOrEqual(Math.max(nowMs, newest.dueMs + gapMs));
      }
    }),
  );
});
