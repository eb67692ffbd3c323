// For each kind of wait: explain names it.
import { describe, expect, test } from "vitest";
import { decidePool } from "../pool/pool.ts";
import { newPool } from "../pool/state.ts";
import { decide } from "../run/decide.ts";
import { newRun } from "../run/fold.ts";
import type { PlanOptions, TaskLiteral } from "../testing/plans.ts";
import { itemsOf, planFrom } from "../testing/plans.ts";
import { refOf, story } from "../testing/story.ts";
import type { Surroundings } from "./explain.ts";
import { explainRun, explainTask } from "./explain.ts";

const around: Surroundings = {
  nowMs: 5_000,
  dag: { paused: false, maxActiveRuns: 1, active: ["run-x"] },
  pools: new Map(),
  kinds: new Map([["test.task", { lastMs: 4_000, listeningSinceMs: 0 }]]),
  durations: () => undefined,
  runs: { took: undefined, startedMs: [], before: 0 },
  tookOf: () => undefined,
  pastEnds: () => undefined,
  waits: [],
  past: () => undefined,
  children: new Map(),
};

function running(tasks: Readonly<Record<string, TaskLiteral>>, options: PlanOptions = {}) {
  const t = story(tasks, options);
  t.start();
  const why = (label: string, more: Partial<Surroundings> = {}) =>
    explainTask(t.state, refOf(label), { ...around, ...more });
  const kinds = (label: string, more: Partial<Surroundings> = {}) =>
    why(label, more)?.causes.map(({ kind }) => kind);
  return { ...t, why, kinds };
}

function queued(dag: Partial<Surroundings["dag"]>) {
  const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0 };
  const state = newRun({ plan: planFrom({ a: {} }), facts, params: {}, event: null });
  decide(state, { kind: "start", admitted: false }, { nowMs: 1, cause: "s" });
  return explainRun(state, { ...around, dag: { ...around.dag, active: ["run-y"], ...dag } });
}

describe("explain names", () => {
  test.each(["a mapped task", "a mapped group"])(
    "%s that waits for the last of its old list",
    (what) => {
      const group = what === "a mapped group";
      const inner = group ? { a: { group: "m" } } : {};
      const t = running({
        m: { ...(group ? { kind: "group" } : {}), items: itemsOf(1) },
        ...inner,
      });
      t.clear(["m"]);
      const at = group ? "a[0]" : "m[0]";
      expect(t.why("m")?.causes.map(({ text }) => text)).toEqual([
        `m is mapped anew when ${at} has ended`,
        `${at} is asked to end, and has not been seen gone`,
      ]);
      expect(t.kinds("m")).toEqual(["mapping", "cancelling"]);
    },
  );

  test("a paused DAG", () => {
    expect(queued({ paused: true })[0]?.causes).toEqual([
      { kind: "paused", text: "DAG test is paused" },
    ]);
  });

  test("max_active_runs, and who holds the slot", () => {
    expect(queued({})[0]?.causes).toEqual([
      {
        kind: "admission",
        text: "1 of 1 runs of DAG test are active (max_active_runs); the oldest is run-y",
        runId: "run-y",
      },
    ]);
  });

  test("the run of another DAG that a task waits for, and why that does not run", () => {
    const t = running({ a: { kind: "dag.run" }, b: { needs: ["a"] } });
    expect(t.why("a")?.causes).toEqual([
      { kind: "next", text: "a is about to ask for its run", task: "a" },
    ]);
    const child = {
      runId: "run-c",
      dagId: "prices",
      key: "k",
      params: {},
      wait: true,
      allowed: [],
    };
    t.say({ kind: "child_named", ...refOf("a"), attempt: 1, child });
    const asked = { kind: "child", text: "a has asked DAG prices for run run-c" };
    expect(t.why("a")?.causes).toEqual([{ ...asked, task: "a", runId: "run-c" }]);
    t.report("a", 1, 1, { state: "running" });
    const dag = { paused: true, maxActiveRuns: 1, active: [] };
    const children = new Map([["run-c", { state: "queued", dag }]]);
    expect(t.why("b", { children })?.causes.map(({ text }) => text)).toEqual([
      "b waits for a",
      "a waits for run run-c of DAG prices, which is queued",
      "DAG prices is paused",
    ]);
    children.set("run-c", { state: "running", dag });
    expect(t.kinds("a", { children })).toEqual(["child"]);
  });

  test("upstream, down to what it waits for itself", () => {
    const t = running({ a: {}, b: { needs: ["a"] }, c: { needs: ["b"] } });
    expect(t.why("c")?.causes.map(({ text }) => text)).toEqual([
      "c waits for b",
      "b waits for a",
      "a waits for a runner of test.task to take it",
    ]);
    t.report("a", 1, 1, { state: "running" });
    expect(t.kinds("c")).toEqual(["upstream", "upstream", "working"]);
    t.succeed("a");
    expect(t.kinds("a")).toEqual(["settled"]);
    expect(t.why("a")?.expected).toBeUndefined(); // it is over: nothing of it is to come
  });

  test("a kind that no runner takes", () => {
    const t = running({ a: {} });
    expect(t.why("a", { kinds: new Map() })?.causes).toEqual([
      { kind: "no_runner", text: "a: no runner takes test.task", task: "a" },
    ]);
  });

  test("a kind whose runners are silent: since they were heard last, or since anybody listens", () => {
    const t = running({ a: {} });
    const kinds = (lastMs: number | undefined, listeningSinceMs: number) =>
      new Map([["test.task", { lastMs, listeningSinceMs }]]);
    const at = (nowMs: number, heard: ReturnType<typeof kinds>) =>
      t.why("a", { nowMs, kinds: heard })?.causes[0];
    expect(at(200_000, kinds(80_000, 0))).toEqual({
      ...{ kind: "no_runner", task: "a" },
      text: "a: no runner of test.task is alive: none was heard for 120 s",
    });
    expect(at(200_000, kinds(undefined, 100_000))?.text).toContain("none was heard for 100 s");
    expect(at(200_000, kinds(110_000, 0))?.kind).toBe("not_accepted");
    expect(at(200_000, kinds(undefined, 150_000))?.kind).toBe("not_accepted");
  });

  test("a pool, who holds it, and how many are before it", () => {
    const t = running({ a: { pools: ["warehouse"] } });
    expect(t.why("a")?.causes[0]?.text).toBe(
      "a is in line for pool warehouse, which nobody has made",
    );
    const pool = newPool("warehouse");
    pool.size = 1;
    for (const [runId, taskId] of [
      ["run-1", "load"],
      ["run-x", "a"],
    ] as const) {
      const who = { attemptId: runId, runId, dagId: "d", taskId, mapIndex: -1, attempt: 1 };
      const claim = { ...who, slots: 1, priority: 0 };
      decidePool(pool, { kind: "acquire", claim, size: undefined }, 1);
    }
    const pools = new Map([["warehouse", pool]]);
    expect(t.why("a", { pools })?.causes).toEqual([
      {
        kind: "pool",
        text: "a is in line for pool warehouse: 1 of 1 slots are out, held by d/load of run-1; 0 before it",
        task: "a",
        pool: "warehouse",
        runId: "run-1",
      },
    ]);
  });

  test("a repeat, and when it is due", () => {
    const t = running({ a: { retries: 1 } });
    t.fail("a");
    const why = t.why("a", { nowMs: 1_050 });
    expect(why?.causes.map(({ kind }) => kind)).toEqual(["timer"]);
    expect(why?.expected).toMatchObject({ atMs: t.task("a")?.dueMs, by: "timer" });
  });

  test("max_active_tasks, and what is at work", () => {
    const t = running({ a: {}, b: {} }, { maxActiveTasks: 1 });
    expect(t.kinds("b")).toEqual(["max_active_tasks", "not_accepted"]);
  });

  test("a mapping's own limit", () => {
    const t = running({ a: { items: itemsOf(2), parallel: 1 }, b: { needs: ["a"] } });
    expect(t.kinds("a[1]")).toEqual(["mapping"]);
    expect(t.kinds("b")).toEqual(["upstream", "upstream", "not_accepted"]);
  });

  test("the past", () => {
    const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0, previousRunId: "run-0" };
    const plan = planFrom({ a: { past: true } });
    const state = newRun({ plan, facts, params: {}, event: null });
    decide(state, { kind: "start", admitted: true }, { nowMs: 1, cause: "s" });
    const ref = { taskId: "a", mapIndex: -1 };
    expect(explainTask(state, ref, { ...around, past: () => "failed" })?.causes).toEqual([
      {
        kind: "past",
        text: "a depends on the past: in the run before, run-0, a is failed",
        task: "a",
        runId: "run-0",
      },
    ]);
  });

  test("an approval, an attempt that is being cancelled, an on-exit task, an end", () => {
    const t = running({ a: {}, z: { role: "on_exit" } });
    expect(t.kinds("z")).toEqual(["on_exit"]);
    t.cancel();
    expect(t.kinds("a")).toEqual(["cancelling"]);
    const task = t.task("a");
    if (task !== undefined) task.status = "awaiting_approval";
    expect(t.kinds("a")).toEqual(["approval"]);
  });

  test("a question: whom it asks, what, and until when", () => {
    const t = running({ go: { kind: "approval", timeoutMs: 5_000 }, after: { needs: ["go"] } });
    expect(t.kinds("go")).toEqual(["next"]);
    t.ask("go", { message: "Publish?", approvers: ["ana", "ben"] });
    expect(t.why("after")?.causes.at(-1)).toEqual({
      kind: "approval",
      text: "go waits for the approval of ana or ben: Publish?",
      task: "go",
      untilMs: t.task("go")?.dueMs,
    });
    expect(t.task("go")?.dueMs).toBe(6_000);
  });

  test("of a run everything that would be next, and nothing that waits behind it", () => {
    const t = running({ a: {}, b: {}, c: { needs: ["a", "b"] } });
    expect(explainRun(t.state, around).map(({ task }) => task)).toEqual(["a", "b"]);
  });

  test("nothing for a task that the run does not have", () => {
    expect(running({ a: {} }).why("x")).toBeUndefined();
  });
});

describe("when it is expected, as an estimate", () => {
  const took = { medianMs: 10_000, runs: 4 };

  test("in line for a pool: when its holder ends, and after that who is before it", () => {
    const t = running({ a: { pools: ["db"] }, b: { needs: ["a"] } });
    const pool = newPool("db");
    pool.size = 1;
    for (const [runId, taskId] of [
      ["run-1", "load"],
      ["run-2", "load"],
      ["run-x", "a"],
    ] as const) {
      const who = { attemptId: runId, runId, dagId: "other", taskId, mapIndex: -1, attempt: 1 };
      const claim = { ...who, slots: 1, priority: 0 };
      decidePool(pool, { kind: "acquire", claim, size: undefined }, 1_000);
    }
    const pools = new Map([["db", pool]]);
    const tookOf = (dagId: string, taskId: string) =>
      dagId === "other" && taskId === "load" ? took : undefined;
    const estimate = { atMs: 21_000, by: "estimate", runs: 4 };
    expect(t.why("a", { pools, tookOf })?.expected).toEqual(estimate);
    expect(t.why("b", { pools, tookOf, durations: () => took })?.expected).toEqual({
      ...{ ...estimate, atMs: 31_000 },
    });
    expect(t.why("a", { pools })?.expected).toBe(undefined);
  });

  test("a person: as long as people took before, at most the time that they have", () => {
    const tasks = {
      go: { kind: "approval", timeoutMs: 30_000 },
      b: { needs: ["go"] },
      c: { needs: ["b"] },
    };
    const t = running(tasks);
    t.ask("go", { message: "Publish?" });
    const askedMs = t.task("go")?.startedMs ?? 0;
    const end = { atMs: askedMs + 30_000, by: "estimate", runs: Infinity };
    expect(t.why("go")?.expected).toEqual(end);
    expect(t.why("b")?.expected).toEqual(end);
    const ofB = (id: string) => (id === "b" ? took : undefined);
    expect(t.why("c", { durations: ofB })?.expected).toEqual({
      ...{ atMs: askedMs + 40_000, by: "estimate", runs: 4 },
    });
    expect(t.why("b", { durations: () => took })?.expected).toEqual({
      ...{ atMs: askedMs + 10_000, by: "estimate", runs: 4 },
    });
  });

  test("a run in line for a slot of its DAG: when an active one ends, and after it those before this one", () => {
    const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0 };
    const plan = planFrom({ a: {}, b: { needs: ["a"] } });
    const state = newRun({ plan, facts, params: {}, event: null });
    decide(state, { kind: "start", admitted: false }, { nowMs: 1, cause: "s" });
    const dag = { paused: false, maxActiveRuns: 2, active: ["run-1", "run-2"] };
    const runs = { took, startedMs: [2_000, 4_000], before: 1 };
    const at = (more: Partial<Surroundings> = {}) => ({ ...around, dag, runs, ...more });
    const begins = { atMs: 14_000, by: "estimate", runs: 4 };
    expect(explainRun(state, at())[0]?.expected).toEqual(begins);
    const a = { taskId: "a", mapIndex: -1 };
    expect(explainTask(state, a, at())?.expected).toEqual(begins);
    const b = explainTask(state, { taskId: "b", mapIndex: -1 }, at({ durations: () => took }));
    expect(b?.expected).toEqual({ ...begins, atMs: 24_000 });
    const paused = at({ dag: { ...dag, paused: true } });
    expect(explainTask(state, a, paused)?.expected).toBe(undefined);
  });

  test("the past: when the task ends there", () => {
    const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0, previousRunId: "run-0" };
    const state = newRun({ plan: planFrom({ a: { past: true } }), facts, params: {}, event: null });
    decide(state, { kind: "start", admitted: true }, { nowMs: 1, cause: "s" });
    const pastEnds = () => ({ atMs: 9_000, runs: 3 });
    const found = explainTask(state, { taskId: "a", mapIndex: -1 }, { ...around, pastEnds });
    expect(found?.expected).toEqual({ atMs: 9_000, by: "estimate", runs: 3 });
  });
});

test("explain names a circle of runs that wait for each other, and what to do", () => {
  const t = running({ a: { kind: "dag.run" }, b: { needs: ["a"] } });
  const child = { runId: "run-c", dagId: "prices", key: "k", params: {}, wait: true, allowed: [] };
  t.say({ kind: "child_named", ...refOf("a"), attempt: 1, child });
  t.report("a", 1, 1, { state: "running" });
  const dag = { paused: false, maxActiveRuns: 1, active: ["run-c"] };
  const children = new Map([["run-c", { state: "running", dag }]]);
  const { id } = t.state.facts;
  const waits = [
    { runId: "run-c", dagId: "prices", task: "all", forRunId: "run-d" },
    { runId: "run-d", dagId: "rates", task: "up", forRunId: id },
  ];
  expect(t.why("b", { children, waits })?.causes.at(-1)).toEqual({
    kind: "circle",
    text: `runs wait for each other in a circle: test/a of ${id} → prices/all of run-c → rates/up of run-d → ${id}; cancel one of them`,
    runId: "run-c",
  });
  expect(t.kinds("a", { children, waits: waits.slice(0, 1) })).toEqual(["child"]);
});
