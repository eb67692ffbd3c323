// Time travel over a history written by hand.
import { planOf } from "@chasqui/dag";
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema } from "@chasqui/contracts";
import type { Recorded, RunEvent } from "@chasqui/machine";
import { expect, test } from "vitest";
import { runAtEvent } from "./at-event.ts";
import type { RunRecord } from "./view.ts";

const spec = create(DagSpecSchema, {
  id: "costs",
  tasks: [
    { id: "load", uses: "test.task" },
    { id: "sum", uses: "test.task", needs: ["load"] },
  ],
});
const events: RunEvent[] = [
  { type: "run_created", admitted: true },
  { type: "task_assigned", t: "load", a: 1 },
  { type: "task_succeeded", t: "load", a: 1, s: 1, output: { rows: 3 } },
  { type: "task_assigned", t: "sum", a: 1 },
  {
    type: "attempt_failed",
    ...{ t: "sum", a: 1, s: 1 },
    failure: { class: "code", message: "exit code 1" },
  },
  { type: "run_settled", state: "failed", reason: "task `sum` failed" },
];
const history = events.map((event, i): Recorded => ({ atMs: 1_000 * i, cause: `m${i}`, event }));
const now = {
  runId: "run-1",
  dagId: "costs",
  key: "k",
  logicalAt: new Date(0),
  params: {},
  event: null,
  state: "failed",
  version: 4,
} as unknown as RunRecord; // the columns that the view of then takes over

const at = (event: number) => {
  const { run, tasks } = runAtEvent(now, planOf(spec, "f", { vars: {} }), history, event);
  return [
    run.state,
    ...tasks.map(({ state, output }) => (output === null ? state : { state, output })),
  ];
};

test("the run as it was after each of its events", () => {
  expect([1, 2, 3, 4, 5, 6].map(at)).toEqual([
    ["running", "waiting", "waiting"],
    ["running", "assigned", "waiting"],
    ["running", { state: "succeeded", output: { rows: 3 } }, "waiting"],
    ["running", { state: "succeeded", output: { rows: 3 } }, "assigned"],
    ["running", { state: "succeeded", output: { rows: 3 } }, "failed"],
    ["failed", { state: "succeeded", output: { rows: 3 } }, "failed"],
  ]);
});

test("an event that is not there is named", () => {
  expect(() => at(7)).toThrow("run run-1: event 7: want one from 1 to 6");
});
