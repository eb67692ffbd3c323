// Whatever makes a run red, its end says so, and with it alerts do: also a person's mark and a run's own timeout.
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  DagSpecSchema,
  FailureClass,
  RunSettledSchema,
  RunState,
  runIdOf,
} from "@chasqui/contracts";
import { planOf } from "@chasqui/dag";
import { decide, newRun } from "@chasqui/machine";
import type { RunMessage } from "@chasqui/machine";
import { expect, test } from "vitest";
import { announce } from "./events.ts";

/** What is said of the end of a run after these messages. */
function endAfter(...messages: readonly { readonly atMs: number; readonly message: RunMessage }[]) {
  const timeout = { seconds: 60n, nanos: 0 };
  const tasks = [{ id: "load", uses: "test.task" }];
  const plan = planOf(create(DagSpecSchema, { id: "costs", tasks, timeout }), "f", { vars: {} });
  const runId = runIdOf("costs", "k");
  const state = newRun({
    plan,
    facts: { id: runId, dagId: "costs", key: "k", logicalMs: 0 },
    ...{ params: {}, event: null },
  });
  const meta = {
    ...{ runId, dagId: "costs", dagNumber: 1, key: "k", logicalMs: 0, createdMs: 1, by: "" },
    ...{ causeKind: "schedule" as const, params: {}, event: null, traceparent: undefined },
    ...{ traceId: "0", traced: false, interval: { startMs: 0, endMs: 0 } },
  };
  const said = messages.flatMap(({ atMs, message }, index) => {
    const { events } = decide(state, message, { nowMs: atMs, cause: `m${index}` });
    const now = { meta, plan, version: index + 1, events, state };
    return announce({ ...now, environment: "local", traceparent: "" });
  });
  const ends = said.filter(({ subject }) => subject.includes(".run-settled."));
  return ends.map(({ data }) => fromBinary(RunSettledSchema, data)).at(-1);
}

const start = { atMs: 1, message: { kind: "start", admitted: true } as const };
const load = { taskId: "load", mapIndex: -1, attempt: 1 };
const report = (sequence: number, report: { state: "succeeded" | "cancelled" }) =>
  ({ kind: "update", ...load, sequence, report }) as const;

test("airflow#38935: a task that a person marked failed is among the failures of its run, with who and why", () => {
  const done = { atMs: 2, message: report(1, { state: "succeeded" }) };
  const by = { by: "user:ana", reason: "wrong month" };
  const mark = { kind: "mark", taskId: "load", mapIndex: -1, state: "failed", ...by } as const;
  const end = endAfter(start, done, { atMs: 3, message: mark }, admitted(4));
  expect(end).toMatchObject({
    state: RunState.FAILED,
    reason: "task `load` failed",
    failures: [{ taskId: "load", failure: { class: FailureClass.UNKNOWN } }],
  });
  expect(end?.failures[0]?.failure?.message).toContain("user:ana");
  expect(end?.failures[0]?.failure?.message).toContain("wrong month");
});

const admitted = (atMs: number) => ({ atMs, message: { kind: "admit" } as const });

test("airflow#18746: a run that took too long ends failed, and says that it did", () => {
  const timer = { atMs: 61_000, message: { kind: "timer" } as const };
  const gone = { atMs: 62_000, message: report(1, { state: "cancelled" }) };
  expect(endAfter(start, timer, gone)).toMatchObject({
    state: RunState.FAILED,
    reason: "the run took longer than its timeout",
  });
});
