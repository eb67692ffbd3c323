// The whole table of decide(): every state of a row, both kinds of candidates, every circumstance.
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { Delivery } from "./delivery.ts";
import type { Candidate } from "./recipients.ts";

const due: Candidate = {
  kind: "due",
  key: "k",
  address: "k@example.com",
  locale: "en",
  recipient: {},
  rows: [{ n: 1 }],
};
const leftOut: Candidate = { kind: "left_out", key: "k", reason: "no rows" };

const author = { runId: "run-1", taskId: "mail", attemptId: "att-1" };
const mailed = { version: 3, ...author, address: "k@example.com", messageId: "<m@x>" };
const doubtful = { ...mailed, reason: "why", evidence: {} };

const rows: Record<string, Delivery | undefined> = {
  "no row": undefined,
  "left out, same reason": { state: "left_out", version: 1, ...author, reason: "no rows" },
  "left out, other reason": { state: "left_out", version: 1, ...author, reason: "inactive" },
  pending: { state: "pending", ...doubtful },
  "claimed, lease runs": { state: "claimed", ...mailed, leaseLeftMs: 900 },
  "claimed, lease over": { state: "claimed", ...mailed, leaseLeftMs: 0 },
  sent: { state: "sent", ...mailed, evidence: {} },
  "failed, same run and address": { state: "failed", ...doubtful },
  "failed, same run, other address": { state: "failed", ...doubtful, address: "old@example.com" },
  "failed, other run": { state: "failed", ...doubtful, runId: "run-0" },
  unconfirmed: { state: "unconfirmed", ...doubtful },
};

test("decide, as a table", () => {
  const table = Object.entries(rows).map(([name, row]) => {
    const cell = (candidate: Candidate, canLookUp: boolean): string => {
      const decision = decide(candidate, row, { runId: "run-1", canLookUp });
      switch (decision.do) {
        case "wait":
          return `wait ${decision.waitMs}`;
        case "leave_out":
          return `leave_out (${decision.reason})`;
        default:
          return decision.do;
      }
    };
    return [
      name,
      cell(due, false),
      cell(due, true),
      cell(leftOut, false),
      cell(leftOut, true),
    ].join(" | ");
  });
  expect(table).toMatchInlineSnapshot(`
    [
      "no row | claim | claim | leave_out (no rows) | leave_out (no rows)",
      "left out, same reason | claim | claim | count | count",
      "left out, other reason | claim | claim | leave_out (no rows) | leave_out (no rows)",
      "pending | claim | claim | leave_out (no rows) | leave_out (no rows)",
      "claimed, lease runs | wait 900 | wait 900 | wait 900 | wait 900",
      "claimed, lease over | doubt | doubt | doubt | doubt",
      "sent | count | count | count | count",
      "failed, same run and address | count | count | leave_out (no rows) | leave_out (no rows)",
      "failed, same run, other address | claim | claim | leave_out (no rows) | leave_out (no rows)",
      "failed, other run | claim | claim | leave_out (no rows) | leave_out (no rows)",
      "unconfirmed | count | look_up | count | look_up",
    ]
  `);
});
