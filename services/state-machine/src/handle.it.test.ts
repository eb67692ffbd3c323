// The engine against a real nats-server and a real PostgreSQL: runs go from StartRun to settled, whatever is said
// twice, late, at once or wrongly.
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  AssignmentSchema,
  AttemptState,
  CommandVerdictSchema,
  attemptIdOf,
  runIdOf,
} from "@chasqui/contracts";
import type { CommandVerdict } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import {
  dagOf,
  expectRowsEqualHistory,
  report,
  runner,
  settled,
  setup,
  start,
  succeed,
} from "./testing.ts";

test("a diamond runs through; each attempt is assigned once; the rows equal the fold of the history", async () => {
  await using world = await setup();
  const done = settled(world, 1);
  const seen = await runner(world, succeed);
  await world.engines(1);
  await world.bus.publishOne(start(world.spec, "k1"));
  const states = await done;
  expect([...states.values()]).toEqual([4]);
  expect([...seen.values()]).toEqual([1, 1, 1, 1]);
  await expectRowsEqualHistory(world);
});

test("the same StartRun ten times, and ten copies of each report: one run, each task once", async () => {
  await using world = await setup();
  const done = settled(world, 1);
  const seen = await runner(world, (a) =>
    Array.from({ length: 10 }, (_, i) => ({
      ...report(a, AttemptState.SUCCEEDED),
      id: `${a.attemptId}-copy${i}`,
    })),
  );
  await world.engines(1);
  await world.bus.publish(Array.from({ length: 10 }, (_, i) => start(world.spec, "k1", i)));
  await done;
  expect(seen.size).toBe(4);
  expect((await world.sql`select count(*)::int as n from state_machine.run`)[0]?.["n"]).toBe(1);
  await expectRowsEqualHistory(world);
});

test("two replicas decide the same runs: every run settles once, nothing is lost", async () => {
  await using world = await setup();
  const done = settled(world, 40);
  await runner(world, succeed);
  await world.engines(2);
  await world.bus.publish(Array.from({ length: 40 }, (_, i) => start(world.spec, `k${i}`)));
  const states = await done;
  expect(new Set(states.values())).toEqual(new Set([4]));
  await expectRowsEqualHistory(world);
});

test("more versions at work than memory holds: each DAG is told of, and all runs end", async () => {
  await using world = await setup(dagOf({ a: [], b: ["a"] }), { versionsMax: 1 });
  const told = new Set<string>();
  world.bus.subscribePlain("chasqui.event.dag-applied.>", (_, subject) => told.add(subject));
  const done = settled(world, 40);
  await runner(world, succeed);
  await world.engines(1);
  const others = Array.from({ length: 7 }, (_, i) => ({ ...world.spec, id: `other-${i}` }));
  for (const other of others) await (await world.apply(other)).committed;
  const runs = [world.spec, ...others].flatMap((spec) =>
    Array.from({ length: 5 }, (_, i) => start(spec, `${spec.id}-${i}`)),
  );
  await world.bus.publish(runs);
  expect(new Set((await done).values())).toEqual(new Set([4]));
  expect(told.size).toBe(8);
});

test("a report of an attempt that was never assigned is dead with a reason, and hurts nobody", async () => {
  await using world = await setup();
  const done = settled(world, 1);
  const dead = Promise.withResolvers<string>();
  world.bus.subscribePlain("chasqui.dead.>", (_, subject) => dead.resolve(subject));
  await world.engines(1);
  const runId = runIdOf(world.spec.id, "k1");
  await world.bus.publishOne(start(world.spec, "k1"));
  const attempt = { runId, taskId: "a", mapIndex: -1, attempt: 7 };
  const ghost = create(AssignmentSchema, { ...attempt, attemptId: attemptIdOf(attempt) });
  await world.bus.publishOne(report(ghost, AttemptState.SUCCEEDED));
  expect(await dead.promise).toMatch(/^chasqui\.dead\.state-machine-\d$/);
  await runner(world, succeed);
  expect([...(await done).values()]).toEqual([4]);
});

test("a failed task fails the run and skips nothing silently; what follows is upstream_failed", async () => {
  await using world = await setup();
  const done = settled(world, 1);
  await runner(world, (a) => [
    report(a, a.taskId === "b" ? AttemptState.FAILED : AttemptState.SUCCEEDED),
  ]);
  await world.engines(1);
  await world.bus.publishOne(start(world.spec, "k1"));
  expect([...(await done).values()]).toEqual([5]);
  const rows = await world.sql<{ task_id: string; state: string }[]>`
    select task_id, state from state_machine.task order by task_id`;
  expect(rows.map((row) => `${row.task_id} ${row.state}`)).toEqual([
    "a succeeded",
    "b failed",
    "c succeeded",
    "d upstream_failed",
  ]);
  await expectRowsEqualHistory(world);
});

test("max_active_runs 2: never more than two at once, and all ten get their turn", async () => {
  await using world = await setup(dagOf({ a: [] }, { maxActiveRuns: 2 }));
  const done = settled(world, 10);
  const active: Promise<number>[] = [];
  await runner(world, (a) => {
    const counted = world.sql<{ n: number }[]>`
      select count(*)::int as n from state_machine.run where state = 'running'`;
    active.push(counted.then(([row]) => row?.n ?? 0));
    return succeed(a);
  });
  await world.engines(1);
  await world.bus.publish(Array.from({ length: 10 }, (_, i) => start(world.spec, `k${i}`)));
  await done;
  expect(Math.max(...(await Promise.all(active)))).toBeLessThanOrEqual(2);
});

test("a StartRun to a paused DAG is told so, and its run begins when the DAG is resumed", async () => {
  await using world = await setup(dagOf({ a: [] }));
  const done = settled(world, 1);
  await runner(world, succeed);
  await world.engines(1);
  const pause = (paused: boolean) =>
    inboxMessage("dag", world.spec.id, `paused-${paused}`, {
      case: "setPaused",
      value: { dagId: world.spec.id, paused, by: "test", reason: "" },
    });
  await world.bus.publishOne(pause(true));
  const verdict = await new Promise<CommandVerdict>((resolve, reject) => {
    const replyTo = world.bus.inbox();
    world.bus.subscribePlain(replyTo, (data) => resolve(fromBinary(CommandVerdictSchema, data)));
    const value = { dagId: world.spec.id, key: "k", logicalMs: 1_000, causeKind: 2, by: "test" };
    const say = inboxMessage("dag", world.spec.id, "s", { case: "startRun", value }, { replyTo });
    world.bus.publishOne(say).catch(reject);
  });
  expect(verdict).toMatchObject({ accepted: true, changed: true, paused: true });
  await world.bus.publishOne(pause(false));
  expect([...(await done).values()]).toEqual([4]);
});

test("one message that PostgreSQL refuses harms only itself", async () => {
  await using world = await setup();
  const done = settled(world, 5);
  const tooLarge = 4_000_000_000; // a valid uint32 on the wire, and no integer of PostgreSQL's
  await runner(world, (a) => [report(a, AttemptState.SUCCEEDED, tooLarge), ...succeed(a)]);
  let dead = 0;
  const allDead = Promise.withResolvers<void>();
  world.bus.subscribePlain("chasqui.dead.>", () => {
    dead += 1;
    if (dead === 20) allDead.resolve(); // each of the 20 attempts sent one
  });
  await world.engines(1);
  await world.bus.publish(Array.from({ length: 5 }, (_, i) => start(world.spec, `k${i}`)));
  expect(new Set((await done).values())).toEqual(new Set([4]));
  await allDead.promise;
  await expectRowsEqualHistory(world);
});

test("a report that can never be decided ends its attempt as unknown: no run hangs", async () => {
  await using world = await setup(dagOf({ a: [] }));
  const done = settled(world, 1);
  await runner(world, (a) => [report(a, AttemptState.SUCCEEDED, 4_000_000_000)]);
  await world.engines(1);
  await world.bus.publishOne(start(world.spec, "k1"));
  expect([...(await done).values()]).toEqual([5]);
  const [row] = await world.sql<{ failure: { class: string; message: string } }[]>`
    select failure from state_machine.task`;
  expect(row?.failure.class).toBe("unknown");
  expect(row?.failure.message).toMatch(/^its report could not be decided: .*out of range/);
});
