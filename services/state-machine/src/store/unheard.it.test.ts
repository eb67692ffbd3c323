// The sweeper's statements find what its rules say, over a few hundred random rows in a real PostgreSQL.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema } from "@chasqui/contracts";
import { planOf } from "@chasqui/dag";
import { nameOf, slotNamed } from "@chasqui/machine";
import type { Plan, RunState, TaskState } from "@chasqui/machine";
import type { Sql } from "postgres";
import { expect, test } from "vitest";
import * as rules from "../core/unheard.ts";
import { randomFrom } from "../../../../tests/support/random.ts";
import { isInHistory, loadDags, loadPools, loadRuns } from "./load.ts";
import { testStore } from "./testing.ts";
import * as statements from "./unheard.ts";
import type { Versions } from "./versions.ts";

const RUNS = 300;
const OLDER_MS = 60_000; // far from both ages, so that a slow machine changes nothing
const spec = create(DagSpecSchema, {
  id: "d",
  tasks: ["a", "b", "c"].map((id) => ({ id, uses: "test.task" })),
});
const plan: Plan = planOf(spec, "f", { vars: {} });
const taskIds = plan.tasks.map(({ id }) => id);
const runIdOf = (n: number): string => `run-${n}`;

async function setup() {
  const store = await testStore();
  const { database } = store;
  await fill(database.sql);
  return { sql: database.sql, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Rows as they may be, old and new ones; whether they ever come together does not matter here. */
async function fill(sql: Sql): Promise<void> {
  const random = randomFrom(7);
  const nowMs = Date.now();
  const age = (): Date => new Date(nowMs - random.pick([1_000, 120_000]));
  const ageOrNull = (): Date | null => random.pick([null, age()]);
  const runs = Array.from({ length: RUNS }, (_, n) => {
    const state = random.pick(["queued", "running", "cancelling", "succeeded"]);
    const at = age();
    return {
      ...{
        run_id: runIdOf(n),
        dag_id: "d",
        dag_number: 1,
        fingerprint: "f",
        key: String(n),
        state,
      },
      cause_kind: random.pick(["manual", "manual", "backfill"]),
      ...{ version: 1, format: 1, cause_by: "", params: "{}", event: "null" },
      ...{ trace_id: "0", traced: false, logical_at: at, interval_start_at: at, created_at: at },
      ...{ interval_end_at: at, last_at: age(), started_at: ageOrNull() },
      settled_at: state === "succeeded" ? age() : null,
      previous_run_id: n === 0 ? null : runIdOf(n - 1),
    };
  });
  await sql`insert into state_machine.run ${sql(runs)}`;
  const states = [
    "waiting",
    "queued",
    "assigned",
    "running",
    "cancelling",
    "succeeded",
    "failed",
  ] as const;
  const tasks = runs.flatMap(({ run_id }, n) =>
    taskIds.flatMap((task_id) => {
      if (random.chance(0.2)) return []; // it never left `waiting`
      const state = random.pick(states);
      const child = {
        runId: runIdOf(random.pick([0, 7, 77, 177, 277])),
        dagId: "d",
        key: "k",
        wait: true,
      };
      const more = {
        turnMs: age().getTime(),
        claims: random.chance(0.5) ? [{ pool: "p", slots: 1 }] : [],
        ...(random.chance(0.4) ? { listeners: [runIdOf(n + 1)] } : {}),
        ...(random.chance(0.3) ? { child } : {}),
      };
      const attempt = random.pick([1, 2]);
      return [
        {
          ...{ run_id, task_id, map_index: -1, state, attempt, sequence: 0, free_repeats: 0 },
          ...{ cause: "", cancel_for: state === "cancelling" ? "run" : null },
          ...{ assigned_at: age(), accepted_at: ageOrNull(), more: sql.json(more) },
        },
      ];
    }),
  );
  await sql`insert into state_machine.task ${sql(tasks)}`;
  const claims = tasks.flatMap(({ run_id, task_id }, place) => {
    if (random.chance(0.5)) return [];
    const granted_at = ageOrNull();
    const taken = granted_at === null ? 0 : 1;
    return [
      {
        ...{ pool: "p", attempt_id: `att-${place}`, run_id, dag_id: "d", task_id, map_index: -1 },
        ...{ attempt: random.pick([1, 2]), slots: 1, taken, priority: 0, place },
        ...{ asked_at: age(), granted_at },
      },
    ];
  });
  await sql`insert into state_machine.pool_claim ${sql(claims)}`;
  await sql`insert into state_machine.pool values ('p', 1, 1, 1, null, 0, 0, '{}', now())`;
  const active = runs.map(({ run_id }) => run_id).filter(() => random.chance(0.5));
  await sql`insert into state_machine.dag (dag_id, version, format, number, fingerprint, paused, has_waiting, active, changed_at)
    values ('d', 1, 1, 0, '', false, false, ${active}, now())`;
}

/** The same rows as aggregates. */
async function aggregatesOf(sql: Sql) {
  const versions = { plan: () => Promise.resolve(plan) } as unknown as Versions;
  const all = Array.from({ length: RUNS }, (_, n) => runIdOf(n));
  const { runs } = await loadRuns(sql, versions, all);
  const [dag] = await loadDags(sql, versions, ["d"]);
  const [pool] = await loadPools(sql, ["p"]);
  const states = new Map(runs.map(({ meta, state }) => [meta.runId, state]));
  const claims = [...(pool?.state.claims.values() ?? [])];
  return { states, claims, dag: dag?.state ?? { active: [] } };
}

const labelsOf = (state: RunState, is: (task: TaskState) => boolean): string[] =>
  state.tasks.filter(is).map((task) => `${state.facts.id} ${nameOf(state, task).t}`);

test("what the rules call unheard is what the statements find", async () => {
  await using t = await setup();
  const { states, claims, dag } = await aggregatesOf(t.sql);
  const patience = { nowMs: Date.now(), olderMs: OLDER_MS };
  const runs = [...states.values()];
  const taskOf = (runId: string, taskId: string) => {
    const state = states.get(runId);
    return state?.tasks[slotNamed(state, taskId, -1) ?? -1];
  };
  const runsWith = (is: (task: TaskState, run: RunState) => boolean): string[] =>
    runs.filter((run) => run.tasks.some((task) => is(task, run))).map(({ facts }) => facts.id);
  const runsThat = (is: typeof rules.isSettledUnheard): string[] =>
    runs.filter((run) => is(run, dag, patience)).map(({ facts }) => facts.id);
  const both: (readonly [string, string[], string[]])[] = [
    [
      "not accepted, or cancelling",
      await statements.unacceptedOrCancelling(t.sql, OLDER_MS, RUNS),
      runsWith((task) => rules.isUnaccepted(task, patience)),
    ],
    [
      "in line",
      await statements.queuedUnheard(t.sql, OLDER_MS, RUNS),
      runsWith((task, run) => {
        const mine = claims.filter(
          ({ runId, taskId }) => runId === run.facts.id && taskId === nameOf(run, task).t,
        );
        return rules.isQueuedUnheard(task, mine, patience);
      }),
    ],
    [
      "held by the past",
      await statements.heldUnheard(t.sql, OLDER_MS, RUNS),
      runsWith((task, run) => {
        const before = taskOf(run.facts.previousRunId ?? "", nameOf(run, task).t);
        return rules.isHeldUnheard(task, { run, before }, patience);
      }),
    ],
    [
      "children",
      (await statements.unheardChildren(t.sql, OLDER_MS, 2_000)).map(
        ({ runId, taskId }) => `${runId} ${taskId}`,
      ),
      runs.flatMap((run) =>
        labelsOf(run, (task) =>
          rules.isChildUnheard(task, states.get(task.child?.runId ?? ""), patience),
        ),
      ),
    ],
    [
      "dead claims",
      (await statements.deadClaims(t.sql)).map(({ runId, taskId }) => `${runId} ${taskId}`),
      claims
        .filter((claim) => rules.isDeadClaim(claim, taskOf(claim.runId, claim.taskId)))
        .map(({ runId, taskId }) => `${runId} ${taskId}`),
    ],
    [
      "admitted",
      (await statements.admittedButQueued(t.sql, OLDER_MS)).map(({ runId }) => runId),
      runsThat(rules.isAdmittedUnheard),
    ],
    [
      "begun without a slot",
      await statements.begunWithoutSlot(t.sql, OLDER_MS),
      runsThat(rules.isSlotlessUnheard),
    ],
    [
      "settled",
      await statements.settledButActive(t.sql, OLDER_MS),
      runsThat(rules.isSettledUnheard),
    ],
  ];
  for (const [what, found, ruled] of both) {
    expect(ruled.length, what).toBeGreaterThan(5);
    expect(found.toSorted(), what).toEqual(ruled.toSorted());
  }
});

test("a message is in a run's history when it moved the run, whatever its id looks like", async () => {
  await using t = await setup();
  const events = JSON.stringify([{ atMs: 1, cause: 'mark:"run-1":7', event: { type: "x" } }]);
  await t.sql`insert into state_machine.run_event values ('run-1', 1, 1, ${events})`;
  expect(await isInHistory(t.sql, "run-1", 'mark:"run-1":7')).toBe(true);
  expect(await isInHistory(t.sql, "run-1", "mark")).toBe(false);
  expect(await isInHistory(t.sql, "run-2", 'mark:"run-1":7')).toBe(false);
});
