// What each state of a row wants, and what each answer of Slack makes of it: the whole table.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  afterDeath,
  afterEdit,
  afterLookUp,
  afterPost,
  backoffMs,
  type Delivery,
  type LookUpAnswer,
  nextStep,
  type SlackAnswer,
} from "./delivery.ts";

const at = { channelId: "C1", messageTs: "1.1" };
const rows: Record<string, Delivery> = {
  pending: { state: "pending", failureCount: 2 },
  "posting, lease runs": { state: "posting", failureCount: 0, leaseOver: false },
  "posting, lease over": { state: "posting", failureCount: 0, leaseOver: true },
  "posted, current": { state: "posted", failureCount: 0, at, postedRevision: 4 },
  "posted, behind": { state: "posted", failureCount: 0, at, postedRevision: 3 },
  refused: { state: "refused", failureCount: 1, reason: "not_in_channel" },
  unconfirmed: { state: "unconfirmed", failureCount: 1, reason: "timeout" },
};

const answers: SlackAnswer[] = [
  { kind: "done", at },
  { kind: "rate_limited", retryAfterMs: 30_000 },
  { kind: "away", reason: "ECONNREFUSED" },
  { kind: "refused", reason: "channel_not_found" },
  { kind: "gone" },
  { kind: "doubt", reason: "timeout" },
];

const lookUps: LookUpAnswer[] = [
  { kind: "found", at, revision: 2 },
  { kind: "absent" },
  { kind: "unknown", reason: "missing_scope" },
];

test("what a due row wants", () => {
  const table = Object.entries(rows).map(([name, row]) => `${name}: ${nextStep(row, 4)}`);
  expect(table).toEqual([
    "pending: post",
    "posting, lease runs: rest",
    "posting, lease over: doubt",
    "posted, current: rest",
    "posted, behind: edit",
    "refused: post",
    "unconfirmed: look_up",
  ]);
});

test("what an answer makes of it: state, failures, next look at the row, pause of the channel", () => {
  const pending: Delivery = { state: "pending", failureCount: 2 };
  const posted = { state: "posted", failureCount: 0, at, postedRevision: 3 } as const;
  const doubt: Delivery = { state: "unconfirmed", failureCount: 1, reason: "timeout" };
  const shown = ({
    delivery,
    rowAfterMs,
    channelAfterMs,
  }: ReturnType<typeof afterPost>): string => {
    const revision = delivery.state === "posted" ? ` r${delivery.postedRevision}` : "";
    return `${delivery.state}${revision} ${delivery.failureCount} ${rowAfterMs} ${channelAfterMs}`;
  };
  expect([
    ...answers.map(
      (answer) =>
        `post ${answer.kind}: ${shown(afterPost(pending, { answer, revision: 4, doubtMs: 7_000 }))}`,
    ),
    ...answers.map(
      (answer) => `edit ${answer.kind}: ${shown(afterEdit(posted, { answer, revision: 4 }))}`,
    ),
    ...lookUps.map((answer) => `look up ${answer.kind}: ${shown(afterLookUp(doubt, answer))}`),
    `death: ${shown(afterDeath({ state: "posting", failureCount: 0, leaseOver: true }))}`,
  ]).toMatchInlineSnapshot(`
    [
      "post done: posted r4 0 0 1000",
      "post rate_limited: pending 2 30000 30000",
      "post away: pending 3 4000 4000",
      "post refused: refused 3 900000 1000",
      "post gone: refused 3 900000 1000",
      "post doubt: unconfirmed 3 7000 1000",
      "edit done: posted r4 0 0 1000",
      "edit rate_limited: posted r3 0 30000 30000",
      "edit away: posted r3 1 1000 1000",
      "edit refused: posted r3 1 900000 1000",
      "edit gone: posted r4 0 0 1000",
      "edit doubt: posted r3 1 1000 1000",
      "look up found: posted r2 0 0 1000",
      "look up absent: pending 0 0 0",
      "look up unknown: unconfirmed 2 2000 0",
      "death: unconfirmed 0 0 0",
    ]
  `);
});

test("a backoff grows and is bounded", () => {
  expect([1, 2, 3, 7, 8, 1_000].map(backoffMs)).toEqual([
    1_000, 2_000, 4_000, 60_000, 60_000, 60_000,
  ]);
});

test("P1, P2 only a row that is surely not in Slack is posted", () => {
  for (const row of Object.values(rows))
    if (nextStep(row, 4) === "post") expect(["pending", "refused"]).toContain(row.state);
  for (const answer of answers) {
    const { delivery } = afterPost(
      { state: "pending", failureCount: 0 },
      { answer, revision: 1, doubtMs: 7_000 },
    );
    const mayBeThere = answer.kind === "done" || answer.kind === "doubt";
    expect(nextStep(delivery, 1) === "post").toBe(!mayBeThere);
  }
  expect(
    nextStep(afterDeath({ state: "posting", failureCount: 0, leaseOver: true }).delivery, 1),
  ).toBe("look_up");
});

test("P3 each row that is not shown as it is has a next time", () => {
  fc.assert(
    fc.property(fc.constantFrom(...answers), fc.nat(50), (answer, failureCount) => {
      const next = afterPost(
        { state: "pending", failureCount },
        { answer, revision: 1, doubtMs: 7_000 },
      );
      expect(Number.isFinite(next.rowAfterMs)).toBe(true);
      expect(nextStep(next.delivery, 2)).not.toBe("rest");
    }),
  );
});
