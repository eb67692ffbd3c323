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
    { examples: [[{ deliveryCount: 1, n: 1 }], [{ deliveryCount: 2_000, n: PROGRESS_MAX }]] },
  );
});

test("progress rises within a delivery, and with every later one", () => {
  const delivery = fc.integer({ min: 1, max: 900 });
  const n = fc.integer({ min: 1, max: PROGRESS_MAX - 1 });
  fc.assert(
    fc.property(delivery, n, fc.nat(90), n, (deliveryCount, earlier, deliveries, more) => {
      const a = progressSequence({ deliveryCount, n: earlier });
      const next = { deliveryCount, n: Math.min(earlier + more, PROGRESS_MAX) };
      expect(progressSequence(next)).toBeGreaterThan(a);
      const later = { deliveryCount: deliveryCount + 1 + deliveries, n: more };
      expect(progressSequence(later)).toBeGreaterThan(a);
    }),
  );
});
