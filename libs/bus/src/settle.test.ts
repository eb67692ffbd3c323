// What becomes of a delivery, for every way a handler can end.
import { describe, expect, test } from "vitest";
import { RejectError, RetryError } from "./errors.ts";
import { createFailureRecords } from "./failure-records.ts";
import { backoffMs, isOwnFailure, settlementOf, type FailureRecord } from "./settle.ts";

const record = (ownFailures: number, failures = ownFailures): FailureRecord => ({
  failures,
  ownFailures,
  successesThen: 0,
  failuresThen: failures,
});
const context = (found: FailureRecord | undefined) => ({ record: found, deliveriesMax: 3 });

test.each([
  ["resolved", undefined, undefined, { kind: "ack" }],
  ["wrong input", new RejectError("no id"), undefined, { kind: "dead", reason: "no id" }],
  [
    "not now",
    new RetryError("busy", { retryAfterMs: 40 }),
    undefined,
    { kind: "retry", delayMs: 40 },
  ],
  [
    "not now, nonsense",
    new RetryError("x", { retryAfterMs: -5 }),
    undefined,
    { kind: "retry", delayMs: 0 },
  ],
  ["the first failure", new Error("x"), record(1), { kind: "retry", delayMs: 250 }],
  ["the second failure", new Error("x"), record(2), { kind: "retry", delayMs: 500 }],
  [
    "the last failure",
    new Error("x", { cause: new TypeError("y") }),
    record(3),
    { kind: "dead", reason: "gave up after 3 deliveries: x: TypeError: y" },
  ],
  ["many failures, few its own", new Error("x"), record(2, 30), { kind: "retry", delayMs: 60_000 }],
  ["thrown text", "oops", record(3), { kind: "dead", reason: "gave up after 3 deliveries: oops" }],
])("%s", (_, error, found, settlement) => {
  expect(settlementOf(error, context(found))).toEqual(settlement);
});

test("delays grow up to a minute", () => {
  expect([0, 1, 2, 3, 8, 9, 10, 2_000].map(backoffMs)).toEqual([
    250, 250, 500, 1_000, 32_000, 60_000, 60_000, 60_000,
  ]);
});

test("only what is the message's own fault counts", () => {
  expect(isOwnFailure(new Error("x"))).toBe(true);
  expect(isOwnFailure("x")).toBe(true);
  expect(isOwnFailure(new RejectError("x"))).toBe(false);
  expect(isOwnFailure(new RetryError("x", { retryAfterMs: 1 }))).toBe(false);
});

describe("failures of one consumer", () => {
  test("a message that fails while others succeed counts every time", () => {
    const records = createFailureRecords();
    let last = records.failed(1);
    for (let round = 0; round < 4; round++) {
      records.succeeded(100 + round);
      records.failed(200 + round);
      last = records.failed(1);
    }
    expect(last).toMatchObject({ failures: 5, ownFailures: 5 });
  });

  test("while all fail and none succeeds, a neighbour is down: nothing counts but the first time", () => {
    const records = createFailureRecords();
    let last = records.failed(1);
    for (let round = 0; round < 50; round++) {
      records.failed(2);
      last = records.failed(1);
    }
    expect(last).toMatchObject({ failures: 51, ownFailures: 1 });
  });

  test("a message that is alone in the world counts every time", () => {
    const records = createFailureRecords();
    for (let round = 0; round < 9; round++) records.failed(1);
    expect(records.failed(1)).toMatchObject({ failures: 10, ownFailures: 10 });
  });

  test("success and burial wipe the slate", () => {
    const records = createFailureRecords();
    records.failed(1);
    records.failed(2);
    records.succeeded(1);
    records.forget(2);
    expect(records.failed(1).failures).toBe(1);
    expect(records.failed(2).failures).toBe(1);
  });

  test("the oldest records go first when there are too many", () => {
    const records = createFailureRecords();
    for (let sequence = 1; sequence <= 10_000; sequence++) records.failed(sequence);
    records.failed(1); // now the youngest
    records.failed(10_001); // pushes out 2
    expect(records.failed(1).failures).toBe(3);
    expect(records.failed(2).failures).toBe(1);
  });
});
