import { describe, expect, test } from "vitest";
import { CLAIM_AGE_MS, DELIVERIES_MAX, admit, afterClaim } from "./admission.ts";
import type { Shape } from "./admission.ts";

const shapes: Shape[] = ["call", "job"];

describe("an assignment that arrives", () => {
  for (const shape of shapes) {
    test.each([
      { deliveryCount: 1, ageMs: 0, cancelled: false, wants: "begin" },
      { deliveryCount: 1, ageMs: CLAIM_AGE_MS - 1, cancelled: false, wants: "begin" },
      { deliveryCount: 1, ageMs: CLAIM_AGE_MS, cancelled: false, wants: "claim" },
      { deliveryCount: 2, ageMs: 0, cancelled: false, wants: "claim" },
      { deliveryCount: 9, ageMs: 0, cancelled: false, wants: "claim" },
      { deliveryCount: 1, ageMs: 0, cancelled: true, wants: "cancelled" },
      { deliveryCount: 2, ageMs: CLAIM_AGE_MS, cancelled: true, wants: "cancelled" },
    ])(`${shape}: delivery $deliveryCount, $ageMs ms old, cancelled $cancelled: $wants`, (row) => {
      expect(admit({ shape, ...row })).toBe(row.wants);
    });
  }
});

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
