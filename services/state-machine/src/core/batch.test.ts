// A message that comes again is decided again: what it caused at first, and nobody may have heard, is said with the rest.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { planOf } from "@chasqui/dag";
import { decide, newPool, newRun } from "@chasqui/machine";
import type { PoolMessage, RunMessage } from "@chasqui/machine";
import { expect, test } from "vitest";
import type { Aggregates } from "./aggregates.ts";
import { decideBatch } from "./batch.ts";
import type { Inbound } from "./inbound.ts";

const runId = runIdOf("costs", "k");
const retries = { max: 1, backoff: { seconds: 1n, nanos: 0 } };
const tasks = [
  { id: "flaky", uses: "test.task", retries },
  { id: "slow", uses: "test.task", timeout: { seconds: 60n, nanos: 0 } },
];

function running(): Aggregates {
  const plan = planOf(create(DagSpecSchema, { id: "costs", tasks }), "f", { vars: {} });
  const facts = { id: runId, dagId: "costs", key: "k", logicalMs: 0 };
  const state = newRun({ plan, facts, params: {}, event: null });
  const say = (message: RunMessage) => decide(state, message, { nowMs: 1_000, cause: "before" });
  const update = { kind: "update", mapIndex: -1, attempt: 1, sequence: 1 } as const;
  const failure = { class: "code", message: "exit code 1" } as const;
  say({ kind: "start", admitted: true });
  say({ ...update, taskId: "flaky", report: { state: "failed", failure } });
  say({ ...update, taskId: "slow", report: { state: "running" } });
  const meta = {
    ...{ runId, dagId: "costs", dagNumber: 1, key: "k", logicalMs: 0, createdMs: 1 },
    ...{ interval: { startMs: 0, endMs: 0 }, causeKind: "manual" as const, by: "", params: {} },
    ...{ event: null, traceparent: undefined, traceId: "0", traced: false },
  };
  const run = { state, version: 1, announced: 1, meta, fresh: true };
  const none = {
    dags: new Map(),
    pools: new Map(),
    versions: new Map(),
    previous: new Map(),
    decided: new Set<string>(),
  };
  return { runs: new Map([[runId, run]]), ...none };
}

const timer = (redelivered: boolean): Inbound => ({
  ...{ id: "timer", redelivered, replyTo: "", by: "", note: "" },
  body: { to: "run", runId, message: { kind: "timer" } },
});

test("a timer that comes again, and moves the run once more, says again what it caused at first", () => {
  const all = running();
  const saidAt = (nowMs: number, redelivered: boolean) =>
    decideBatch(all, [timer(redelivered)], { nowMs, isTraced: () => false }).said.flatMap(
      ({ runEffects }) => runEffects.map(({ effect }) => effect),
    );
  const repeat = { kind: "assign", slot: 0, attempt: 2 };
  expect(saidAt(10_000, false)).toEqual([repeat]);
  expect(saidAt(200_000, true)).toMatchObject([{ kind: "cancel", taskId: "slow" }, repeat]);
  expect(saidAt(200_000, true)).toMatchObject([repeat, { kind: "cancel", taskId: "slow" }]);
});

test("a command that comes again after it was taken back decides nothing", () => {
  const all = running();
  const cancel: Inbound = {
    ...{ id: "c1", redelivered: true, replyTo: "", by: "", note: "" },
    body: { to: "run", runId, message: { kind: "cancel", by: "user:ana", reason: "" } },
  };
  const outcome = () =>
    decideBatch(all, [cancel], { nowMs: 10, isTraced: () => false }).said[0]?.outcome.kind;
  all.decided.add("c1");
  expect(outcome()).toBe("nothing");
  expect(all.runs.get(runId)?.state.status).toBe("running");
  all.decided.clear();
  expect(outcome()).toBe("moved");
});

test("a mark that comes again asks for the run's slot, for it may be at work by an admission from before", () => {
  const all = running();
  const mark: Inbound = {
    ...{ id: "m1", redelivered: true, replyTo: "", by: "", note: "" },
    body: {
      ...{ to: "run", runId },
      message: { kind: "mark", taskId: "slow", mapIndex: -1, state: "skipped", by: "", reason: "" },
    },
  };
  const said = () =>
    decideBatch(all, [mark], { nowMs: 10, isTraced: () => false }).said.flatMap(({ runEffects }) =>
      runEffects.map(({ effect }) => effect),
    );
  all.decided.add("m1");
  expect(said()).toEqual([{ kind: "ask_dag" }]);
  all.decided.clear();
  expect(said()).not.toContainEqual({ kind: "ask_dag" });
});

test("a run that is admitted after its end says its end once more, for it holds a slot for nothing", () => {
  const all = running();
  const saidOf = (id: string, message: RunMessage) => {
    const body = { to: "run" as const, runId, message };
    const inbound = { ...{ id, redelivered: false, replyTo: "", by: "", note: "" }, body };
    return decideBatch(all, [inbound], { nowMs: 10_000, isTraced: () => false }).said.flatMap(
      ({ runEffects }) => runEffects.map(({ effect }) => effect),
    );
  };
  for (const taskId of ["flaky", "slow"])
    saidOf(taskId, {
      ...{ kind: "mark", taskId, mapIndex: -1, state: "skipped", by: "", reason: "" },
    });
  saidOf("u2", {
    ...{ kind: "update", taskId: "slow", mapIndex: -1, attempt: 1, sequence: 9 },
    report: { state: "cancelled" },
  });
  expect(all.runs.get(runId)?.state.settledMs).toBeDefined();
  expect(saidOf("late", { kind: "admit" })).toEqual([{ kind: "tell_dag", asked: "late" }]);
});

test("a command that comes twice in one batch is decided once, whatever was asked for in between", () => {
  const all = running();
  const ask = (id: string, message: RunMessage): Inbound => ({
    ...{ id, redelivered: false, replyTo: "", by: "", note: "" },
    body: { to: "run", runId, message },
  });
  const of = { taskId: "flaky", mapIndex: -1, by: "user:ana", reason: "" };
  const mark = ask("m1", { kind: "mark", state: "failed", ...of });
  const clear = ask("c1", {
    ...{ kind: "clear", tasks: [of], by: "user:bob", reason: "" },
    ...{ upstream: false, downstream: false, onlyFailed: false },
  });
  const { said } = decideBatch(all, [mark, clear, mark], { nowMs: 10, isTraced: () => false });
  expect(said.map(({ outcome }) => outcome.kind)).toEqual(["moved", "moved", "nothing"]);
});

test("a message to a pool that comes again says every grant again, once for a batch", () => {
  const all = running();
  const state = newPool("warehouse");
  state.size = 2;
  all.pools.set("warehouse", { state, version: 1, fresh: true });
  const asker = (n: number) => ({
    ...{ attemptId: `att-${n}`, runId, dagId: "costs", taskId: "slow", mapIndex: -1 },
    ...{ attempt: n, slots: 1, priority: 0 },
  });
  const tell = (message: PoolMessage, redelivered: boolean): Inbound => ({
    ...{ id: `${message.kind}`, redelivered, replyTo: "", by: "", note: "" },
    body: { to: "pool", pool: "warehouse", message },
  });
  const acquire = (n: number, redelivered: boolean) =>
    tell({ kind: "acquire", claim: asker(n), size: undefined }, redelivered);
  const granted = (...messages: Inbound[]) =>
    decideBatch(all, messages, { nowMs: 10, isTraced: () => false }).said.map(({ poolEffects }) =>
      poolEffects.map(({ effect }) => effect.claim.attemptId),
    );
  expect(granted(acquire(1, false), acquire(3, false))).toEqual([["att-1"], ["att-3"]]);
  // It moves the pool, and its first time may have granted what nobody has heard of.
  const release = tell({ kind: "release", attemptId: "att-1" }, true);
  expect(granted(acquire(4, false), release, acquire(3, true))).toEqual([
    [],
    ["att-3", "att-4"],
    ["att-3"],
  ]);
});
