// Who is due a report: examples of each reason.
import { expect, test } from "vitest";
import { candidatesOf, type CandidateInput } from "./recipients.ts";
import type { Row } from "./rows.ts";

function input(recipients: Row[], data: Row[]): CandidateInput {
  return {
    recipients,
    data,
    key: "id",
    emptyReason: "no routes in 2026-11-22",
    localeDefault: "en",
  };
}

function summary(recipients: Row[], data: Row[]) {
  const found = candidatesOf(input(recipients, data));
  if (found.kind === "problem") return found.message;
  return found.candidates.map((c) =>
    c.kind === "due"
      ? `${c.key} ${c.address} ${c.locale} ${c.rows.length}`
      : `${c.key}: ${c.reason}`,
  );
}

test("each recipient with rows is due, the others are left out with a reason", () => {
  const recipients: Row[] = [
    { id: "a", email: "a@example.com", locale: "es-CO", active: true },
    { id: "b", email: "b@example.com", locale: null, active: true },
    { id: "c", email: "c@example.com", locale: "en", active: false },
    { id: "d", email: "d@example.com\r\nBcc: e@example.com", locale: "en", active: true },
    { id: "e", email: "e@example.com", locale: "en", active: true },
    { id: "f", email: "f@example.com", locale: "en", active: null },
  ];
  const data: Row[] = ["a", "b", "a", "c", "d", "f", "x"].map((id, n) => ({ id, n }));
  expect(summary(recipients, data)).toEqual([
    "a a@example.com es-CO 2",
    "b b@example.com en 1",
    "c: inactive",
    "d: no valid address",
    "e: no routes in 2026-11-22",
    "f: inactive",
    "x: 1 row of nobody: not in recipients.query",
  ]);
});

test("without a column `active` everybody is active", () => {
  expect(summary([{ id: 7, email: "a@example.com" }], [{ id: "7" }])).toEqual([
    "7 a@example.com en 1",
  ]);
});

test.each([
  [
    [{ id: "a" }, { id: "a" }],
    [],
    'recipients.query answers id "a" twice: want one row per recipient',
  ],
  [
    [{ key: "a" }],
    [],
    "recipients.query answers a row with no column id, only key: want a key of 1 to 200 printable characters",
  ],
  [
    [],
    [{ id: null }],
    "data.query answers a row with id null: want a key of 1 to 200 printable characters",
  ],
  [
    [{ id: "a\n" }],
    [],
    'recipients.query answers a row with id "a\\n": want a key of 1 to 200 printable characters',
  ],
] satisfies [Row[], Row[], string][])("%j and %j is a problem", (recipients, data, message) => {
  expect(summary(recipients, data)).toBe(message);
});
