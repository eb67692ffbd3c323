// What `validate` says about expressions beyond their names: types, and outputs that may be missing.
import { expect, test } from "vitest";
import { formatProblem } from "../problem.ts";
import { compileDag } from "./compile-dag.ts";

function problemsOf(tasks: string, top = ""): string[] {
  const compiled = compileDag({ file: "x.yaml", text: `id: x\n${top}tasks:\n${tasks}` });
  return (compiled.ok ? compiled.warnings : compiled.problems).map(formatProblem);
}

const params =
  "params: { type: object, properties: { n: { type: integer }, name: { type: string }, l: { type: array, items: { type: object, properties: { id: { type: string } }, additionalProperties: false } } } }\n";

test.each([
  [
    "  a: { uses: noop, when: run.date }\n",
    "x.yaml:4:26: task `a`: when: the expression gives text: want true or false",
  ],
  [
    "  a: { uses: noop, when: params.n == 'x' }\n",
    "x.yaml:4:35: task `a`: when: an integer is never equal to text",
  ],
  [
    "  a: { uses: noop, when: params.n > params.name }\n",
    "`>` cannot be applied to an integer and text",
  ],
  [
    "  a: { uses: noop, for_each: params.name }\n",
    "task `a`: for_each: the expression gives text: want a list",
  ],
  [
    "  a: { uses: noop, for_each: '${params.name}' }\n",
    "x.yaml:4:33: task `a`: for_each: the expression gives text: want a list",
  ],
  [
    "  a: { uses: noop, for_each: params.l, when: item.name == '' }\n",
    "x.yaml:4:50: task `a`: when: no field `name`: there is id",
  ],
  [
    "  a: { uses: noop, for_each: { zip: { x: [1], y: [a] } }, when: item.x > item.y }\n",
    "`>` cannot be applied to an integer and text",
  ],
  [
    "  a: { uses: noop, for_each: ['a'], when: index == item }\n",
    "an integer is never equal to text",
  ],
  [
    "  a: { uses: k8s.pod, with: { image: 'x:${params.l}' } }\n",
    "x.yaml:4:43: task `a`: with: image: the expression gives a list: want text or a number inside of a text",
  ],
  [
    "  a: { uses: k8s.pod, with: { image: '${params.l}' } }\n",
    "x.yaml:4:41: task `a`: with: image: the expression gives a list: want text",
  ],
  [
    "  a: { uses: k8s.pod, with: { image: i, args: '${params.name}' } }\n",
    "x.yaml:4:50: task `a`: with: args: the expression gives text: want a list",
  ],
  [
    "  a: { uses: vertex.custom-job, with: { image: i, replicas: '${params.name}' } }\n",
    "x.yaml:4:64: task `a`: with: replicas: the expression gives text: want an integer",
  ],
  [
    "  a: { uses: noop }\n  b-c: { uses: noop, needs: [a] }\n  d: { uses: noop, needs: [b-c], when: tasks.b-c.output == 1 }\n",
    "task `d`: when: no task `b`; - is minus here; write tasks.b_c or tasks['b-c']",
  ],
  [
    "  a: { uses: noop, concurrency: { key: 'k ${params.name + 1}' } }\n",
    "concurrency key: `+` cannot be applied to text and an integer",
  ],
  [
    "  a: { uses: noop, retries: { rules: [{ when: failure.class == 1, then: fail }] } }\n",
    "text is never equal to an integer",
  ],
  [
    "  a: { uses: noop, retries: { rules: [{ when: attempt, then: fail }] } }\n",
    "the expression gives an integer: want true or false",
  ],
  [
    "  m: { uses: noop, for_each: [1] }\n  a: { uses: noop, needs: [m], when: tasks.m.output.rows > 1 }\n",
    "a list has no field `rows`",
  ],
  [
    "  e: { uses: noop, on_exit: true, when: run.failed_tasks == 'a' }\n",
    "a list is never equal to text",
  ],
])("%s → %s", (tasks, expected) => {
  expect(problemsOf(tasks, params)).toContainEqual(expect.stringContaining(expected));
});

const warn = "may have been skipped when this runs, and then has no output";
const failed = "may have failed when this runs, and then has no output";
const reads = "when: tasks.u.output.n > 1";

test.each<[string, string | undefined]>([
  [`  u: { uses: noop }\n  a: { uses: noop, needs: [u], ${reads} }\n`, undefined],
  [
    `  u: { uses: noop, when: run.is_latest }\n  a: { uses: noop, needs: [u], ${reads} }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop, when: run.is_latest }\n  a: { uses: noop, needs: [u], trigger_rule: none_failed, ${reads} }\n`,
    warn,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, needs: [u], trigger_rule: all_done, ${reads} }\n`,
    failed,
  ],
  [
    `  u: { uses: noop, when: run.is_latest }\n  v: { uses: noop, needs: [u], trigger_rule: all_done }\n  a: { uses: noop, needs: [v], ${reads} }\n`,
    warn,
  ],
  [
    `  u: { uses: noop }\n  v: { uses: noop, needs: [u] }\n  a: { uses: noop, needs: [v], ${reads} }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  v: { uses: noop }\n  a: { uses: noop, needs: [u, v], trigger_rule: one_success, ${reads} }\n`,
    failed,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, needs: [u], trigger_rule: one_success, ${reads} }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  v: { uses: noop, needs: [u] }\n  w: { uses: noop, needs: [u] }\n  a: { uses: noop, needs: [v, w], trigger_rule: one_success, ${reads} }\n`,
    undefined,
  ],
  [`  u: { uses: noop, setup: true }\n  a: { uses: noop, teardown: [u], ${reads} }\n`, undefined],
  [
    `  s: { uses: noop, setup: true }\n  u: { uses: noop, needs: [s] }\n  a: { uses: noop, needs: [u], teardown: [s], ${reads} }\n`,
    failed,
  ],
  [`  u: { uses: noop }\n  a: { uses: noop, on_exit: true, ${reads} }\n`, failed],
  [
    `  u: { uses: noop }\n  a: { uses: noop, on_exit: true, when: tasks.u.state == 'succeeded' && tasks.u.output.n > 1 }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, on_exit: true, when: has(tasks.u.output.n) && tasks.u.output.n > 1 }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, on_exit: true, when: tasks.u.output != null && tasks.u.output.n > 1 }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: k8s.pod, on_exit: true, when: tasks.u.state == 'succeeded', with: { image: "\${tasks.u.output.n}" } }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: k8s.pod, on_exit: true, with: { image: "\${tasks.u.output.n}" } }\n`,
    failed,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: k8s.pod, on_exit: true, with: { image: "\${string(tasks.u.output)}" } }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, needs: [u], trigger_rule: all_done, for_each: tasks.u.output.l }\n`,
    failed,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, needs: [u], trigger_rule: all_done, when: tasks.u.output != null, for_each: tasks.u.output.l }\n`,
    undefined,
  ],
  [
    `  u: { uses: noop }\n  a: { uses: noop, needs: [u], trigger_rule: all_done, when: tasks.u.output != item, for_each: tasks.u.output.l }\n`,
    failed,
  ],
])("%s warns: %s", (tasks, expected) => {
  expect(problemsOf(tasks)).toEqual(
    expected === undefined
      ? []
      : [
          expect.stringMatching(
            /^x\.yaml:\d+:\d+: warning: task `a`: .*; ask first: tasks\.u\.state/,
          ),
        ],
  );
  if (expected !== undefined) expect(problemsOf(tasks)[0]).toContain(expected);
});

test("in a mapped group the reader is sure of what the group is sure of", () => {
  const tasks = `  u: { uses: noop, when: run.is_latest }
  b: { uses: noop, group: g, when: tasks.u.output.n > 1 }
  c: { uses: noop, group: g, needs: [b], when: tasks.b.output.n > 1 }
`;
  expect(problemsOf(tasks, "groups: { g: { for_each: [1], needs: [u] } }\n")).toEqual([]);
  expect(
    problemsOf(tasks, "groups: { g: { for_each: [1], needs: [u], trigger_rule: all_done } }\n"),
  ).toEqual([expect.stringContaining(warn)]);
});
