import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ACCEPTED_SEQUENCE,
  OUTCOME_SEQUENCE,
  PROGRESS_MAX,
  RUNNING_SEQUENCE,
  progressSequence,
} from "./sequence.ts";

const progress = fc.record({
  deliveryCount: fc.integer({ min: 1, max: 2_000 }),
  n: fc.integer({ min: 1, max: PROGRESS_MAX }),
});

test("N2: the outcome's number is above every other one", () => {
  expect(ACCEPTED_SEQUENCE).toBeLessThan(RUNNING_SEQUENCE);
  fc.assert(
    fc.property(progress, (at) => {
      const sequence = progressSequence(at);
      expect(sequence).toBeGreaterThan(RUNNING_SEQUENCE);
      expect(sequence).toBeLessThan(OUTCOME_SEQUENCE);
    }),
  );
});

test("progress rises within a delivery, and with every later one", () => {
  const few = fc.record({
    deliveryCount: fc.integer({ min: 1, max: 900 }),
    n: fc.integer({ min: 1, max: PROGRESS_MAX }),
  });
  fc.assert(
    fc.property(few, few, (a, b) => {
      const before =
        a.deliveryCount < b.deliveryCount || (a.deliveryCount === b.deliveryCount && a.n < b.n);
      fc.pre(before);
      expect(progressSequence(a)).toBeLessThan(progressSequence(b));
    }),
  );
});
