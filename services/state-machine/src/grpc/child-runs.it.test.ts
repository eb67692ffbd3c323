// A run and the run that a task of it wants, as people see the two: each names the other, now and in the past.
import { create } from "@bufbuild/protobuf";
import { createGrpcClient, openDatabase, serveGrpc } from "@chasqui/chassis";
import {
  AttemptState,
  DagSpecSchema,
  ExplainService,
  RunService,
  runIdOf,
} from "@chasqui/contracts";
import { expect, test } from "vitest";
import { replayAll } from "../../../../tests/support/index.ts";
import type { World } from "../testing.ts";
import { report, runner, setup, start } from "../testing.ts";
import { createAsk } from "./commands.ts";
import { explainService } from "./explain-service.ts";
import { runService } from "./run-service.ts";

const prices = create(DagSpecSchema, { id: "prices", tasks: [{ id: "work", uses: "test.task" }] });
const release = create(DagSpecSchema, {
  id: "release",
  tasks: [{ id: "child", uses: "dag.run", with: { dag: "prices" } }],
});
const parentId = runIdOf("release", "k1");
const childId = runIdOf("prices", "release/k1/child#1");

async function door(world: World) {
  const { bus, versions, stack } = world;
  const reads = openDatabase(world.databaseUrl, { connectionsMax: 2, applicationName: "test" });
  stack.defer(() => reads.end());
  const options = {
    db: await reads.drizzle(),
    sql: reads.sql,
    bus,
    versions,
    clock: () => Date.now(),
    heard: () => ({ lastMs: Date.now(), listeningSinceMs: 0 }),
  };
  const services = [runService({ ...options, ask: createAsk(bus) }), explainService(options)];
  const grpc = await serveGrpc({ port: 0, host: "127.0.0.1", services });
  stack.defer(() => grpc.stop(1_000));
  const to = `127.0.0.1:${grpc.port}`;
  const runs = createGrpcClient(RunService, to, { principal: "user:ana" });
  const explain = createGrpcClient(ExplainService, to, { principal: "user:ana" });
  stack.defer(() => runs.close());
  stack.defer(() => explain.close());
  return { runs, explain };
}

test("parent and child name each other, explain names the run that is waited for, and so did the past", async () => {
  await using world = await setup(release);
  const { committed } = await world.apply(prices);
  const begun = Promise.withResolvers<void>();
  await runner(world, (a) => {
    begun.resolve();
    return [report(a, AttemptState.RUNNING)];
  });
  await world.engines(1);
  await committed;
  await world.bus.publishOne(start(release, "k1"));
  await begun.promise;
  const { runs, explain } = await door(world);
  const childOf = async (atEvent = 0) => {
    const { run } = await runs.getRun({ runId: parentId, atEvent });
    return run?.tasks[0]?.childRunId;
  };
  await expect.poll(() => childOf()).toBe(childId); // the child may be at work before its parent heard of it
  expect([await childOf(2), await childOf(3)]).toEqual(["", childId]);
  const { run: child } = await runs.getRun({ runId: childId });
  const parent = { runId: parentId, dagId: "release", taskId: "child", mapIndex: -1, attempt: 1 };
  expect(child?.parent).toMatchObject(parent);
  expect((await runs.getRun({ runId: childId, atEvent: 1 })).run?.parent).toMatchObject(parent);
  const why = async () =>
    (await explain.explainRun({ runId: parentId })).explanations[0]?.causes.map(({ text }) => text);
  await expect
    .poll(why)
    .toEqual([`child waits for run ${childId} of DAG prices, which is running`]);
  const { runs: replayed, differences } = await replayAll(world.databaseUrl);
  expect({ replayed, differences }).toEqual({ replayed: 2, differences: [] });
});
