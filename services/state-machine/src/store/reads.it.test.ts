// What is asked for, from a real PostgreSQL.
import { runIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { listRuns } from "./reads.ts";
import { run } from "./schema.ts";
import { testStore } from "./testing.ts";

async function setup() {
  const store = await testStore();
  const { database } = store;
  const db = await database.drizzle();
  return {
    db,
    /** Runs are created in the order of these calls. */
    async insert(dagId: string, key: string, logicalAt: string) {
      const at = new Date(logicalAt);
      await db.insert(run).values({
        runId: runIdOf(dagId, key),
        dagId,
        dagNumber: 1,
        fingerprint: "f",
        key,
        state: "running",
        version: 1,
        format: 1,
        causeKind: "manual",
        causeBy: "user:test",
        params: {},
        event: {},
        traceId: "0".repeat(32),
        traced: false,
        logicalAt: at,
        intervalStartAt: at,
        intervalEndAt: at,
        createdAt: new Date(),
        lastAt: at,
      });
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

test("runs of a stretch of logical time: from its first instant up to, not including, its last", async () => {
  await using t = await setup();
  await t.insert("costs", "3", "2026-01-03T00:00:00Z"); // created first: a backfill came later
  await t.insert("costs", "1", "2026-01-01T23:59:59.999Z");
  await t.insert("costs", "2", "2026-01-02T00:00:00Z");
  await t.insert("other", "2", "2026-01-02T12:00:00Z");
  const keysOf = async (dagId: string, from?: string, until?: string): Promise<string[]> => {
    const logical = {
      from: from === undefined ? undefined : new Date(from),
      until: until === undefined ? undefined : new Date(until),
    };
    const rows = await listRuns(
      t.db,
      { dagIds: dagId === "" ? [] : [dagId], states: [], after: undefined, logical },
      10,
    );
    return rows.map(({ key }) => key).sort();
  };
  expect(await keysOf("costs")).toEqual(["1", "2", "3"]);
  expect(await keysOf("costs", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")).toEqual(["2"]);
  expect(await keysOf("costs", "2026-01-02T00:00:00Z")).toEqual(["2", "3"]);
  expect(await keysOf("costs", undefined, "2026-01-02T00:00:00Z")).toEqual(["1"]);
  expect(await keysOf("", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")).toEqual(["2", "2"]);
});
