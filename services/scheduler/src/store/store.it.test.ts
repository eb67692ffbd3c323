// The ledgers' statements against a real PostgreSQL.
import { expect, test } from "vitest";
import type { Sql } from "postgres";
import type { KnownDag } from "../core/learn.ts";
import { forgetSettled, listTicks, listTriggers } from "./ledgers.ts";
import {
  forgetSchedules,
  insertSchedule,
  loadSchedules,
  toldSince,
  lockSchedule,
  updateSchedule,
} from "./schedules.ts";
import {
  claimUnsaidTicks,
  recordTicks,
  reviveTicks,
  settleTicks,
  suppressedTicks,
} from "./ticks.ts";
import type { NewTick, TickStart } from "./ticks.ts";
import { claimUnsaidTriggers, recordTriggers, settleTriggers } from "./triggers.ts";
import { testStore } from "./testing.ts";

const HOUR = 3_600_000;
const dag: KnownDag = {
  dagId: "costs",
  version: 1,
  appliedMs: 0,
  paused: false,
  pausedMs: undefined,
  retired: false,
  was: [],
  timezone: "America/Bogota",
  timing: {
    crons: ["0 * * * *"],
    timezone: "America/Bogota",
    dates: [],
    excludes: [{ first: "12-25", last: "12-25", name: "Navidad" }],
    endMs: 99 * HOUR,
  },
  policy: { catchup: "latest", jitterMs: 5, runsFor: "interval", key: "${run.date}" },
  dynamicMs: undefined,
  rules: [
    {
      id: "rule-1",
      on: { kind: "event", subject: "logistics.routes.closed", when: "true" },
      key: "${run.date}",
      params: {},
    },
  ],
  params: { type: "object" },
  handledMs: 0,
};
const insert = (sql: Sql, changes: Partial<KnownDag> = {}): Promise<boolean> =>
  sql.begin((tx) => insertSchedule(tx, { ...dag, ...changes }, 5 * HOUR));
const startOf = (dueMs: number): TickStart => ({
  logicalMs: dueMs - HOUR,
  intervalStartMs: dueMs - HOUR,
  runKey: `hour ${dueMs / HOUR}`,
});
const firing = (dueMs: number, dagId = "costs"): NewTick => ({
  ...{ dagId, dueMs, revision: 1 },
  outcome: "firing",
  start: startOf(dueMs),
});
const unfired = (dueMs: number, outcome: "missed" | "suppressed", reason: string): NewTick => ({
  ...{ dagId: "costs", dueMs, revision: 1, outcome, reason },
});

test("a schedule is read back as it was written, and inserted once", async () => {
  await using store = await testStore();
  const { sql } = store.database;
  expect(await insert(sql)).toBe(true);
  expect(await insert(sql)).toBe(false);
  expect(await loadSchedules(sql)).toEqual([{ ...dag, revision: 1 }]);
  const revision = await sql.begin(async (tx) => {
    const locked = await lockSchedule(tx, "costs");
    expect(locked).toEqual({ dag: { ...dag, revision: 1 }, toldMs: 5 * HOUR });
    return updateSchedule(
      tx,
      { ...dag, paused: true, pausedMs: 6 * HOUR, timing: undefined },
      6 * HOUR,
    );
  });
  expect(revision).toBe(2);
  expect(await loadSchedules(sql)).toMatchObject([
    { paused: true, pausedMs: 6 * HOUR, timing: undefined },
  ]);
  expect(await loadSchedules(sql, { afterDagId: "costs" })).toEqual([]);
  expect(await toldSince(sql, 6 * HOUR)).toEqual([{ dagId: "costs", revision: 2, handledMs: 0 }]);
  expect(await toldSince(sql, 6 * HOUR + 1)).toEqual([]);
});

test("a DAG that is listed no more is forgotten, unless an event spoke of it since", async () => {
  await using store = await testStore();
  const { sql } = store.database;
  await insert(sql);
  await insert(sql, { dagId: "weekly" });
  expect(await forgetSchedules(sql, [], 5 * HOUR)).toEqual([]);
  expect(await forgetSchedules(sql, ["weekly"], 6 * HOUR)).toEqual(["costs"]);
});

test("S1: twenty at once record a due time once", async () => {
  await using store = await testStore();
  const { sql } = store.database;
  await insert(sql);
  const all = await Promise.all(
    Array.from({ length: 20 }, () => recordTicks(sql, [firing(HOUR), firing(2 * HOUR)], 2 * HOUR)),
  );
  const said = all.flatMap((recorded) => recorded.firing.map((tick) => tick.dueMs / HOUR));
  expect(said.toSorted()).toEqual([1, 2]);
});

test("S2: who knows an old revision records nothing, and is told so", async () => {
  await using store = await testStore();
  const { sql } = store.database;
  await insert(sql);
  await insert(sql, { dagId: "weekly" });
  await sql.begin((tx) => updateSchedule(tx, dag, 1));
  const recorded = await recordTicks(
    sql,
    [firing(HOUR), firing(2 * HOUR), firing(HOUR, "weekly"), firing(HOUR, "gone")],
    2 * HOUR,
  );
  expect(recorded.firing).toEqual([{ dagId: "weekly", dueMs: HOUR, ...startOf(HOUR) }]);
  expect(recorded.stale.toSorted()).toEqual(["costs", "gone"]);
  const handled = Object.fromEntries(
    (await loadSchedules(sql)).map((known) => [known.dagId, known.handledMs / HOUR]),
  );
  expect(handled).toEqual({ costs: 0, weekly: 1 });
});

test("S3: a row leaves firing once, and is said again until then", async () => {
  await using store = await testStore();
  const { database } = store;
  const { sql } = database;
  await insert(sql);
  const missed = unfired(2 * HOUR, "missed", "nobody was there");
  await recordTicks(sql, [firing(HOUR), missed, firing(3 * HOUR)], 4 * HOUR);
  const claim = (saidBeforeMs: number) =>
    claimUnsaidTicks(sql, { saidBeforeMs, nowMs: saidBeforeMs + 10, limit: 10 });
  expect(await claim(4 * HOUR)).toEqual([]);
  expect(await claim(4 * HOUR + 1)).toEqual(
    [HOUR, 3 * HOUR].map((dueMs) => ({ dagId: "costs", dueMs, ...startOf(dueMs) })),
  );
  expect(await claim(4 * HOUR + 1)).toEqual([]);
  await settleTicks(
    sql,
    [
      { dagId: "costs", dueMs: HOUR, outcome: "fired", runId: "run-1", reason: "joined" },
      { dagId: "costs", dueMs: 2 * HOUR, outcome: "fired", runId: "run-2", reason: "" },
      { dagId: "costs", dueMs: 3 * HOUR, outcome: "skipped", reason: "an earlier run is active" },
    ],
    5 * HOUR,
  );
  await settleTicks(
    sql,
    [{ dagId: "costs", dueMs: HOUR, outcome: "skipped", reason: "late" }],
    6 * HOUR,
  );
  const ticks = await listTicks(database, { dagIds: ["costs"], limit: 10 });
  expect(ticks.map(({ outcome, runId, reason }) => [outcome, runId, reason])).toEqual([
    ["skipped", null, "an earlier run is active"],
    ["missed", null, "nobody was there"],
    ["fired", "run-1", "joined"],
  ]);
  expect(await claim(9 * HOUR)).toEqual([]);
});

test("what a pause suppressed is revived once", async () => {
  await using store = await testStore();
  const { sql } = store.database;
  await insert(sql);
  await recordTicks(
    sql,
    [1, 2, 3].map((hour) => unfired(hour * HOUR, "suppressed", "the DAG was paused")),
    4 * HOUR,
  );
  const revived = await sql.begin(async (tx) => {
    expect(await suppressedTicks(tx, "costs", 2 * HOUR)).toEqual([2 * HOUR, 3 * HOUR]);
    const again = [2 * HOUR, 3 * HOUR].map((dueMs) => ({ dueMs, start: startOf(dueMs) }));
    return reviveTicks(tx, "costs", again, 5 * HOUR);
  });
  expect(revived).toEqual(
    [2 * HOUR, 3 * HOUR].map((dueMs) => ({ dagId: "costs", dueMs, ...startOf(dueMs) })),
  );
  await sql.begin(async (tx) => expect(await suppressedTicks(tx, "costs", 0)).toEqual([HOUR]));
});

const identity = { source: "logistics", id: "7" };
const starting = (dagId: string) =>
  ({
    ...identity,
    dagId,
    outcome: "starting",
    runKey: "k",
    start: Buffer.from([1, 0, 255]),
  }) as const;

test("a trigger is recorded once per DAG, and said until it settled", async () => {
  await using store = await testStore();
  const { database } = store;
  const { sql } = database;
  const filtered = {
    ...identity,
    dagId: "weekly",
    outcome: "filtered",
    reason: "when is false",
  } as const;
  const record = (nowMs: number) =>
    recordTriggers(sql, "logistics.routes.closed", [starting("costs"), filtered], nowMs);
  const first = await record(1_000);
  expect(first.map(({ key }) => key)).toEqual([{ ...identity, dagId: "costs" }]);
  expect(first.map(({ start }) => [...start])).toEqual([[1, 0, 255]]);
  expect(await record(2_000)).toEqual(first);
  expect(await claimUnsaidTriggers(sql, { saidBeforeMs: 1_001, nowMs: 3_000, limit: 9 })).toEqual(
    first,
  );
  await settleTriggers(sql, [{ ...identity, dagId: "costs", outcome: "started", runId: "run-1" }]);
  await settleTriggers(sql, [{ ...identity, dagId: "costs", outcome: "joined", runId: "run-2" }]);
  expect(await record(4_000)).toEqual([]);
  const rows = await listTriggers(database, { ...identity, limit: 9 });
  expect(rows.map(({ dagId, outcome, runId, reason }) => [dagId, outcome, runId, reason])).toEqual([
    ["costs", "started", "run-1", ""],
    ["weekly", "filtered", null, "when is false"],
  ]);
});

test("an unbound or dead trigger that comes again is decided anew", async () => {
  await using store = await testStore();
  const { database } = store;
  const record = (trigger: Parameters<typeof recordTriggers>[2][number]) =>
    recordTriggers(database.sql, "logistics.routes.closed", [trigger], 1_000);
  await record({ ...identity, dagId: "", outcome: "unbound", reason: "no DAG is bound" });
  await record({ ...identity, dagId: "costs", outcome: "dead", reason: "key: no such key: day" });
  expect(await record(starting("costs"))).toHaveLength(1);
  const rows = await listTriggers(database, { source: "", id: "", limit: 9 });
  expect(rows.map(({ dagId, outcome }) => [dagId, outcome])).toEqual([["costs", "starting"]]);
});

test("the ledgers forget what settled long ago, and nothing that is under way", async () => {
  await using store = await testStore();
  const { database } = store;
  const { sql } = database;
  await insert(sql);
  await recordTicks(sql, [firing(HOUR), firing(2 * HOUR)], 2 * HOUR);
  await settleTicks(
    sql,
    [{ dagId: "costs", dueMs: HOUR, outcome: "fired", runId: "run-1", reason: "" }],
    3 * HOUR,
  );
  await recordTriggers(sql, "logistics.x", [starting("costs")], HOUR);
  expect(await forgetSettled(sql, { beforeMs: 9 * HOUR, limit: 100 })).toBe(1);
  expect(await listTicks(database, { dagIds: [], limit: 9 })).toHaveLength(1);
  expect(await listTriggers(database, { source: "", id: "", limit: 9 })).toHaveLength(1);
});
