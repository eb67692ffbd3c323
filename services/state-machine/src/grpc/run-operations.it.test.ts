// What people ask of runs, by gRPC's handlers and the engine, on real servers: a red run is cleared, marked, done again.
import { createGrpcClient, openDatabase, serveGrpc } from "@chasqui/chassis";
import type { GrpcClient } from "@chasqui/chassis";
import {
  AttemptState,
  RerunVersion,
  RunService,
  RunState,
  TaskState,
  runIdOf,
} from "@chasqui/contracts";
import type { Assignment } from "@chasqui/contracts";
import { expect, test } from "vitest";
import type { World } from "../testing.ts";
import {
  dagOf,
  expectRowsEqualHistory,
  report,
  runner,
  settled,
  setup,
  start,
  succeed,
} from "../testing.ts";
import { createAsk } from "./commands.ts";
import { runService } from "./run-service.ts";

/** RunService at its door, asked by Ana. */
async function door(world: World): Promise<GrpcClient<typeof RunService>> {
  const { bus, versions } = world;
  const reads = openDatabase(world.databaseUrl, { connectionsMax: 2, applicationName: "test" });
  world.stack.defer(() => reads.end());
  const db = await reads.drizzle();
  const service = runService({
    ...{ db, sql: reads.sql, bus, versions },
    ask: createAsk(bus),
    clock: () => Date.now(),
  });
  const grpc = await serveGrpc({ port: 0, host: "127.0.0.1", services: [service] });
  world.stack.defer(() => grpc.stop(1_000));
  const client = createGrpcClient(RunService, `127.0.0.1:${grpc.port}`, { principal: "user:ana" });
  world.stack.defer(() => client.close());
  return client;
}

const rows = async ({ sql }: World, runId: string) =>
  Object.fromEntries(
    (
      await sql<{ task_id: string; state: string; attempt: number }[]>`
        select task_id, state, attempt from state_machine.task where run_id = ${runId}`
    ).map(({ task_id, state, attempt }) => [task_id, `${state} ${attempt}`]),
  );

const audits = ({ sql }: World) =>
  sql<{ principal: string; action: string; resource: string; reason: string }[]>`
    select principal, action, resource, reason from state_machine.audit
    where resource like 'run/%' order by id`;

/** A run in which b failed at its first attempt, settled. */
async function red() {
  const world = await setup();
  let healthy = false;
  await runner(world, (a: Assignment) =>
    healthy || a.taskId !== "b" ? succeed(a) : [report(a, AttemptState.FAILED)],
  );
  await world.engines(1);
  const done = settled(world, 1);
  await world.bus.publishOne(start(world.spec, "k1"));
  await done;
  const runId = runIdOf(world.spec.id, "k1");
  const heal = () => {
    healthy = true;
  };
  return { world, runId, heal, runs: await door(world) };
}

test("a red run is cleared: a dry run lists what changes and changes nothing; then it goes on, and attempts count on", async () => {
  const { world, runId, heal, runs } = await red();
  await using _ = world;
  const before = await rows(world, runId);
  expect(before).toEqual({
    a: "succeeded 1",
    b: "failed 1",
    c: "succeeded 1",
    d: "upstream_failed 0",
  });
  const retry = { runId, tasks: [], upstream: false, downstream: true, onlyFailed: true };
  const request = { ...retry, reason: "fixed", dryRun: true };
  const dry = await runs.clearTasks(request);
  expect(dry.run?.state).toBe(RunState.FAILED);
  expect(dry.changes?.runState).toBe(RunState.QUEUED);
  expect(dry.changes?.tasks?.map(({ taskId, from, to }) => [taskId, from, to])).toEqual([
    ["b", TaskState.FAILED, TaskState.WAITING],
    ["d", TaskState.UPSTREAM_FAILED, TaskState.WAITING],
  ]);
  expect(await rows(world, runId)).toEqual(before);
  expect(await audits(world)).toEqual([]);
  heal();
  const done = settled(world, 1);
  await runs.clearTasks({ ...request, dryRun: false });
  expect([...(await done).values()]).toEqual([RunState.SUCCEEDED]);
  expect(await rows(world, runId)).toEqual({
    a: "succeeded 1",
    b: "succeeded 2",
    c: "succeeded 1",
    d: "succeeded 1",
  });
  expect(await audits(world)).toEqual([
    { principal: "user:ana", action: "clear", resource: `run/${runId}`, reason: "fixed" },
  ]);
  await expectRowsEqualHistory(world);
});

test("a failed task is marked succeeded: what had no chance for it runs, and the run is green", async () => {
  const { world, runId, runs } = await red();
  await using _ = world;
  const done = settled(world, 1);
  const request = { runId, task: "b", state: TaskState.SUCCEEDED, reason: "done by hand" };
  await runs.markTask({ ...request, dryRun: false });
  expect([...(await done).values()]).toEqual([RunState.SUCCEEDED]);
  expect(await rows(world, runId)).toMatchObject({ b: "succeeded 1", d: "succeeded 1" });
  const { run } = await runs.getRun({ runId });
  expect(run?.tasks?.find(({ taskId }) => taskId === "b")?.reason).toBe(
    "marked succeeded by user:ana: done by hand",
  );
  await expectRowsEqualHistory(world);
});

test("what cannot be is refused with words, before anything is asked", async () => {
  const { world, runId, runs } = await red();
  await using _ = world;
  const clear = { runId, upstream: false, downstream: false, onlyFailed: false, reason: "" };
  await expect(runs.clearTasks({ ...clear, tasks: ["nobody"], dryRun: false })).rejects.toThrow(
    "the run has no task nobody",
  );
  await expect(runs.clearTasks({ ...clear, tasks: ["b["], dryRun: false })).rejects.toThrow(
    'task "b[": want its id',
  );
  const mark = { runId, task: "b", reason: "", dryRun: true };
  await expect(runs.markTask({ ...mark, state: TaskState.RUNNING })).rejects.toThrow(
    "a task can be marked succeeded, failed or skipped",
  );
});

test("a run is done again, of its own version and of the newest, under keys that count", async () => {
  const { world, runId, heal, runs } = await red();
  await using _ = world;
  heal();
  const newest = dagOf({ a: [], e: ["a"] });
  const { committed } = await world.apply(newest);
  await committed;
  const ask = { runId, reason: "again" };
  const dry = await runs.rerunRun({ ...ask, version: RerunVersion.ORIGINAL, dryRun: true });
  expect(dry.run).toMatchObject({ key: "k1~1", dagVersion: 1, rerunOf: runId });
  expect((await world.sql`select count(*)::int as n from state_machine.run`)[0]?.["n"]).toBe(1);
  const done = settled(world, 2);
  const first = await runs.rerunRun({ ...ask, version: RerunVersion.ORIGINAL, dryRun: false });
  expect(first.run).toMatchObject({ key: "k1~1", dagVersion: 1, rerunOf: runId });
  const second = await runs.rerunRun({
    ...ask,
    runId: first.run?.runId ?? "",
    version: RerunVersion.NEWEST,
    dryRun: false,
  });
  expect(second.run).toMatchObject({ key: "k1~2", dagVersion: 2, rerunOf: first.run?.runId });
  expect([...(await done).values()]).toEqual([RunState.SUCCEEDED, RunState.SUCCEEDED]);
  expect(Object.keys(await rows(world, first.run?.runId ?? ""))).toHaveLength(4);
  expect(await rows(world, second.run?.runId ?? "")).toEqual({
    a: "succeeded 1",
    e: "succeeded 1",
  });
  await expectRowsEqualHistory(world);
});

test("a run is started of an earlier version by its number; one that never was is refused", async () => {
  const { world, heal, runs } = await red();
  await using _ = world;
  heal();
  const newest = dagOf({ a: [], e: ["a"] });
  const { committed } = await world.apply(newest);
  await committed;
  const ask = { dagId: newest.id, requestId: "r", params: {} };
  const current = await runs.startRun({ ...ask, key: "now" });
  expect(current).toMatchObject({ created: true, run: { dagVersion: 2 } });
  const pinned = await runs.startRun({ ...ask, key: "old", version: 1 });
  expect(pinned).toMatchObject({ created: true, run: { key: "old", dagVersion: 1 } });
  await expect(runs.startRun({ ...ask, key: "none", version: 9 })).rejects.toThrow(
    `DAG ${newest.id} has no version 9: the current one is 2`,
  );
  const [audit] = await world.sql`
    select detail from state_machine.audit where resource = ${`run/${pinned.run?.runId ?? ""}`}`;
  expect(audit).toEqual({ detail: { created: true, version: 1 } });
});

test("a cancelled run is cleared and settles again", async () => {
  await using world = await setup(dagOf({ a: [] }));
  let cancelled = Promise.withResolvers<void>();
  let works = false;
  const held: Assignment[] = [];
  await runner(world, (a) => {
    if (works) return succeed(a);
    held.push(a);
    cancelled.resolve();
    return [];
  });
  world.bus.subscribePlain("chasqui.cancel.>", () => {
    for (const a of held.splice(0)) void world.bus.publish([report(a, AttemptState.CANCELLED)]);
  });
  await world.engines(1);
  const runs = await door(world);
  await world.bus.publishOne(start(world.spec, "k1"));
  await cancelled.promise;
  const runId = runIdOf(world.spec.id, "k1");
  const cancel = { runId, reason: "wrong day", now: false };
  const dry = await runs.cancelRun({ ...cancel, dryRun: true });
  expect(dry.changes?.tasks?.[0]).toMatchObject({ to: TaskState.CANCELLING });
  expect(held).toHaveLength(1);
  const first = settled(world, 1);
  await runs.cancelRun({ ...cancel, dryRun: false });
  expect([...(await first).values()]).toEqual([RunState.CANCELLED]);
  cancelled = Promise.withResolvers();
  works = true;
  const second = settled(world, 1);
  const clear = { runId, tasks: [], upstream: false, downstream: false, onlyFailed: false };
  await runs.clearTasks({ ...clear, reason: "right day after all", dryRun: false });
  expect([...(await second).values()]).toEqual([RunState.SUCCEEDED]);
  expect(await rows(world, runId)).toEqual({ a: "succeeded 2" });
  expect((await audits(world)).map(({ action }) => action)).toEqual(["cancel", "clear"]);
  await expectRowsEqualHistory(world);
});
