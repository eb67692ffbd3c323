import { describe, expect, test } from "vitest";
import { CLAIM_AGE_MS, DELIVERIES_MAX, admit, afterClaim, sinceDecided } from "./admission.ts";
import type { Shape } from "./admission.ts";

const shapes: Shape[] = ["call", "job"];

describe("an assignment that arrives", () => {
  for (const shape of shapes) {
    test.each([
      { deliveryCount: 1, ageMs: 0, isUnheard: false, cancelled: false, wants: "begin" },
      {
        deliveryCount: 1,
        ageMs: CLAIM_AGE_MS - 1,
        isUnheard: false,
        cancelled: false,
        wants: "begin",
      },
      { deliveryCount: 1, ageMs: CLAIM_AGE_MS, isUnheard: false, cancelled: false, wants: "claim" },
      { deliveryCount: 2, ageMs: 0, isUnheard: false, cancelled: false, wants: "claim" },
      { deliveryCount: 9, ageMs: 0, isUnheard: false, cancelled: false, wants: "claim" },
      { deliveryCount: 1, ageMs: 0, isUnheard: true, cancelled: false, wants: "claim" },
      { deliveryCount: 1, ageMs: 0, isUnheard: true, cancelled: true, wants: "cancelled" },
      { deliveryCount: 1, ageMs: 0, isUnheard: false, cancelled: true, wants: "cancelled" },
      {
        deliveryCount: 2,
        ageMs: CLAIM_AGE_MS,
        isUnheard: false,
        cancelled: true,
        wants: "cancelled",
      },
    ])(
      `${shape}: delivery $deliveryCount, $ageMs ms old, unheard $isUnheard, cancelled $cancelled: $wants`,
      (row) => {
        expect(admit({ shape, ...row })).toBe(row.wants);
      },
    );
  }
});

test.each([
  { what: "said at once", stored: 5, decided: 5, ageMs: 5, isUnheard: false },
  { what: "said late", stored: 5, decided: 90_000, ageMs: 90_000, isUnheard: true },
  { what: "stored long ago", stored: 90_000, decided: 5, ageMs: 90_000, isUnheard: true },
  { what: "of a clock that is far ahead", stored: 5, decided: -90_000, ageMs: 5, isUnheard: false },
  { what: "as old as the listening", stored: 5, decided: 60, ageMs: 60, isUnheard: false },
  { what: "a little older", stored: 5, decided: 61, ageMs: 61, isUnheard: true },
])(
  "an assignment $what: $ageMs ms old, unheard $isUnheard",
  ({ stored, decided, ageMs, isUnheard }) => {
    const clocks = { nowMs: 1_000_000, hearsSinceMs: 1_000_000 - 60 };
    const assigned = { assignedMs: clocks.nowMs - decided };
    expect(sinceDecided({ ageMs: stored }, assigned, clocks)).toEqual({ ageMs, isUnheard });
  },
);

describe("after the claim", () => {
  const rows = shapes.flatMap((shape) =>
    [1, 2, DELIVERIES_MAX, DELIVERIES_MAX + 1, 20].flatMap((deliveryCount) =>
      [true, false].map((wanted) => ({ shape, deliveryCount, wanted })),
    ),
  );
  test("every shape, delivery and answer", () => {
    const table = rows.map(
      ({ shape, deliveryCount, wanted }) =>
        `${shape} ${deliveryCount} ${wanted ? "wanted" : "unwanted"}: ${afterClaim({ shape, deliveryCount }, { wanted })}`,
    );
    expect(table).toEqual([
      "call 1 wanted: begin",
      "call 1 unwanted: drop",
      "call 2 wanted: begin",
      "call 2 unwanted: drop",
      "call 3 wanted: begin",
      "call 3 unwanted: drop",
      "call 4 wanted: lost",
      "call 4 unwanted: drop",
      "call 20 wanted: lost",
      "call 20 unwanted: drop",
      "job 1 wanted: begin",
      "job 1 unwanted: drop",
      "job 2 wanted: begin",
      "job 2 unwanted: drop",
      "job 3 wanted: begin",
      "job 3 unwanted: drop",
      "job 4 wanted: begin",
      "job 4 unwanted: drop",
      "job 20 wanted: begin",
      "job 20 unwanted: drop",
    ]);
  });
});
