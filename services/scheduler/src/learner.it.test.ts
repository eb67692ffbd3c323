// What is learned, in whatever order answers come; against a real PostgreSQL, with a state machine in the test's hand.
import { createLogger } from "@chasqui/chassis";
import { Catchup } from "@chasqui/contracts";
import type { Dag } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { createLearner } from "./learner.ts";
import { createRegistry } from "./registry.ts";
import { recordTicks } from "./store/ticks.ts";
import type { FiringTick } from "./store/ticks.ts";
import { loadSchedules } from "./store/schedules.ts";
import { testStore } from "./store/testing.ts";
import { dagOf } from "./testing.ts";

const HOUR = 3_600_000;
const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "silent" } });

async function setup() {
  const store = await testStore();
  const { sql } = store.database;
  const registry = createRegistry({ onProblem: () => undefined, vars: {} });
  const clock = { ms: 10 * HOUR };
  const answers: PromiseWithResolvers<Dag>[] = [];
  const firing: FiringTick[] = [];
  let list: Dag[] = [];
  const learner = createLearner({
    sql,
    registry,
    log,
    now: () => clock.ms,
    graceMs: 10_000,
    onLearned: () => undefined,
    onFiring: (ticks) => Promise.resolve(void firing.push(...ticks)),
    stateMachine: {
      name: "state machine",
      async *listDags() {
        for (const dag of list) yield await Promise.resolve([dag]); // pages of one
      },
      getDag: () => {
        const answer = Promise.withResolvers<Dag>();
        answers.push(answer);
        return answer.promise;
      },
      cancelRun: () => Promise.reject(new Error("nobody cancels here")),
      findRun: () => Promise.resolve(undefined),
      listSettled: () => {
        throw new Error("nobody asks this here");
      },
      stop: () => Promise.resolve(),
    },
  });
  return {
    sql,
    registry,
    clock,
    answers,
    firing,
    learner,
    lists: (...dags: Dag[]) => (list = dags),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const hourly = (changes: Partial<Parameters<typeof dagOf>[0]> = {}): Dag =>
  dagOf({ id: "costs", crons: ["0 * * * *"], appliedMs: 5 * HOUR, ...changes });

test("N2: an answer that comes late does not undo what somebody learned who asked later", async () => {
  await using t = await setup();
  t.lists(hourly());
  await t.learner.refresh();
  t.clock.ms += 1_000;
  const early = t.learner.hinted("costs");
  t.clock.ms += 1_000;
  const late = t.learner.hinted("costs");
  t.answers[1]?.resolve(hourly({ version: 2 }));
  await late;
  t.answers[0]?.resolve(hourly({ paused: true, version: 2 })); // asked before, seen in between, answered last
  await early;
  expect(await loadSchedules(t.sql)).toMatchObject([{ dagId: "costs", paused: false, version: 2 }]);
  expect(t.registry.get("costs")?.dag).toMatchObject({ paused: false });
});

test("a DAG that cannot be read keeps no other from being learned, and one that is gone is forgotten", async () => {
  await using t = await setup();
  t.lists(hourly(), hourly({ id: "weekly" }));
  await t.learner.refresh();
  t.clock.ms += HOUR;
  t.lists(hourly({ start: "yesterday", version: 2 }), hourly({ id: "new" }));
  await t.learner.refresh();
  const known = (await loadSchedules(t.sql)).map(({ dagId, version }) => `${dagId} ${version}`);
  expect(known).toEqual(["costs 1", "new 1"]);
  expect(t.registry.get("weekly")).toBeUndefined();
});

test("a state machine that does not answer changes nothing", async () => {
  await using t = await setup();
  t.lists(hourly());
  await t.learner.refresh();
  const hinted = t.learner.hinted("costs");
  t.answers[0]?.reject(new Error("away"));
  await expect(hinted).rejects.toThrow("away");
  expect(await loadSchedules(t.sql)).toHaveLength(1);
});

test("another timing takes over when it was applied: the old one's due times until then are recorded", async () => {
  await using t = await setup();
  t.lists(hourly());
  await t.learner.refresh();
  t.lists(hourly({ crons: ["30 * * * *"], version: 2, appliedMs: 8.5 * HOUR }));
  t.clock.ms += 1;
  await t.learner.refresh();
  const rows = await t.sql`select due_at, outcome from tick order by due_at`;
  expect(rows.map((row) => [row["due_at"].getTime() / HOUR, row["outcome"]])).toEqual([
    [6, "missed"],
    [7, "missed"],
    [8, "firing"],
  ]);
  expect(t.firing.map((tick) => tick.dueMs / HOUR)).toEqual([8]);
  expect(t.registry.get("costs")).toMatchObject({ handledMs: 8.5 * HOUR, nextMs: 9.5 * HOUR });
});

test("N5: what was asked about is known afterwards, also when another replica has stored it already", async () => {
  await using t = await setup();
  t.lists(hourly());
  await t.learner.refresh();
  t.clock.ms += 1_000;
  await t.sql`update schedule set revision = 7, version = 2, told_at = ${new Date(t.clock.ms)}`;
  t.lists(hourly({ version: 2 }));
  await t.learner.refresh();
  expect(t.registry.get("costs")?.dag).toMatchObject({ revision: 7, version: 2 });
});

test("what other replicas stored is found by looking around", async () => {
  await using t = await setup();
  t.lists(hourly());
  await t.learner.refresh();
  await t.sql`update schedule set revision = 7, version = 3, told_at = ${new Date(t.clock.ms)}`;
  await t.learner.catchUp();
  expect(t.registry.get("costs")?.dag).toMatchObject({ revision: 7, version: 3 });
  const tick = {
    dagId: "costs",
    dueMs: 6 * HOUR,
    revision: 7,
    outcome: "firing",
    start: { logicalMs: 6 * HOUR, intervalStartMs: 5 * HOUR, runKey: "k" },
  } as const;
  expect((await recordTicks(t.sql, [tick], t.clock.ms)).firing).toHaveLength(1);
});

test("N4: a renamed DAG begins where its earlier name ended, whichever is heard of first, and both ledgers are its own", async () => {
  for (const isNewFirst of [true, false]) {
    await using t = await setup();
    const catchup = Catchup.ALL;
    t.lists(hourly({ id: "old", catchup }));
    await t.learner.refresh();
    t.clock.ms += HOUR;
    const endedMs = 8.5 * HOUR;
    const old = hourly({ id: "old", catchup, retiredMs: endedMs });
    const start = "1970-01-01";
    const renamed = hourly({ id: "new", was: ["old"], catchup, start, appliedMs: endedMs });
    if (isNewFirst) {
      const hinted = t.learner.hinted("new");
      await expect.poll(() => t.answers).toHaveLength(1);
      t.answers[0]?.resolve(renamed);
      await expect.poll(() => t.answers).toHaveLength(2);
      t.answers[1]?.resolve(old);
      await hinted;
    }
    t.lists(old, renamed);
    await t.learner.refresh();
    expect(t.firing.map(({ dagId, dueMs }) => [dagId, dueMs / HOUR])).toEqual([
      ["old", 6],
      ["old", 7],
      ["old", 8],
    ]);
    expect(t.registry.get("old")).toMatchObject({ nextMs: undefined });
    expect(t.registry.get("new")).toMatchObject({ handledMs: endedMs, nextMs: 9 * HOUR });
    expect(t.registry.names("new")).toEqual(["new", "old"]);
    expect(t.registry.names("old")).toEqual(["old"]);
  }
});
