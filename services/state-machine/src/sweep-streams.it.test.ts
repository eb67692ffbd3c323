// What the sweeper does about streams that were lost, against a real PostgreSQL; the bus and the voice are the test's.
import type { Bus, OpsOwned, PublishOutcome, StreamPosition } from "@chasqui/bus";
import { createLogger } from "@chasqui/chassis";
import { AttemptState, streams, type StreamName } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { readOpsOwned } from "./store/streams.ts";
import { startSweeper } from "./sweep.ts";
import { dagOf, report, runner, setup, start } from "./testing.ts";

const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "fatal" } });

/** Streams that all began then. */
function positions(created: string): Record<StreamName, StreamPosition> {
  const names = Object.keys(streams).map((name) => [name, { created, lastSequence: 7 }]);
  return Object.fromEntries(names) as Record<StreamName, StreamPosition>;
}

/** A world with one run whose task was accepted and has not ended, and sweepers that begin and end with a test's word. */
async function world() {
  const w = await setup(dagOf({ a: [] }));
  await w.engines(1);
  const accepted = Promise.withResolvers<void>();
  await runner(w, (assignment) => {
    accepted.resolve();
    return [report(assignment, AttemptState.ACCEPTED)];
  });
  await w.bus.publishOne(start(w.spec, "k1"));
  await accepted.promise;
  await expect
    .poll(() => w.sql`select from state_machine.task where accepted_at is not null`)
    .toHaveLength(1);
  const seen: { created: string; owned: Record<string, OpsOwned>; outcome: PublishOutcome } = {
    ...{ created: "first", owned: {}, outcome: "stored" },
  };
  const said: string[] = [];
  const declared: boolean[] = [];
  const bus: Pick<Bus, "publish" | "streamPositions" | "opsOwned"> = {
    publish: async (messages) => messages.map(() => "stored"),
    streamPositions: async () => positions(seen.created),
    opsOwned: () => seen.owned,
  };
  const speaker = {
    say: async () => undefined,
    async sayEffects(run: { meta: { runId: string } }): Promise<PublishOutcome[]> {
      said.push(run.meta.runId);
      return [seen.outcome];
    },
  };
  const { sql, versions } = w;
  const process = () => {
    const declare = async (): Promise<boolean> => {
      declared.push(seen.outcome === "stored");
      return seen.outcome === "stored";
    };
    const common = { sql, bus, versions, speaker, log, declare };
    return startSweeper({ ...common, environment: "local", unheardMs: 60_000 });
  };
  /** One round of a process that is gone afterwards. */
  const sweep = async (): Promise<number> => {
    const before = said.length;
    const sweeper = process();
    await sweeper.sweep();
    await sweeper.stop();
    return said.length - before;
  };
  return {
    seen,
    process,
    sweep,
    declared,
    sql,
    [Symbol.asyncDispose]: () => w[Symbol.asyncDispose](),
  };
}

test("a loss is noted once all was said: until then, who sweeps next says it", async () => {
  await using t = await world();
  expect(await t.sweep()).toBe(0); // seen for the first time
  expect(await t.sweep()).toBe(0);
  t.seen.created = "later";
  t.seen.outcome = "failed"; // the bus is away again
  expect(await t.sweep()).toBe(1);
  expect(await t.sweep()).toBe(1);
  t.seen.outcome = "stored";
  expect(await t.sweep()).toBe(1);
  expect(await t.sweep()).toBe(0);
});

test("what ops had chosen for streams is there after a restart", async () => {
  await using t = await world();
  expect(await readOpsOwned(t.sql)).toEqual({});
  const three = { num_replicas: 3, max_bytes: 5_000, placement: { cluster: "east" } };
  t.seen.owned = { CHASQUI_TASKS: three, KV_CHASQUI_KINDS: { num_replicas: 1 } };
  await t.sweep();
  expect(await readOpsOwned(t.sql)).toEqual(t.seen.owned);
  t.seen.owned = { CHASQUI_TASKS: { num_replicas: 1, max_bytes: 6_000 } };
  await t.sweep();
  const known = { ...t.seen.owned, KV_CHASQUI_KINDS: { num_replicas: 1 } };
  expect(await readOpsOwned(t.sql)).toEqual(known);
});

test("what the installation declares is said after the start and after a loss, until it is stored", async () => {
  await using t = await world();
  const sweeper = t.process();
  const sweeps = async (count: number): Promise<boolean[]> => {
    for (let n = 0; n < count; n++) await sweeper.sweep();
    return t.declared.splice(0);
  };
  t.seen.outcome = "failed";
  expect(await sweeps(2)).toEqual([false, false]);
  t.seen.outcome = "stored";
  expect(await sweeps(3)).toEqual([true]);
  t.seen.created = "later";
  expect(await sweeps(3)).toEqual([true]);
  await sweeper.stop();
});
