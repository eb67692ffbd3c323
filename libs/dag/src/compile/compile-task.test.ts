// Retries, pools, limits, renames and the kinds of the state machine: what they compile to, and broken ones.
import { expect, test } from "vitest";
import { RetryOutcome } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { formatProblem } from "../problem.ts";
import { compileDag } from "./compile-dag.ts";

function problemsOf(text: string): string[] {
  const compiled = compileDag({ file: "x.yaml", text });
  return (compiled.ok ? compiled.warnings : compiled.problems).map(formatProblem);
}

function specOf(text: string): DagSpec {
  const compiled = compileDag({ file: "x.yaml", text });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

const task = (fields: string): string => `id: x\ntasks:\n  a: { uses: noop, ${fields} }\n`;
const taskOf = (fields: string) => specOf(task(fields)).tasks[0];

test.each<[string, object]>([
  ["description: ' Loads. '", { description: "Loads." }],
  ["pool: warehouse", { pool: "warehouse", poolSlots: 1 }],
  ["pool: { name: gpu, slots: 4 }", { pool: "gpu", poolSlots: 4 }],
  ["priority: -5", { priority: -5 }],
  ["max_active: 3", { maxActive: 3 }],
  ['concurrency: { key: "${run.key}" }', { concurrency: { key: "${run.key}", max: 1 } }],
  ['concurrency: { key: "${run.key}", max: 4 }', { concurrency: { max: 4 } }],
  ["depends_on_past: true", { dependsOnPast: true }],
  [
    "total_timeout: 2h, start_timeout: 10m",
    { totalTimeout: { seconds: 7_200n }, startTimeout: { seconds: 600n } },
  ],
  ["produces: [routes, costs.daily, costs.daily]", { produces: ["costs.daily", "routes"] }],
  ["was: [b]", { was: ["b"] }],
  [
    "retries: { max: 2, rules: [{ when: failure.exit_code == 99, then: skip }, { when: attempt > 1, then: retry, backoff: 1h }] }",
    {
      retries: {
        max: 2,
        rules: [
          { when: "failure.exit_code == 99", then: RetryOutcome.SKIP },
          { when: "attempt > 1", then: RetryOutcome.RETRY, backoff: { seconds: 3_600n } },
        ],
      },
    },
  ],
  [
    "retries: { max: 2, on: [lost, evicted] }",
    {
      retries: {
        rules: [{ when: "!(failure.class in ['evicted', 'lost'])", then: RetryOutcome.FAIL }],
      },
    },
  ],
  [
    "retries: { rules: [{ when: failure.exit_code == 99, then: skip }] }",
    { retries: { max: 0, factor: 1, rules: [{ then: RetryOutcome.SKIP }] } },
  ],
])("%s", (fields, expected) => {
  expect(taskOf(fields)).toMatchObject(expected);
});

test("rules that could only fail or repeat mean nothing without repeats", () => {
  expect(taskOf("retries: { max: 0, on: [lost] }")?.retries).toBeUndefined();
});

test("of the DAG", () => {
  const text = "id: x\nmax_active_tasks: 8\nwas: [w, v]\ntasks: { a: { uses: noop } }\n";
  expect(specOf(text)).toMatchObject({ maxActiveTasks: 8, was: ["v", "w"] });
});

test.each([
  [task("pool: GPU"), "x.yaml:3:26: task `a`: pool: `GPU`: want a pool's name"],
  [task("pool: { slots: 2 }"), "task `a`: pool has no `name`"],
  [task("pool: { name: g, slots: 0 }"), "task `a`: pool slots: `0`: want an integer in 1..10000"],
  [
    task("priority: high"),
    "task `a`: priority: `high` is text: want an integer in -1000000..1000000",
  ],
  [task("concurrency: { max: 2 }"), "task `a`: concurrency has no `key`"],
  [
    task("concurrency: { key: '${prams.x}' }"),
    "concurrency key: no name `prams`; did you mean `params`?",
  ],
  [task("produces: [Bad Name]"), "task `a`: produces: `Bad Name`: want an asset's name"],
  [task("was: [a]"), "task `a` was `a`, which is there too"],
  ["id: x\nwas: [x]\ntasks: { a: { uses: noop } }\n", "x.yaml:2:7: was: the DAG is `x` now"],
  [
    "id: x\ntasks:\n  a: { uses: noop, was: [c] }\n  b: { uses: noop, was: [c] }\n",
    "task `b` and task `a` were both `c`",
  ],
  [task("retries: { on: [evictd] }"), "want one of code, out_of_memory, image, config, evicted"],
  [task("retries: { on: [] }"), "task `a`: retries on is empty: want failure classes, or max: 0"],
  [
    task("retries: { rules: [{ when: 'true' }] }"),
    "a rule of task `a`: retries rules has no `then`",
  ],
  [
    task("retries: { rules: [{ when: failure.exitcode == 1, then: fail }] }"),
    "no field `exitcode` in `failure`; did you mean `exit_code`?",
  ],
  [task("retries: { rules: [{ when: run.date == '', then: fail }] }"), "no name `run`"],
  [
    task("retries: { rules: [{ when: attempt > 1, then: stop }] }"),
    "retries rules then: `stop`: want one of retry, fail, skip",
  ],
  [
    task("retries: { rules: [{ when: attempt > 1, then: fail, backoff: 1s }] }"),
    "only what is repeated waits: want then: retry",
  ],
  [
    "id: x\ntasks: { a: { uses: approval } }\n",
    "field `message` (What is asked, for people) is missing",
  ],
  [
    "id: x\ntasks: { a: { uses: approval, with: { message: Go?, form: { type: objct } } } }\n",
    "task `a`: with: form.type: `objct`",
  ],
  [
    "id: x\ntasks: { a: { uses: approval, with: { message: Go?, default: maybe } } }\n",
    "task `a`: with: default: `maybe`: want one of approve, reject",
  ],
  [
    "id: x\ntasks: { a: { uses: approval, with: { message: Go?, default: reject } } }\n",
    "x.yaml:2:62: warning: task `a`: with: default, but the task has no timeout; write timeout: 1d",
  ],
  [
    task('retries: "3"'),
    "retries: `3` is text: want an integer in 0..100; leave out the quotation",
  ],
  [task('on_exit: "true"'), "on_exit: `true` is text: want true or false; leave out the quotation"],
  [task("depends_on: [b]"), "unknown field `depends_on` in task `a`; did you mean `needs`?"],
  [task("retries: { rules: { then: fail } }"), "retries rules is a map: want a list"],
  ["id: x\ntasks: { a: { uses: dag.run, with: {} } }\n", "field `dag` (Its id) is missing"],
  [
    "id: x\ntasks: { a: { uses: dag.run, with: { dag: y, allowed: [ok] } } }\n",
    "want one of succeeded, failed, cancelled",
  ],
])("%s → %s", (text, expected) => {
  expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected));
});

test.each(["timeout: 1d", "total_timeout: 1d"])(
  "a default of an approval with %s counts",
  (limit) => {
    const asked = "uses: approval, with: { message: Go?, default: reject }";
    expect(problemsOf(`id: x\ntasks: { a: { ${asked}, ${limit} } }\n`)).toEqual([]);
  },
);
