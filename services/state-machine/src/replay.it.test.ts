// The replay that ends every end-to-end file, shown that it can see: what is planted in the rows is found by the run.
import { AttemptState, runIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { replayAll } from "../../../tests/support/index.ts";
import { report, runner, settled, setup, start } from "./testing.ts";

async function ranOnce() {
  const world = await setup();
  const done = settled(world, 1);
  await runner(world, (a) => [
    { ...report(a, a.taskId === "b" ? AttemptState.FAILED : AttemptState.SUCCEEDED) },
  ]);
  await world.engines(1);
  await world.bus.publishOne(start(world.spec, "k", 0, { zone: "CO", a: 1 }));
  await done;
  return world;
}

test("a row that somebody changed is found, and so is a history that lacks an event", async () => {
  await using world = await ranOnce();
  const { sql, databaseUrl, spec } = world;
  const before = await replayAll(databaseUrl);
  expect(before).toMatchObject({ runs: 1, differences: [], traceFaults: [] });
  expect(before.events).toBeGreaterThan(8);
  const differing = async () =>
    (await replayAll(databaseUrl)).differences.map(({ runId }) => runId);
  const found = [runIdOf(spec.id, "k")];

  await sql`update state_machine.task set sequence = 9 where task_id = 'a'`;
  expect(await differing()).toEqual(found);
  await sql`update state_machine.task set sequence = 1 where task_id = 'a'`;
  await sql`update state_machine.run set reason = 'by hand'`;
  expect(await differing()).toEqual(found);
  await sql`update state_machine.run set reason = null`;
  await sql`update state_machine.task set output = '{"x":1}' where task_id = 'c'`;
  expect(await differing()).toEqual(found);
  await sql`update state_machine.task set output = null where task_id = 'c'`;
  await sql`delete from state_machine.run_event where version = 2`;
  expect(await differing()).toEqual(found);
  const { traceFaults } = await replayAll(databaseUrl);
  expect(traceFaults.join()).toContain("is not there"); // what the event would have ended
});

test("a database without runs has nothing to show: it is said", async () => {
  await using world = await setup();
  await world.engines(1);
  expect(await replayAll(world.databaseUrl)).toEqual({
    runs: 0,
    events: 0,
    differences: [],
    traceFaults: [],
  });
});
