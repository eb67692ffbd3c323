// A DAG that pauses itself, against a real nats-server and a real PostgreSQL: rows, audit, event, and what waits.
import { create, fromBinary } from "@bufbuild/protobuf";
import { AttemptState, DagAutoPausedSchema, DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import { report, runner, settled, setup } from "./testing.ts";
import type { World } from "./testing.ts";

const spec = create(DagSpecSchema, {
  id: "nightly",
  maxActiveRuns: 1,
  autoPauseAfter: 2,
  tasks: [{ id: "a", uses: "test.task" }],
});
const SCHEDULE = 1;
const MANUAL = 3;

const start = (key: string, causeKind: number) => {
  const value = { dagId: spec.id, key, logicalMs: 1_000, causeKind, by: "test", paramsJson: "{}" };
  return inboxMessage("dag", spec.id, `start-${key}`, { case: "startRun", value });
};

const dagRow = async ({ sql }: World) =>
  (
    await sql`
      select paused, paused_by, pause_reason, failing, active from state_machine.dag where dag_id = ${spec.id}`
  )[0];

test("the second scheduled run in a row that fails pauses the DAG: row, audit and event say why; a resume begins anew", async () => {
  await using world = await setup(spec);
  const heard = Promise.withResolvers<Uint8Array>();
  world.bus.subscribePlain("chasqui.event.dag-auto-paused.>", heard.resolve);
  await runner(world, (a) => [report(a, AttemptState.FAILED)]);
  await world.engines(2);
  const runs = (key: string) => runIdOf(spec.id, key);
  for (const [key, causeKind] of [
    ["k1", SCHEDULE],
    ["by-hand", MANUAL],
    ["k2", SCHEDULE],
  ] as const) {
    const done = settled(world, 1);
    await world.bus.publishOne(start(key, causeKind));
    await done;
  }
  const event = fromBinary(DagAutoPausedSchema, await heard.promise);
  const runIds = [runs("k1"), runs("k2")];
  const reason = "its last 2 runs failed";
  expect(event).toMatchObject({ dagId: "nightly", dagVersion: 1, reason, runIds });
  const paused = { paused: true, paused_by: "auto-pause", pause_reason: reason };
  expect(await dagRow(world)).toEqual({ ...paused, failing: runIds, active: [] });
  expect(
    await world.sql`select principal, reason from state_machine.audit where action = 'paused_set'`,
  ).toEqual([{ principal: "auto-pause", reason }]);

  await world.bus.publishOne(start("k3", SCHEDULE));
  await expect
    .poll(() => world.sql`select state from state_machine.run where run_id = ${runs("k3")}`)
    .toEqual([{ state: "queued" }]);
  const done = settled(world, 1);
  const value = { dagId: spec.id, paused: false, by: "user:ana", reason: "mended" };
  await world.bus.publishOne(inboxMessage("dag", spec.id, "resume", { case: "setPaused", value }));
  expect([...(await done).keys()]).toEqual([runs("k3")]);
  await expect
    .poll(() => dagRow(world))
    .toMatchObject({ paused: false, paused_by: "", failing: [runs("k3")] });
});
