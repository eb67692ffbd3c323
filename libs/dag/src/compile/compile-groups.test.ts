// Groups, mapping, roles: what they compile to, and what authors are told about broken ones.
import { expect, test } from "vitest";
import { ForEachMode, TaskRole, TriggerRule } from "@chasqui/contracts";
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

const needsOf = (text: string): Record<string, string[]> => {
  const { tasks, groups } = specOf(text);
  const all = [...tasks, ...groups.filter(({ forEach }) => forEach !== undefined)];
  return Object.fromEntries(all.map(({ id, needs }) => [id, needs]));
};

test.each<[string, string, Record<string, string[]>]>([
  [
    "a need on a group is a need on its leaves, a group's need one of its entries",
    `id: x
groups: { g: { needs: [start] } }
tasks:
  start: { uses: noop }
  a: { uses: noop, group: g }
  b: { uses: noop, group: g, needs: [a] }
  c: { uses: noop, group: g, needs: [a] }
  end: { uses: noop, needs: [g] }
`,
    { start: [], a: ["start"], b: ["a"], c: ["a"], end: ["b", "c"] },
  ],
  [
    "groups in groups, one after the other",
    `id: x
groups:
  outer: { needs: [start] }
  first: { group: outer }
  second: { group: outer, needs: [first] }
tasks:
  start: { uses: noop }
  a: { uses: noop, group: first }
  b: { uses: noop, group: first }
  c: { uses: noop, group: second }
  d: { uses: noop, group: second, needs: [c, start] }
  end: { uses: noop, needs: [outer] }
`,
    { start: [], a: ["start"], b: ["start"], c: ["a", "b"], d: ["c", "start"], end: ["d"] },
  ],
  [
    "a mapped group needs what its tasks need outside of it",
    `id: x
groups: { g: { for_each: "[1, 2]", needs: [start] } }
tasks:
  start: { uses: noop }
  also: { uses: noop }
  a: { uses: noop, group: g }
  b: { uses: noop, group: g, needs: [a, also] }
  end: { uses: noop, needs: [g] }
`,
    { start: [], also: [], a: [], b: ["a"], g: ["also", "start"], end: ["b"] },
  ],
  [
    "a mapped group in an ordinary one is its entry",
    `id: x
groups:
  outer: { needs: [start] }
  g: { group: outer, for_each: [1, 2] }
tasks:
  start: { uses: noop }
  a: { uses: noop, group: g }
  b: { uses: noop, group: outer, needs: [g] }
`,
    { start: [], a: [], b: ["a"], g: ["start"] },
  ],
  [
    "an ordinary group in a mapped one is a frame",
    `id: x
groups:
  g: { for_each: [1, 2] }
  inner: { group: g, needs: [start, a] }
tasks:
  start: { uses: noop }
  a: { uses: noop, group: g }
  b: { uses: noop, group: inner }
`,
    { start: [], a: [], b: ["a"], g: ["start"] },
  ],
  [
    "a teardown waits for its setups, and is no leaf",
    `id: x
groups: { g: {} }
tasks:
  up: { uses: noop, group: g, setup: true }
  work: { uses: noop, group: g, needs: [up] }
  down: { uses: noop, group: g, needs: [work], teardown: [up] }
  end: { uses: noop, needs: [g] }
`,
    { up: [], work: ["up"], down: ["up", "work"], end: ["work"] },
  ],
])("%s", (_, text, needs) => {
  expect(needsOf(text)).toEqual(needs);
});

test("an ordinary group gives its tasks its condition, its entries its rule", () => {
  const { tasks, groups } = specOf(`id: x
groups: { g: { needs: [s], when: run.is_latest, trigger_rule: all_done, description: Both. } }
tasks:
  s: { uses: noop }
  a: { uses: noop, group: g, when: run.date > '2026' }
  b: { uses: noop, group: g, needs: [a] }
  c: { uses: noop, group: g, trigger_rule: one_failed }
`);
  expect(groups).toMatchObject([{ id: "g", description: "Both.", when: "", triggerRule: 0 }]);
  expect(tasks).toMatchObject([
    { id: "a", when: "(run.is_latest) && (run.date > '2026')", triggerRule: TriggerRule.ALL_DONE },
    { id: "b", when: "run.is_latest", triggerRule: TriggerRule.ALL_SUCCESS },
    { id: "c", when: "run.is_latest", triggerRule: TriggerRule.ONE_FAILED },
    { id: "s", when: "" },
  ]);
});

test("a mapped group keeps its condition and rule; the nearest defaults win", () => {
  const { tasks, groups } = specOf(`id: x
defaults: { timeout: 1h, pool: shared, retries: 2 }
groups:
  g:
    for_each: [1]
    when: run.is_latest
    trigger_rule: all_done
    defaults: { timeout: 10m, priority: 5, retries: { backoff: 1s } }
tasks:
  a: { uses: noop, group: g, pool: { name: gpu, slots: 2 } }
  b: { uses: noop, timeout: 2h }
`);
  expect(groups).toMatchObject([{ when: "run.is_latest", triggerRule: TriggerRule.ALL_DONE }]);
  expect(tasks).toMatchObject([
    {
      when: "",
      timeout: { seconds: 600n },
      ...{ pool: "gpu", poolSlots: 2, priority: 5 },
      retries: { max: 2, backoff: { seconds: 1n } },
    },
    { timeout: { seconds: 7200n }, pool: "shared", poolSlots: 1, priority: 0 },
  ]);
});

const mapped = (forEach: string) =>
  specOf(`id: x\ntasks:\n  t: { uses: noop, for_each: ${forEach} }\n`).tasks[0]?.forEach;

test.each<[string, object]>([
  ["\"${run.date.split('-')}\"", { lists: [{ name: "", in: "run.date.split('-')" }] }],
  ["run.date.split('-')", { lists: [{ in: "run.date.split('-')" }] }],
  [
    '[a, 1, { k: "${run.date}", a: null }]',
    { lists: [{ in: '["a", 1, {"a": null, "k": (run.date)}]' }], itemsMax: 1_024 },
  ],
  [
    '{ in: "[1]", parallel: 10, label: "no ${index}", max: 5 }',
    { lists: [{ in: "[1]" }], parallel: 10, label: "no ${index}", itemsMax: 5 },
  ],
  [
    '{ zip: { b: [1], a: "${[2]}" } }',
    {
      mode: ForEachMode.ZIP,
      lists: [
        { name: "a", in: "[2]" },
        { name: "b", in: "[1]" },
      ],
    },
  ],
  ["{ product: { a: [1], b: [2] } }", { mode: ForEachMode.PRODUCT }],
])("for_each: %s", (text, forEach) => {
  expect(mapped(text)).toMatchObject(forEach);
});

test("roles", () => {
  const { tasks } = specOf(`id: x
tasks:
  up: { uses: noop, setup: true }
  down: { uses: noop, teardown: [up] }
  last: { uses: noop, on_exit: true, when: "run.state == 'failed' && 'up' in run.failed_tasks" }
  work: { uses: noop, needs: [up] }
`);
  expect(tasks).toMatchObject([
    { id: "down", role: TaskRole.TEARDOWN, teardownOf: ["up"], needs: ["up"] },
    { id: "last", role: TaskRole.ON_EXIT },
    { id: "up", role: TaskRole.SETUP },
    { id: "work", role: TaskRole.UNSPECIFIED },
  ]);
});

test("an on_exit task may read every task that is none", () => {
  expect(
    problemsOf(`id: x
tasks:
  a: { uses: noop }
  e: { uses: noop, on_exit: true, when: tasks.a.state == 'failed' }
  f: { uses: noop, on_exit: true, when: tasks.e.output.n > 0 }
`),
  ).toEqual([expect.stringContaining("task `f` reads task `e`, which it does not wait for")]);
});

const dag = (tasks: string, groups = ""): string =>
  `id: x\ngroups: { ${groups} }\ntasks:\n${tasks}`;

test.each([
  [
    dag("  a: { uses: noop, group: h }\n", "g: {}"),
    "task `a` stands in `h`: no such group; known: g",
  ],
  [dag("  a: { uses: noop, group: g }\n"), "no such group; add g: {} to groups"],
  [
    dag("  a: { uses: noop }\n", "g: {}"),
    "x.yaml:2:11: group `g` has no task: want at least one with group: g",
  ],
  [dag("  a: { uses: noop, group: g }\n", "g: { group: g }"), "group `g` stands in itself"],
  [
    dag("  a: { uses: noop, group: g }\n", "g: { group: h }, h: { group: g }"),
    "x.yaml:2:23: groups stand in one another in a circle: `g` in `h` in `g`",
  ],
  [dag("  g: { uses: noop, group: g }\n", "g: {}"), "task and group have the same id `g`"],
  [
    dag("  g_1: { uses: noop, group: g-1 }\n", "g-1: {}"),
    "ids `g_1` and `g-1` are the same in expressions",
  ],
  [
    dag("  a: { uses: noop, group: g, needs: [g] }\n", "g: {}"),
    "task `a` needs `g`: it stands in that group",
  ],
  [
    dag("  a: { uses: noop, group: g }\n", "g: { needs: [a] }"),
    "x.yaml:2:24: group `g` needs `a`, which stands in it",
  ],
  [
    dag("  a: { uses: noop, group: g }\n", "g: { neds: [a] }"),
    "unknown field `neds` in group `g`; did you mean `needs`?",
  ],
  [
    dag("  a: { uses: noop, group: g }\n", "g: { needs: [b] }"),
    "group `g` needs `b`: no such task or group",
  ],
  [
    dag("  a: { uses: noop, group: g }\n  b: { uses: noop, needs: [g] }\n", "g: { needs: [b] }"),
    "tasks need one another in a circle: `a` needs `b` needs `a`",
  ],
  [
    dag(
      "  a: { uses: noop, group: g }\n  b: { uses: noop, group: g, needs: [x] }\n  x: { uses: noop, needs: [a] }\n",
      "g: { for_each: [1] }",
    ),
    "tasks need one another in a circle: `g` needs `x` needs `a` needs `g`",
  ],
  [
    dag("  a: { uses: noop, group: g, for_each: [1] }\n", "g: { for_each: [1] }"),
    "x.yaml:4:30: task `a` is mapped and stands in the mapped group `g`: want one for_each",
  ],
  [
    dag("  a: { uses: noop, group: h }\n", "g: { for_each: [1] }, h: { group: g, for_each: [1] }"),
    "group `h` is mapped and stands in the mapped group `g`",
  ],
  [
    dag(
      "  s: { uses: noop }\n  a: { uses: noop, group: g, needs: [s], trigger_rule: all_done }\n",
      "g: { for_each: [1] }",
    ),
    "its trigger rule judges only what is in the group; write needs and trigger_rule at the group `g`",
  ],
  [
    dag("  a: { uses: noop, when: item > 1 }\n"),
    "no name `item`; only what is mapped by for_each has items",
  ],
  [dag("  a: { uses: noop, for_each: '[item]' }\n"), "task `a`: for_each: no name `item`"],
  [
    dag("  a: { uses: noop, when: run.state == '' }\n"),
    "no field `state` in `run`; only on_exit tasks know how the run ended",
  ],
  [dag("  a: { uses: noop, for_each: 5 }\n"), "task `a`: for_each: `5` is an integer: want a list"],
  [
    dag("  a: { uses: noop, for_each: 'a ${run.date}' }\n"),
    "is text: want one ${…} that gives a list",
  ],
  [
    dag("  a: { uses: noop, for_each: ['a ${run.date}'] }\n"),
    "a text in a list is plain or one ${…} as a whole",
  ],
  [
    dag("  a: { uses: noop, for_each: ['${run.dat}'] }\n"),
    "x.yaml:4:34: task `a`: for_each: [0]: no field `dat` in `run`",
  ],
  [
    dag("  a: { uses: noop, for_each: '${run.dat}' }\n"),
    "x.yaml:4:33: task `a`: for_each: no field `dat` in `run`",
  ],
  [dag("  a: { uses: noop, for_each: '[1' }\n"), "the expression ends too early"],
  [
    dag("  a: { uses: noop, for_each: {} }\n"),
    "task `a`: for_each has no list: want one of in, zip or product",
  ],
  [
    dag("  a: { uses: noop, for_each: { in: [1], zip: {} } }\n"),
    "for_each has in and zip: want one of in, zip or product",
  ],
  [
    dag("  a: { uses: noop, for_each: { zip: { a: [1] } } }\n"),
    "zip has 1 list: want 2..8; one list by itself is written in:",
  ],
  [
    dag("  a: { uses: noop, for_each: { zip: { A: [1], b: [2] } } }\n"),
    "`A`: want a name for item.<name>",
  ],
  [
    dag("  a: { uses: noop, for_each: { in: [1], max: 0 } }\n"),
    "for_each max: `0`: want an integer in 1..20000",
  ],
  [
    dag("  a: { uses: noop, setup: true, on_exit: true }\n"),
    "x.yaml:4:33: task `a` is setup and on_exit: want one of them",
  ],
  [
    dag("  a: { uses: noop, teardown: true }\n"),
    "teardown: want a list of the setup tasks that it takes away",
  ],
  [
    dag("  a: { uses: noop, teardown: [] }\n"),
    "teardown is empty: want the setup tasks that it takes away; what shall run at the end in any case is on_exit: true",
  ],
  [dag("  a: { uses: noop, teardown: [b] }\n"), "task `a` takes away `b`: no such task"],
  [dag("  a: { uses: noop, teardown: [a] }\n"), "task `a` takes itself away"],
  [
    dag("  a: { uses: noop, teardown: [b] }\n  b: { uses: noop }\n"),
    "x.yaml:4:31: task `a` takes away `b`, which is no setup; write setup: true at `b`",
  ],
  [
    dag(
      "  a: { uses: noop, teardown: [b] }\n  b: { uses: noop, setup: true, group: g }\n",
      "g: { for_each: [1] }",
    ),
    "does not stand in the same mapped group",
  ],
  [
    dag("  a: { uses: noop, setup: true, for_each: [1] }\n"),
    "task `a` is a setup and cannot be mapped by itself; put setup, work and teardown into a group",
  ],
  [dag("  a: { uses: noop, on_exit: true, trigger_rule: all_done }\n"), "and has no trigger_rule"],
  [
    dag("  a: { uses: noop, on_exit: true, group: g }\n", "g: {}"),
    "task `a` is an on_exit task and stands in no group",
  ],
  [
    dag("  a: { uses: noop, on_exit: true, needs: [b] }\n  b: { uses: noop }\n"),
    "an on_exit task waits for everything else anyway; leave it out",
  ],
  [
    dag("  a: { uses: noop, on_exit: true }\n  b: { uses: noop, needs: [a] }\n"),
    "task `b` needs `a`, which runs only when everything else has ended",
  ],
])("%s → %s", (text, expected) => {
  expect(problemsOf(text)).toContainEqual(expect.stringContaining(expected));
});

test("5,000 tasks in 500 groups", () => {
  const groups = Array.from(
    { length: 500 },
    (_, i) => `  g${i}: ${i === 0 ? "{}" : `{ needs: [g${i - 1}] }`}`,
  );
  const tasks = Array.from(
    { length: 5_000 },
    (_, i) => `  t${i}: { uses: noop, group: g${i % 500} }`,
  );
  const text = `id: x\ngroups:\n${groups.join("\n")}\ntasks:\n${tasks.join("\n")}\n`;
  expect(specOf(text).tasks.find(({ id }) => id === "t499")?.needs).toHaveLength(10);
});
