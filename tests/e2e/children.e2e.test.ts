// A run that starts hundreds of runs of another DAG, while the state machine is killed again and again and the whole
// JetStream store is lost: each item has its one run, and a cancel leaves none at work.
import { expect, test } from "vitest";
import { RunState, type Run } from "../../libs/contracts/src/index.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const ITEMS = 200;
const world = useWorld({
  dags: [],
  services: ["state-machine", "console"],
  ackWaitMs: 2_000,
  env: { "state-machine": { CHASQUI_UNHEARD_MS: "1s" } },
});

const parent = (id: string, child: string): string => `
id: ${id}
tasks:
  all:
    for_each: { in: "${JSON.stringify([...Array(ITEMS).keys()])}", parallel: 40 }
    uses: dag.run
    with: { dag: ${child}, params: { n: "\${item}" } }
`;
const child = (id: string, task: string): string => `
id: ${id}
max_active_runs: 20
params: { type: object, properties: { n: { type: integer } } }
tasks: { work: ${task} }
`;

const childrenOf = async (dagId: string): Promise<Run[]> =>
  (await world().clients.runs.listRuns({ dagId, pageSize: 1_000 }, { timeoutMs: 5_000 })).runs;
const someOf = (dagId: string, count: number): Promise<unknown> =>
  until(`${count} runs of ${dagId}`, async () => (await childrenOf(dagId)).length >= count);
const statesOf = async (dagId: string): Promise<Set<RunState>> =>
  new Set((await childrenOf(dagId)).map(({ state }) => state));

async function killed(): Promise<void> {
  const service = world().world.service("state-machine");
  await service.kill();
  await service.start();
}

test("a cancel, and a kill in the middle of it: no run is left at work", async () => {
  const { apply, startRun, settled, clients } = world();
  await apply("asks.yaml", child("asks", "{ uses: approval, with: { message: Go on? } }"));
  await apply("waits.yaml", parent("waits", "asks"));
  const { runId } = await startRun("waits", { key: "k" });
  await someOf("asks", 10);
  await clients.runs.cancelRun({ runId, reason: "enough" });
  await killed();
  expect((await settled(runId)).state).toBe(RunState.CANCELLED);
  expect(await statesOf("asks")).toEqual(new Set([RunState.CANCELLED]));
});

test("kill -9 of the state machine, again and again, and the loss of the store: each item has its one run", async () => {
  const { apply, startRun, settled } = world();
  await apply("one.yaml", child("one", "{ uses: noop }"));
  await apply("many.yaml", parent("many", "one"));
  const { runId } = await startRun("many", { key: "k" });
  for (const count of [5, 40, 80]) {
    await someOf("one", count);
    await killed();
  }
  await someOf("one", 120);
  const { nats } = world().world;
  await nats.kill();
  await nats.wipeStore();
  const run = await settled(runId);
  expect(run.state, run.reason).toBe(RunState.SUCCEEDED);
  const keys = (await childrenOf("one")).map(({ key }) => key).toSorted();
  const wanted = Array.from({ length: ITEMS }, (_, i) => `many/k/all[${i}]#1`);
  expect(keys).toEqual(wanted.toSorted());
  expect(await statesOf("one")).toEqual(new Set([RunState.SUCCEEDED]));
});

test("nothing is left, and no service ended that was not killed", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
