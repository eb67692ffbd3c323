import fc from "fast-check";
import { expect, test } from "vitest";
import { SILENCE_MS_MAX, SPREAD_MAX, nextLook } from "./pace.ts";
import type { Step } from "./pace.ts";

const NOW_MS = 1_000_000;
const steady = { intervalMs: 30_000, factor: 1, intervalMsMax: 600_000 };
const step = (change: Partial<Step> = {}): Step => ({
  pace: steady,
  attemptId: "att-1",
  polls: 1,
  silences: 0,
  nowMs: NOW_MS,
  deadlineMs: NOW_MS + 86_400_000,
  ...change,
});
/** Without its spread: the interval is the largest multiple of 100 ms that explains it. */
const expectAbout = (change: Partial<Step>, intervalMs: number): void => {
  const waited = nextLook(step(change)) - NOW_MS;
  expect(waited).toBeGreaterThanOrEqual(intervalMs);
  expect(waited).toBeLessThanOrEqual(intervalMs * (1 + SPREAD_MAX));
};

test("a steady pace stays", () => {
  for (const polls of [1, 2, 50]) expectAbout({ polls }, 30_000);
});

test("with a factor it grows up to its maximum", () => {
  const pace = { intervalMs: 1_000, factor: 2, intervalMsMax: 10_000 };
  const intervals = [1, 2, 3, 4, 5, 2_000].map((polls) => ({ polls, pace }));
  const wanted = [1_000, 2_000, 4_000, 8_000, 10_000, 10_000];
  intervals.forEach((change, index) => expectAbout(change, wanted[index] ?? 0));
  expectAbout({ polls: 9, pace: { ...pace, intervalMs: 20_000 } }, 20_000);
});

test("P3: silences make it rarer, an answer makes it regular again", () => {
  const wanted = [30_000, 30_000, 60_000, 120_000, 240_000, SILENCE_MS_MAX];
  wanted.forEach((interval, silences) => expectAbout({ polls: 9, silences }, interval));
  expectAbout({ polls: 9, silences: 5_000 }, SILENCE_MS_MAX);
});

const steps = fc.record({
  pace: fc.record({
    intervalMs: fc.integer({ min: 100, max: 86_400_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    intervalMsMax: fc.integer({ min: 100, max: 86_400_000 }),
  }),
  attemptId: fc.string(),
  polls: fc.integer({ min: 1, max: 100_000 }),
  silences: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000 })),
  nowMs: fc.constant(NOW_MS),
  deadlineMs: fc.integer({ min: NOW_MS, max: NOW_MS + 400 * 86_400_000 }),
});

test("P1: never before the interval is over, never after the deadline", () => {
  fc.assert(
    fc.property(steps, (one) => {
      const next = nextLook(one);
      expect(next).toBeLessThanOrEqual(one.deadlineMs);
      expect(next).toBeGreaterThanOrEqual(Math.min(NOW_MS + one.pace.intervalMs, one.deadlineMs));
    }),
  );
});

test("P2: the same history has the same times; attempts that begin together part", () => {
  fc.assert(
    fc.property(steps, (one) => {
      expect(nextLook(one)).toBe(nextLook({ ...one }));
    }),
  );
  const spreads = Array.from({ length: 1_000 }, (_, index) =>
    nextLook(step({ attemptId: `att-${index}`, polls: 7 })),
  ).map((at) => Math.floor(((at - NOW_MS - 30_000) / 3_000) * 10));
  const counts = Array.from({ length: 10 }, (_, part) => spreads.filter((s) => s === part).length);
  for (const count of counts) expect(count).toBeGreaterThan(50); // 100 if it were perfectly even
  const looks = Array.from({ length: 20 }, (_, index) => nextLook(step({ polls: index + 1 })));
  expect(new Set(looks).size).toBeGreaterThan(15);
});
