// A backfill's runs and live ones, against a real nats-server and a real PostgreSQL: neither waits for the other.
import { AttemptState, runIdOf } from "@chasqui/contracts";
import type { Assignment } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import { dagOf, report, runner, setup } from "./testing.ts";

const spec = { ...dagOf({ a: [] }), maxActiveRuns: 1 };
const SCHEDULE = 1;
const BACKFILL = 4;

const start = (key: string, causeKind: number) => {
  const value = { dagId: spec.id, key, logicalMs: 1_000, causeKind, by: "test", paramsJson: "{}" };
  return inboxMessage("dag", spec.id, `start-${key}`, { case: "startRun", value });
};

test("with max_active_runs 1: backfill runs start beside a live one, and the next live one waits for the live one alone", async () => {
  await using world = await setup(spec);
  const begun = new Map<string, Assignment>();
  await runner(world, (a) => {
    begun.set(a.runId, a);
    return [report(a, AttemptState.RUNNING)];
  });
  await world.engines(1); // which keeps the order: live-1 comes first
  const runs = ["old-1", "old-2", "live-1", "old-3", "live-2"];
  for (const key of runs)
    await world.bus.publishOne(start(key, key.startsWith("old") ? BACKFILL : SCHEDULE));
  const states = async () =>
    (
      await world.sql<{ key: string; state: string }[]>`
        select key, state from state_machine.run order by key`
    ).map(({ key, state }) => `${key} ${state}`);
  const others = ["old-1 running", "old-2 running", "old-3 running"];
  await expect.poll(states).toEqual(["live-1 running", "live-2 queued", ...others]);
  const id = (key: string) => runIdOf(spec.id, key);
  await expect.poll(() => begun.size).toBe(4);
  const live = begun.get(id("live-1"));
  if (live === undefined) throw new Error("live-1 was not assigned");
  await world.bus.publishOne(report(live, AttemptState.SUCCEEDED, 2));
  await expect.poll(states).toEqual(["live-1 succeeded", "live-2 running", ...others]);
  const [row] = await world.sql`select active from state_machine.dag where dag_id = ${spec.id}`;
  expect(row).toEqual({ active: [id("live-2")] });
});
