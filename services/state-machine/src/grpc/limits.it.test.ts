// Limits as people see and set them, on real servers by gRPC and the command line: pools, depends_on_past, paused DAGs.
import { create } from "@bufbuild/protobuf";
import { AttemptState, DagSpecSchema, RunState, TaskState, runIdOf } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { openDoors } from "../testing/doors.ts";
import { expectRowsEqualHistory, report, runner, setup, start, succeed } from "../testing.ts";

const dag = (task: object, more: { maxActiveRuns?: number } = {}): DagSpec =>
  create(DagSpecSchema, {
    ...{ id: "loads", maxActiveRuns: 100, ...more },
    tasks: [{ id: "load", uses: "test.task", ...task }],
  });

async function world(spec: DagSpec) {
  const t = await setup(spec);
  await t.engines(1);
  const doors = await openDoors(t);
  const runOf = async (key: string) =>
    (await doors.runs.getRun({ runId: runIdOf(spec.id, key) }).catch(() => ({ run: undefined })))
      .run;
  const taskOf = async (key: string) => (await runOf(key))?.tasks[0]?.state;
  const audits = async (resource: string) =>
    (
      await t.sql`select principal, action, reason from state_machine.audit
        where resource = ${resource} order by id`
    ).map((row) => [row["principal"], row["action"], row["reason"]]);
  const startAt = (key: string, second: number) =>
    doors.runs.startRun({
      dagId: spec.id,
      key,
      logicalTime: { seconds: BigInt(second), nanos: 0 },
    });
  return { t, ...doors, runOf, taskOf, audits, startAt };
}

test("a pool is made, shows who holds it and who waits, is made larger, and tells who did it and why", async () => {
  const { t, pools, cli, taskOf, audits } = await world(dag({ pool: "warehouse" }));
  await using _ = t;
  const made = await cli("pools", "set", "warehouse", "1", "--reason", "a small one");
  expect([made.code, made.out]).toEqual([0, "warehouse has 1 slots\n"]);
  await runner(t, (a) => [report(a, AttemptState.RUNNING)]);
  await t.bus.publishOne(start(t.spec, "k1"));
  await expect.poll(() => taskOf("k1")).toBe(TaskState.RUNNING);
  await t.bus.publishOne(start(t.spec, "k2"));
  await expect.poll(() => taskOf("k2")).toBe(TaskState.QUEUED);

  const waits = async () => (await pools.getPool({ name: "warehouse" })).waiters.length;
  await expect.poll(waits).toBe(1);
  const { pool, holders, waiters } = await pools.getPool({ name: "warehouse" });
  expect(pool).toMatchObject({ slots: 1, used: 1, waiting: 1, isLimit: false });
  expect([holders, waiters].map((claims) => claims.map(({ runId }) => runId))).toEqual([
    [runIdOf("loads", "k1")],
    [runIdOf("loads", "k2")],
  ]);
  const shown = (await cli("pools", "show", "warehouse")).out;
  expect(shown).toMatch(
    /warehouse: 1 of 1 slots out, 1 waiting\n[^]*holds +loads\/load[^]*waits +loads\/load/,
  );
  expect((await cli("explain", runIdOf("loads", "k2"), "load")).out).toContain(
    `load is in line for pool warehouse: 1 of 1 slots are out, held by loads/load of ${runIdOf("loads", "k1")}`,
  );

  await cli("pools", "set", "warehouse", "2", "--reason", "season");
  await expect.poll(() => taskOf("k2")).toBe(TaskState.RUNNING);
  const { out } = await cli("pools", "list", "--json");
  expect(JSON.parse(out)).toMatchObject({
    pools: [{ name: "warehouse", slots: 2, used: 2, waiting: 0 }],
  });
  expect(await audits("pool/warehouse")).toEqual([
    ["user:ana", "pool_set", "a small one"],
    ["user:ana", "pool_set", "season"],
  ]);
});

test("a pool that is not there is named with its like; a name and a size that cannot be are refused", async () => {
  const { t, pools, cli } = await world(dag({}));
  await using _ = t;
  await pools.setPool({ name: "warehouse", slots: 3, reason: "" });
  const missing = await cli("pools", "show", "warehose");
  expect([missing.code, missing.err]).toEqual([
    4,
    expect.stringContaining("did you mean `warehouse`"),
  ]);
  await expect(pools.setPool({ name: "Ware house", slots: 1 })).rejects.toThrow("want lower-case");
  await expect(pools.setPool({ name: "w", slots: 10_001 })).rejects.toThrow("want at most 10000");
  expect((await pools.setPool({ name: "warehouse", slots: 3 })).changed).toBe(false);
});

test("depends_on_past with one slot of the DAG: the run that waits does not hold up the one that is mended", async () => {
  const { t, runs, cli, runOf, taskOf, startAt } = await world(
    dag({ dependsOnPast: true }, { maxActiveRuns: 1 }),
  );
  await using _ = t;
  let healthy = false;
  await runner(t, (a) => (healthy ? succeed(a) : [report(a, AttemptState.FAILED)]));
  await startAt("k1", 1_000);
  await expect.poll(async () => (await runOf("k1"))?.state).toBe(RunState.FAILED);
  await startAt("k2", 2_000);
  await expect.poll(() => taskOf("k2")).toBe(TaskState.QUEUED);
  expect((await cli("explain", runIdOf("loads", "k2"), "load")).out).toContain(
    `load depends on the past: in the run before, ${runIdOf("loads", "k1")}, load is failed`,
  );
  healthy = true;
  const retry = { tasks: [], upstream: false, downstream: true, onlyFailed: true };
  await runs.clearTasks({ runId: runIdOf("loads", "k1"), ...retry, reason: "mended" });
  for (const key of ["k1", "k2"])
    await expect.poll(async () => (await runOf(key))?.state).toBe(RunState.SUCCEEDED);
  const { out } = await cli("explain", runIdOf("loads", "k2"), "load", "--json");
  expect(JSON.parse(out).explanations[0].waits[0]).toMatchObject({ kind: "past" });
  await expectRowsEqualHistory(t);
});

test("pause and resume say beforehand what they would change, and change nothing then; what is done is audited", async () => {
  const { t, dags, cli, runOf, audits } = await world(dag({}, { maxActiveRuns: 1 }));
  await using _ = t;
  await runner(t, (a) => [report(a, AttemptState.RUNNING)]);
  await t.bus.publishOne(start(t.spec, "k1"));
  await expect.poll(async () => (await runOf("k1"))?.state).toBe(RunState.RUNNING);
  const dry = (await cli("pause", "loads", "--dry-run")).out;
  expect(dry).toContain("loads would be paused");
  expect(dry).toContain("1 run at work would go on");
  expect((await dags.getDag({ dagId: "loads" })).dag?.paused).toBe(false);
  const before = await audits("dag/loads");
  expect(before.map(([, action]) => action)).toEqual(["version_applied"]);

  await cli("pause", "loads", "--reason", "flood");
  await t.bus.publishOne(t.cancel(runIdOf("loads", "k1")));
  await t.bus.publishOne(start(t.spec, "k2"));
  await expect.poll(async () => (await runOf("k2"))?.state).toBe(RunState.QUEUED);
  await t.bus.publishOne(start(t.spec, "k3"));
  await expect.poll(async () => (await runOf("k3"))?.state).toBe(RunState.QUEUED);
  expect((await cli("pause", "loads", "--dry-run")).out).toBe(
    "loads is paused already: nothing changes\n",
  );
  const { changes } = await dags.setPaused({ dagId: "loads", paused: false, dryRun: true });
  expect(changes).toMatchObject({ changed: true, waitingRuns: 2 });
  expect((await runOf("k2"))?.state).toBe(RunState.QUEUED);
  expect((await dags.getDag({ dagId: "loads" })).dag?.paused).toBe(true);
  expect((await audits("dag/loads")).slice(1)).toEqual([["user:ana", "paused_set", "flood"]]);
});
