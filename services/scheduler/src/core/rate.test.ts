import fc from "fast-check";
import { expect, test } from "vitest";
import { admit } from "./rate.ts";
import type { Admitted } from "./rate.ts";

test("the reason says when the next run is possible", () => {
  const before = [
    { key: "a", atMs: 1_000 },
    { key: "b", atMs: 2_000 },
  ];
  expect(admit({ max: 2, perMs: 10_000 }, before, "c", 5_000)).toEqual({
    kind: "limited",
    reason: "2 runs in 10 s are the most; the next is possible at 1970-01-01T00:00:11.000Z",
  });
});

const PER_MS = 1_000;
const asks = fc.array(
  fc.record({
    pauseMs: fc.nat(4).map((tenths) => tenths * 100),
    key: fc.constantFrom("a", "b", "c", "d", "e"),
  }),
);
const most = fc.integer({ min: 1, max: 3 });

/** Every ask in its turn: whether it was admitted, and which runs were counted. */
function asked(max: number, list: readonly { pauseMs: number; key: string }[]) {
  let kept: readonly Admitted[] = [];
  let nowMs = 0;
  const counted: Admitted[] = [];
  const answers = list.map(({ pauseMs, key }) => {
    nowMs += pauseMs;
    const admission = admit({ max, perMs: PER_MS }, kept, key, nowMs);
    const isAdmitted = admission.kind === "admitted";
    if (isAdmitted) {
      const known = new Set(kept);
      counted.push(...admission.list.filter((one) => !known.has(one)));
      kept = admission.list;
    }
    return { key, atMs: nowMs, isAdmitted };
  });
  return { answers, counted };
}

test("L1: in no span of perMs are more than max keys admitted", () => {
  fc.assert(
    fc.property(asks, most, (list, max) => {
      const { counted } = asked(max, list);
      for (const { atMs } of counted) {
        const span = counted.filter((one) => one.atMs >= atMs && one.atMs < atMs + PER_MS);
        expect(span.length).toBeLessThanOrEqual(max);
      }
    }),
  );
});

test("L2: a key that was admitted within perMs is admitted again and counts once", () => {
  fc.assert(
    fc.property(asks, most, (list, max) => {
      const { answers, counted } = asked(max, list);
      for (const { key, atMs, isAdmitted } of answers) {
        const lately = counted.filter(
          (one) => one.key === key && one.atMs <= atMs && one.atMs > atMs - PER_MS,
        );
        expect(lately.length).toBeLessThanOrEqual(1);
        expect(isAdmitted).toBe(lately.length === 1);
      }
    }),
  );
});
