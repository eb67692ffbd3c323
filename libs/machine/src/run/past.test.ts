// depends_on_past, told as a chain of runs of one DAG, each a real state, with the DAG that admits them.
import { describe, expect, test } from "vitest";
import type { DagMessage } from "../dag/dag.ts";
import { decideDag, newDag, waitingWanted } from "../dag/dag.ts";
import type { TaskLiteral } from "../testing/plans.ts";
import { itemsOf, planFrom } from "../testing/plans.ts";
import { decide } from "./decide.ts";
import { allWanted, effectsOf, stillWanted } from "./follow.ts";
import type { RunEffect } from "./follow.ts";
import { newRun } from "./fold.ts";
import type { RunMessage } from "./messages.ts";
import { slotNamed } from "./slots.ts";
import type { RunState } from "./state.ts";

type Outcome = "succeeded" | "failed" | "skipped";

/** Runs are numbers; messages between aggregates are carried at once, and some of them twice. */
function chain(tasks: Readonly<Record<string, TaskLiteral>>, maxActiveRuns = 1) {
  const plan = planFrom(tasks);
  const dag = newDag("test");
  const runs: RunState[] = [];
  let nowMs = 1_000;
  const tellDag = (message: DagMessage): boolean => {
    const waiting = runs.filter(({ status }) => status === "queued").map(({ facts }) => facts.id);
    const decision = decideDag(dag, message, waiting.slice(0, waitingWanted(dag, message)));
    if (decision.kind !== "moved") return false;
    for (const effect of decision.effects)
      if (effect.kind === "admit") tell(effect.runId, { kind: "admit" });
    return dag.active.includes("runId" in message ? message.runId : "");
  };
  const tell = (runId: string, message: RunMessage) => {
    const state = runs.find(({ facts }) => facts.id === runId);
    if (state === undefined) throw new Error(`no run ${runId}`);
    nowMs += 1;
    const { decision, events } = decide(state, message, { nowMs, cause: `m${nowMs}` });
    const answers = decision.kind === "nothing" ? (decision.answers ?? []) : [];
    for (const effect of [...effectsOf(state, events, []), ...answers]) carry(state, effect);
    return decision;
  };
  const carry = (state: RunState, effect: RunEffect): void => {
    const by = state.facts.id;
    if (effect.kind === "tell_dag") tellDag({ kind: "settled", runId: by, settledMs: nowMs });
    if (effect.kind === "ask_dag") tellDag({ kind: "reopened", runId: by, reopenedMs: nowMs });
    if (effect.kind === "tell_past") tell(effect.to, { kind: "past_done", task: effect.task });
    if (effect.kind !== "ask_past") return;
    const task = plan.tasks[state.tasks[effect.slot]?.plan ?? -1]?.id ?? "";
    for (let i = 0; i < 2; i++) tell(effect.previousRunId, { kind: "past_asked", task, by });
  };
  tellDag({
    kind: "apply",
    version: { fingerprint: "f", maxActiveRuns, overlap: "queue", autoPauseAfter: 0 },
  });
  const taskOf = (run: number, taskId: string) =>
    runs[run - 1]?.tasks[slotNamed(runs[run - 1] as RunState, taskId, -1) ?? -1];
  return {
    tell,
    taskOf,
    start() {
      const id = `run-${runs.length + 1}`;
      const previous = runs.at(-1)?.facts.id;
      const facts = { id, dagId: "test", key: id, logicalMs: runs.length };
      const known = previous === undefined ? facts : { ...facts, previousRunId: previous };
      runs.push(newRun({ plan, facts: known, params: {}, event: null }));
      const admitted = tellDag({ kind: "start", runId: id, exists: false, scheduled: true });
      tell(id, { kind: "start", admitted });
    },
    end(run: number, taskId: string, state: Outcome) {
      const ref = { taskId, mapIndex: -1, attempt: taskOf(run, taskId)?.attempt ?? 0, sequence: 9 };
      const failure = { class: "code", message: "exit code 1" } as const;
      const report =
        state === "failed"
          ? ({ state, failure } as const)
          : state === "skipped"
            ? ({ state, reason: "" } as const)
            : ({ state } as const);
      return tell(`run-${run}`, { kind: "update", ...ref, report });
    },
    clear: (run: number, taskId: string) =>
      tell(`run-${run}`, {
        kind: "clear",
        tasks: [{ taskId, mapIndex: -1 }],
        ...{ upstream: false, downstream: true, onlyFailed: false, by: "user:ana", reason: "" },
      }),
    status: (run: number) => runs[run - 1]?.status,
    wanted: (run: number) => allWanted(runs[run - 1] as RunState, { accepted: false }),
    is: (run: number, taskId: string) => taskOf(run, taskId)?.status,
  };
}

describe("depends_on_past", () => {
  test("the first run is never held; the next one waits until the task ended well before", () => {
    const t = chain({ a: { past: true }, b: { needs: ["a"] } }, 9);
    t.start();
    t.start();
    t.start();
    expect([1, 2, 3].map((run) => t.is(run, "a"))).toEqual(["assigned", "queued", "queued"]);
    t.end(1, "a", "succeeded");
    expect([1, 2, 3].map((run) => t.is(run, "a"))).toEqual(["succeeded", "assigned", "queued"]);
    t.end(2, "a", "skipped"); // skipped is fine, too
    expect(t.is(3, "a")).toBe("assigned");
  });

  test("airflow#35935: a failed past, max_active_runs 1 and a clear do not wait for each other", () => {
    const t = chain({ a: { past: true } });
    t.start();
    t.start();
    t.end(1, "a", "failed");
    expect([t.status(1), t.status(2)]).toEqual(["failed", "running"]); // run 2 has the only slot
    expect(t.is(2, "a")).toBe("queued");
    t.clear(1, "a");
    expect([t.status(1), t.is(1, "a")]).toEqual(["running", "assigned"]);
    t.end(1, "a", "succeeded");
    expect([t.status(1), t.is(2, "a")]).toEqual(["succeeded", "assigned"]);
    t.end(2, "a", "succeeded");
    expect(t.status(2)).toBe("succeeded");
  });

  test("a person who marks the failed past lets the next run go on", () => {
    const t = chain({ a: { past: true } });
    t.start();
    t.start();
    t.end(1, "a", "failed");
    const asked = { by: "user:ana", reason: "checked by hand" };
    t.tell("run-1", { kind: "mark", taskId: "a", mapIndex: -1, state: "succeeded", ...asked });
    expect(t.is(2, "a")).toBe("assigned");
  });

  test("comes after the trigger rule and `when`, and before pools and mapping", () => {
    const never = (): { ok: true; value: boolean } => ({ ok: true, value: false });
    const t = chain(
      {
        a: { past: true, when: never },
        b: { past: true, pools: ["warehouse"] },
        c: { past: true, items: itemsOf(2) },
        d: { past: true, kind: "noop" },
      },
      9,
    );
    t.start();
    t.start();
    expect(["a", "b", "c", "d"].map((task) => t.is(2, task))).toEqual([
      ...["skipped", "queued", "queued", "succeeded"],
    ]);
    expect(t.wanted(2).map(({ kind }) => kind)).toEqual(["ask_past", "ask_past"]);
    t.tell("run-1", { kind: "granted", taskId: "b", mapIndex: -1, attempt: 1, pool: "warehouse" });
    t.end(1, "b", "succeeded");
    expect(t.taskOf(2, "b")?.claims).toEqual([{ pool: "warehouse", slots: 1 }]);
    for (const mapIndex of [0, 1]) {
      const report = { state: "succeeded" } as const;
      t.tell("run-1", { kind: "update", taskId: "c", mapIndex, attempt: 1, sequence: 1, report });
    }
    expect(t.is(2, "c")).toBe("running"); // the mapping before was done as a whole
  });

  test("a cancelled run is held by nothing, and a task that is new in this version has no past", () => {
    const t = chain({ a: { past: true } }, 9);
    t.start();
    t.start();
    t.tell("run-2", { kind: "cancel", by: "user:ana", reason: "" });
    expect([t.status(2), t.is(2, "a")]).toEqual(["cancelled", "cancelled"]);
    const decision = t.tell("run-1", { kind: "past_asked", task: "new", by: "run-2" });
    expect(decision).toMatchObject({ kind: "nothing", answers: [{ kind: "tell_past" }] });
  });
});

test("who was told, and whoever asks, is told again: by the same message, in words that tell the askings apart", () => {
  const facts = { id: "run-1", dagId: "test", key: "k", logicalMs: 0 };
  const plan = planFrom({ a: { past: true } });
  const state = newRun({ plan, facts, params: {}, event: null });
  const say = (cause: string, message: RunMessage) =>
    decide(state, message, { nowMs: 1, cause }).decision;
  const ask = (cause: string) => say(cause, { kind: "past_asked", task: "a", by: "run-2" });
  say("start", { kind: "start", admitted: true });
  ask("q1");
  const ended = { taskId: "a", mapIndex: -1, attempt: 1, sequence: 3 };
  say("end", { kind: "update", ...ended, report: { state: "succeeded" } });
  const told = { kind: "tell_past", to: "run-2", task: "a" };
  expect(stillWanted(state, "end")).toContainEqual(told);
  expect(stillWanted(state, "q1")).not.toContainEqual(told);
  expect(ask("q2")).toMatchObject({ answers: [{ ...told, asked: "q2" }] });
  say("clear", {
    ...{ kind: "clear", tasks: [], upstream: false, downstream: false, onlyFailed: false },
    ...{ by: "user:ana", reason: "" },
  });
  expect(state.tasks[0]).toMatchObject({ listeners: ["run-2"], told: [] }); // it may not have heard
  say("admit", { kind: "admit" });
  say("again", { kind: "update", ...ended, attempt: 2, report: { state: "succeeded" } });
  expect(stillWanted(state, "again")).toContainEqual(told);
  expect(ask("q3")).toMatchObject({ answers: [{ ...told, asked: "q3" }] });
});

test("a question to the run before is still wanted by the message that held the task", () => {
  const facts = { id: "run-2", dagId: "test", key: "k", logicalMs: 1, previousRunId: "run-1" };
  const plan = planFrom({ a: { past: true } });
  const state = newRun({ plan, facts, params: {}, event: null });
  decide(state, { kind: "start", admitted: true }, { nowMs: 1, cause: "start" });
  expect(stillWanted(state, "start")).toEqual([
    { kind: "ask_past", slot: 0, attempt: 0, previousRunId: "run-1" },
  ]);
});
