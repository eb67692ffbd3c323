// The ledger's fence on a real PostgreSQL: of two writers that believed the same, exactly one succeeds.
import { openDatabase } from "@chasqui/chassis";
import { expect, test } from "vitest";
import { TestPostgres, migrated } from "../../../../tests/support/index.ts";
import { claim, leaveOut, settleClaim } from "../core/delivery.ts";
import { postgresLedger } from "./ledger.ts";

const mail = { address: "k@example.com", messageId: "<m@chasqui.example>", leaseMs: 60_000 };
const author = (attemptId: string) => ({ runId: "run-1", taskId: "mail", attemptId });

async function setup() {
  const stack = new AsyncDisposableStack();
  const { url } = stack.use(await TestPostgres.database({ template: migrated("report-mailer") }));
  const database = openDatabase(url, { connectionsMax: 4, applicationName: "test" });
  stack.defer(() => database.end());
  return {
    ledger: postgresLedger(database.sql, { report: "costs", period: "2026-11-22" }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("twenty at once claim a recipient that nobody has: one does", async () => {
  await using t = await setup();
  const attempts = Array.from({ length: 20 }, (_, i) => `att-${i}`);
  const claimed = await Promise.all(
    attempts.map((attemptId) => t.ledger.put("k", claim(undefined, author(attemptId), mail))),
  );
  expect(claimed.filter(Boolean)).toHaveLength(1);
  const row = (await t.ledger.load(["k"])).get("k");
  expect(row).toMatchObject({ state: "claimed", attemptId: attempts[claimed.indexOf(true)] });
});

test("who believes an old version writes nothing: what was sent stays sent", async () => {
  await using t = await setup();
  const left = leaveOut(undefined, author("att-1"), "no rows");
  expect(await t.ledger.put("k", left)).toBe(true);
  const [first, second] = ["att-2", "att-3"].map((id) => claim(left, author(id), mail));
  if (first === undefined || second === undefined) throw new Error("two claims were made");
  expect(await t.ledger.put("k", first)).toBe(true);
  const sent = settleClaim(first, { kind: "accepted", evidence: { response: "250 ok" } });
  expect(await t.ledger.put("k", sent)).toBe(true);
  expect(await t.ledger.put("k", second)).toBe(false);
  expect((await t.ledger.load(["k"])).get("k")).toEqual(sent);
});
