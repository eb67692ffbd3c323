// A folder of DAGs is applied as a whole: the state machine is killed at many moments of it, PostgreSQL too, and whoever
// looks meanwhile sees the folder before or the folder after, never a part.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DagSpec } from "../../libs/contracts/src/index.ts";
import { compileDag, formatProblem } from "../../libs/dag/src/index.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const DAGS = 24;
/** One apply a blow, after the first. */
const LAST = 7;
const world = useWorld({ services: ["state-machine", "scheduler", "console"], ackWaitMs: 2_000 });

/** The folder at a moment of its life: the same DAGs, another meaning for each number. */
const folder = (number: number): DagSpec[] =>
  Array.from({ length: DAGS }, (_, index) => {
    const text = `id: dag-${index}\nowner: team-${number}\ntasks: { a: { uses: noop } }\n`;
    const compiled = compileDag({ file: `dag-${index}.yaml`, text });
    if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
    return compiled.spec;
  });

/** What the DAGs say of themselves, each word once: a folder that is seen as a whole says one. */
async function owners(): Promise<string[]> {
  const { dags } = await world().clients.dags.listDags({}, { timeoutMs: 2_000 });
  return [...new Set(dags.map(({ spec }) => spec?.owner ?? "").concat(`${dags.length} DAGs`))];
}
const whole = (number: number): string[] => [`team-${number}`, `${DAGS} DAGs`];

async function look(seen: string[][], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const words = await owners().catch(() => undefined);
    if (words !== undefined) seen.push(words);
    await delay(5);
  }
}

const apply = (number: number) =>
  until(`folder ${number} to be applied`, async () => {
    const { dags } = await world().clients.dags.applyDags(
      { dags: folder(number), note: `folder ${number}` },
      { timeoutMs: 3_000 },
    );
    return dags.length === DAGS;
  });

test("killed at six moments of an apply, the folder is always whole, and in the end it is the new one", async () => {
  await apply(1);
  expect(await owners()).toEqual(whole(1));
  const looking = new AbortController();
  const seen: string[][] = [];
  const done = look(seen, looking.signal);
  for (let number = 2; number <= LAST; number++) {
    const { postgres } = world().world;
    const machine = world().world.service("state-machine");
    const asked = world()
      .clients.dags.applyDags({ dags: folder(number) }, { timeoutMs: 3_000 })
      .catch(() => undefined); // killed: nobody knows, so it is asked again
    await delay((number - 2) * 24); // the moment of the blow; not waited for anything
    await machine.kill();
    if (number % 3 === 0) await postgres.kill();
    if (number % 3 === 0) await postgres.restart();
    await machine.start();
    await asked;
    const after = await until("the state machine to answer", () => owners());
    expect([whole(number - 1), whole(number)]).toContainEqual(after);
    await apply(number);
    expect(await owners()).toEqual(whole(number));
  }
  looking.abort();
  await done;
  const wholes = Array.from({ length: LAST }, (_, index) => whole(index + 1));
  for (const words of seen) expect(wholes).toContainEqual(words);
  expect(seen.length).toBeGreaterThan(20);
});

test("every DAG has the same version, and runs start of it", async () => {
  const isKnown = async (): Promise<boolean> => {
    const { dags } = await world().clients.dags.listDags({});
    return dags.length === DAGS && new Set(dags.map(({ version }) => version)).size === 1;
  };
  await until("one version of all", isKnown);
  const { startRun, settled } = world();
  const { runId } = await startRun("dag-3", { key: "after it all" });
  expect((await settled(runId)).dagVersion).toBe(LAST);
});

test("one DAG that cannot be refuses the whole folder", async () => {
  const [first, ...rest] = folder(LAST + 1);
  if (first === undefined) throw new Error("the folder is empty");
  first.tasks[0]?.needs.push("nobody");
  const refused = world().clients.dags.applyDags({ dags: [...rest, first] });
  await expect(refused).rejects.toThrow(/dag-0.*nobody/);
  expect(await owners()).toEqual(whole(LAST));
});

test("nothing is left", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
