// What the task says at the end, by what became of its recipients.
import { expect, test } from "vitest";
import type { Delivery } from "./delivery.ts";
import { LIST_MAX, outcomeOf, type Tally } from "./outcome.ts";

const author = { runId: "run-1", taskId: "mail", attemptId: "att-1", version: 2 };
const mailed = { ...author, address: "k@example.com", messageId: "<m@x>" };
const sent: Delivery = { state: "sent", ...mailed, evidence: {} };
const sentBefore: Delivery = { ...sent, runId: "run-0" };
const leftOut: Delivery = { state: "left_out", ...author, reason: "no routes in 2026-11-22" };
const failed: Delivery = {
  state: "failed",
  ...mailed,
  reason: "not sent: 550 no such user",
  evidence: { response_code: 550 },
};
const pending: Delivery = {
  ...failed,
  state: "pending",
  reason: "not sent: 451 later",
  evidence: { response_code: 451 },
};
const unconfirmed: Delivery = { ...failed, state: "unconfirmed", reason: "in doubt", evidence: {} };

function outcome(rows: Delivery[], rest: Partial<Tally> = {}) {
  const keyed = rows.map((row, i) => ({ key: `k${i}`, row }));
  return outcomeOf({ report: "r", period: "p", runId: "run-1", rows: keyed, ...rest });
}

test("everyone is counted, and who got none is named", () => {
  expect(outcome([sent, sentBefore, leftOut, failed, unconfirmed])).toEqual({
    kind: "succeeded",
    output: {
      report: "r",
      period: "p",
      total: 5,
      sent: 2,
      already_sent: 1,
      left_out: [{ key: "k2", reason: "no routes in 2026-11-22" }],
      failed: [{ key: "k3", reason: "not sent: 550 no such user" }],
      unconfirmed: [{ key: "k4", reason: "in doubt" }],
      not_listed: 0,
    },
  });
});

test("nobody due is a success without mails", () => {
  expect(outcome([leftOut])).toMatchObject({ kind: "succeeded", output: { sent: 0, total: 1 } });
  expect(outcome([])).toMatchObject({ kind: "succeeded", output: { total: 0 } });
});

test("a mail that waits fails the attempt", () => {
  expect(outcome([sent, pending, failed])).toMatchObject({
    kind: "failed",
    class: "upstream",
    permanent: false,
    message: "not sent: 451 later; 1 of 2 mails sent, 1 wait for the next attempt",
    evidence: { response_code: 451 },
  });
});

test("a server that is away is the reason, not its first victim", () => {
  const brokenOff = {
    message: "not sent: connect ECONNREFUSED",
    permanent: false,
    evidence: { code: "ESOCKET" },
  };
  expect(outcome([sent, pending], { brokenOff })).toMatchObject({
    kind: "failed",
    class: "upstream",
    message: "not sent: connect ECONNREFUSED; 1 of 2 mails sent, 1 wait for the next attempt",
    evidence: { code: "ESOCKET" },
  });
});

test("a server that refuses us for good is our configuration", () => {
  const brokenOff = { message: "535 bad credentials", permanent: true, evidence: {} };
  expect(outcome([pending], { brokenOff })).toMatchObject({
    kind: "failed",
    class: "config",
    permanent: true,
  });
});

test("all refused for good fails for good", () => {
  expect(outcome([failed, failed, leftOut])).toMatchObject({
    kind: "failed",
    class: "upstream",
    permanent: true,
    message: "every mail was refused for good, the first so: not sent: 550 no such user",
  });
  expect(outcome([failed, unconfirmed]).kind).toBe("succeeded");
});

test("an output always fits, and says what it leaves out", () => {
  const long: Delivery = { ...unconfirmed, state: "unconfirmed", reason: "x".repeat(500) };
  const many = [long, { ...leftOut, reason: "y".repeat(500) }, failed].flatMap((row) =>
    Array.from({ length: LIST_MAX + 7 }, (): Delivery => row),
  );
  const { output } = outcome([...many, sent]);
  expect(output.not_listed).toBe(21);
  expect(JSON.stringify(output).length).toBeLessThan(64 * 1024);
});
