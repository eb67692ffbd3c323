// Pools against a real nats-server and a real PostgreSQL: never more at work than there are slots, and no slot is lost.
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AttemptState, DagSpecSchema, attemptIdOf, runIdOf } from "@chasqui/contracts";
import type { Assignment } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { acquireSlots, setPool } from "./say/pool-messages.ts";
import { loadPools, loadRuns } from "./store/load.ts";
import {
  expectRowsEqualHistory,
  report,
  runner,
  settled,
  setup,
  start,
  succeed,
} from "./testing.ts";

const dag = (tasks: MessageInitShape<typeof DagSpecSchema>["tasks"] = []) =>
  create(DagSpecSchema, { id: "loads", maxActiveRuns: 100, tasks });
const task = (id: string, more: object = {}) => ({ id, uses: "test.task", ...more });
const size = (pool: string, slots: number, id = `size-${slots}`) =>
  setPool({ pool, slots, by: "user:ana", reason: "season" }, id, { declared: false });

/** Begins, and ends on the tester's word or on the run's cancel. */
const begin = (a: Assignment) => [report(a, AttemptState.RUNNING)];

test("twelve tasks of four runs and two replicas share two slots: never more than two at work, all get their turn", async () => {
  const spec = dag(["a", "b", "c"].map((id) => task(id, { pool: "warehouse" })));
  await using world = await setup(spec);
  const done = settled(world, 4);
  const out: Promise<number>[] = [];
  const seen = await runner(world, (a) => {
    const counted = world.sql<{ n: number }[]>`
      select count(*)::int as n from state_machine.task where state in ('assigned', 'running')`;
    out.push(counted.then(([row]) => row?.n ?? 0));
    return succeed(a);
  });
  await world.engines(2);
  await world.bus.publish([1, 2, 3, 4].map((n) => start(spec, `k${n}`)));
  await world.bus.publishOne(size("warehouse", 2));
  expect(new Set((await done).values())).toEqual(new Set([4]));
  expect([...seen.values()]).toEqual(Array.from({ length: 12 }, () => 1));
  expect(Math.max(...(await Promise.all(out)))).toBeLessThanOrEqual(2);
  await expectRowsEqualHistory(world);
  await expect
    .poll(async () => (await world.sql`select from state_machine.pool_claim`).length)
    .toBe(0);
  const [audit] = await world.sql`
    select principal, action, resource, reason, detail from state_machine.audit where action = 'pool_set'`;
  expect(audit).toEqual({
    principal: "user:ana",
    action: "pool_set",
    resource: "pool/warehouse",
    reason: "season",
    detail: { from: 0, to: 2 },
  });
});

test("max_active and a concurrency key are pools of their own, with the size that the DAG says", async () => {
  const key = { key: "${params.region}", max: 1 };
  const spec = dag([task("a", { maxActive: 2, concurrency: key })]);
  await using world = await setup(spec);
  const done = settled(world, 6);
  await runner(world, succeed);
  await world.engines(1);
  await world.bus.publish(
    [1, 2, 3, 4, 5, 6].map((n) => start(spec, `k${n}`, 0, { region: n % 2 })),
  );
  expect(new Set((await done).values())).toEqual(new Set([4]));
  const pools = await world.sql`select pool, size from state_machine.pool order by pool`;
  expect(pools).toEqual([
    { pool: "loads/a", size: 2 },
    { pool: "loads/a/0", size: 1 },
    { pool: "loads/a/1", size: 1 },
  ]);
});

test("a cancel takes who waits out of the line, and who works gives his slot back when he is gone", async () => {
  const spec = dag([task("a", { pool: "warehouse" })]);
  await using world = await setup(spec);
  const done = settled(world, 2);
  const begun = Promise.withResolvers<Assignment>();
  await runner(world, (a) => {
    begun.resolve(a);
    return begin(a);
  });
  await world.engines(1);
  await world.bus.publishOne(size("warehouse", 1));
  await world.bus.publishOne(start(spec, "k1"));
  const first = await begun.promise;
  await world.bus.publishOne(start(spec, "k2"));
  const claims = () => world.sql<{ run_id: string; held: boolean }[]>`
    select run_id, granted_at is not null as held from state_machine.pool_claim order by place`;
  const second = runIdOf(spec.id, "k2");
  await expect.poll(claims).toEqual([
    { run_id: first.runId, held: true },
    { run_id: second, held: false },
  ]);
  for (const runId of [second, first.runId]) await world.bus.publishOne(world.cancel(runId));
  await expect.poll(claims).toEqual([{ run_id: first.runId, held: true }]);
  await world.bus.publishOne(report(first, AttemptState.CANCELLED, 2));
  expect(new Set((await done).values())).toEqual(new Set([6]));
  await expect.poll(claims).toEqual([]);
});

test("a dead holder's slot comes back, and a lost request is made again: the sweeper says both", async () => {
  const spec = dag([task("a", { pool: "warehouse" })]);
  await using world = await setup(spec, { unheardMs: 200 });
  const done = settled(world, 1);
  await runner(world, succeed);
  await world.engines(1);
  await world.bus.publishOne(size("warehouse", 1));
  await expect.poll(async () => (await loadPools(world.sql, ["warehouse"]))[0]?.state.size).toBe(1);
  // As a message leaves it that is handled again after its attempt was released: nobody will ever release it.
  const gone = { runId: "run-gone", taskId: "a", mapIndex: -1, attempt: 1 };
  await world.sql`
    insert into state_machine.pool_claim
    values ('warehouse', ${attemptIdOf(gone)}, 'run-gone', 'loads', 'a', -1, 1, 1, 1, 0, 1, now(), now())`;
  await world.sql`update state_machine.pool set version = version + 1 where pool = 'warehouse'`;
  await world.bus.publishOne(start(spec, "k1"));
  expect([...(await done).values()]).toEqual([4]);
});

test("who gets a slot that it does not want any more gives it back at once", async () => {
  const spec = dag([task("a", { pool: "warehouse" })]);
  await using world = await setup(spec);
  const done = settled(world, 1);
  await runner(world, succeed);
  await world.engines(1);
  await world.bus.publishOne(size("warehouse", 1));
  await world.bus.publishOne(start(spec, "k1"));
  await done;
  const { runs } = await loadRuns(world.sql, world.versions, [runIdOf(spec.id, "k1")]);
  const claim = { pool: "warehouse", slots: 1 };
  const late = runs.flatMap((run) =>
    acquireSlots(run, { kind: "acquire", slot: 0, attempt: 1, claim }),
  );
  await world.bus.publish(late.map((message) => ({ ...message, id: `${message.id}:late` })));
  const asked = async () => (await loadPools(world.sql, ["warehouse"]))[0]?.state.asked;
  await expect.poll(asked).toBe(2);
  await expect
    .poll(async () => (await world.sql`select from state_machine.pool_claim`).length)
    .toBe(0);
});
