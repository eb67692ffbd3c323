// Simulated runs: what DAG authors rely on in the tests of their DAGs.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { simulate } from "./simulate.ts";
import type { Simulated } from "./result.ts";
import type { SimulationInput } from "./simulate.ts";

const at = Date.parse("2026-10-06T00:00:00Z");
type Options = Omit<SimulationInput, "spec" | "atMs">;

function specOf(text: string) {
  const compiled = compileDag({ file: "x.yaml", text }, { unknownKinds: "warning" });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

function run(tasks: string, options: Options = {}, top = ""): Simulated {
  const spec = specOf(`id: x\n${top}tasks:\n${tasks}`);
  const simulated = simulate({ spec, atMs: at, ...options });
  if (!simulated.ok) throw new Error(simulated.message);
  return simulated.value;
}

const statesOf = ({ run: { state }, tasks }: Simulated): string =>
  [
    state,
    ...Object.entries(tasks).map(([id, task]) => `${id} ${task.state} ${task.attempts}`),
  ].join(", ");

test("steps are one per attempt, the last repeats", () => {
  const tasks = "  a: { uses: noop, retries: { max: 3, backoff: 1m, factor: 1 } }\n";
  expect(statesOf(run(tasks))).toBe("succeeded, a succeeded 1");
  expect(statesOf(run(tasks, { outcomes: { a: "fail:quota,fail,succeed" } }))).toBe(
    "succeeded, a succeeded 3",
  );
  expect(statesOf(run(tasks, { outcomes: { a: "fail" } }))).toBe("failed, a failed 4");
  expect(statesOf(run(tasks, { outcomes: { a: ["fail", "skip"] } }))).toBe(
    "succeeded, a skipped 2",
  );
});

test("time is virtual: waits and work are there, and took none", () => {
  const tasks = "  a: { uses: noop, retries: { max: 1, backoff: 1h } }\n";
  const { tasks: ended } = run(tasks, { outcomes: { a: "fail,succeed" }, takes: { a: "30m" } });
  const ms = Date.parse(ended["a"]?.ended_at ?? "") - at;
  expect(ms).toBeGreaterThanOrEqual(7_200_000); // twice half an hour of work, an hour's wait and up to a tenth more
  expect(ms).toBeLessThan(7_200_000 + 360_000);
  expect(ended["a"]).toMatchObject({
    started_at: "2026-10-06T00:00:00Z",
    why: "after code: failed as scripted",
  });
});

test.each<[string, string, Options, string]>([
  [
    "a failure goes down",
    "  a: { uses: noop }\n  b: { uses: noop, needs: [a] }\n",
    { outcomes: { a: "fail" } },
    "failed, a failed 1, b upstream_failed 0",
  ],
  [
    "a failure that is handled",
    "  a: { uses: noop }\n  b: { uses: noop, needs: [a], trigger_rule: one_failed }\n",
    { outcomes: { a: "fail" } },
    "succeeded, a failed 1, b succeeded 1",
  ],
  [
    "no green run over a red task that all_done follows",
    "  a: { uses: noop }\n  b: { uses: noop, needs: [a], trigger_rule: all_done }\n",
    { outcomes: { a: "fail" } },
    "failed, a failed 1, b succeeded 1",
  ],
  [
    "a skip goes down, and a join may take it",
    "  a: { uses: noop, when: 'false' }\n  b: { uses: noop, needs: [a] }\n  c: { uses: noop, needs: [b], trigger_rule: none_failed }\n",
    {},
    "succeeded, a skipped 0, b skipped 0, c succeeded 1",
  ],
  [
    "a branch by what a task says",
    "  choose: { uses: noop }\n  left: { uses: noop, needs: [choose], when: tasks.choose.output.branch == 'left' }\n  right: { uses: noop, needs: [choose], when: tasks.choose.output.branch == 'right' }\n  z: { uses: noop, needs: [left, right], trigger_rule: none_failed_min_one_success }\n",
    { outputs: { choose: { branch: "right" } } },
    "succeeded, choose succeeded 1, left skipped 0, right succeeded 1, z succeeded 1",
  ],
  [
    "a retry rule by exit code",
    "  a: { uses: noop, retries: { max: 2, rules: [{ when: failure.exit_code == 99, then: skip }, { when: failure.class == 'config', then: fail }] } }\n",
    { outcomes: { a: "fail:code:1,fail:code:99" } },
    "succeeded, a skipped 2",
  ],
  [
    "retries of some classes only",
    "  a: { uses: noop, retries: { max: 2, on: [quota] } }\n",
    { outcomes: { a: "fail:quota,fail:code" } },
    "failed, a failed 2",
  ],
  [
    "an attempt that takes too long",
    "  a: { uses: noop, timeout: 1m, retries: { max: 1, on: [timeout] } }\n",
    { takes: { a: "2m" } },
    "failed, a failed 2",
  ],
  [
    "an instance of a mapping",
    "  l: { uses: noop }\n  m: { uses: noop, needs: [l], for_each: tasks.l.output }\n",
    { outputs: { l: ["a", "b"] }, outcomes: { "m[1]": "fail" } },
    "failed, l succeeded 1, m failed 0, m[0] succeeded 1, m[1] failed 1",
  ],
  [
    "a list without items",
    "  m: { uses: noop, for_each: '[]' }\n  z: { uses: noop, needs: [m] }\n",
    {},
    "succeeded, m skipped 0, z skipped 0",
  ],
  [
    "a condition for each item",
    "  m: { uses: noop, for_each: [1, 2], when: item > 1 }\n",
    {},
    "succeeded, m succeeded 0, m[0] skipped 0, m[1] succeeded 1",
  ],
  [
    "a teardown when the work failed",
    "  up: { uses: noop, setup: true }\n  work: { uses: noop, needs: [up] }\n  zdown: { uses: noop, needs: [work], teardown: [up] }\n",
    { outcomes: { work: "fail" } },
    "failed, up succeeded 1, work failed 1, zdown succeeded 1",
  ],
  [
    "a teardown without its setup",
    "  up: { uses: noop, setup: true }\n  zdown: { uses: noop, teardown: [up] }\n",
    { outcomes: { up: "skip" } },
    "succeeded, up skipped 1, zdown skipped 0",
  ],
  [
    "an on_exit task knows how it ended",
    "  a: { uses: noop }\n  z: { uses: noop, on_exit: true, when: run.state == 'failed' && 'a' in run.failed_tasks }\n",
    { outcomes: { a: "fail" } },
    "failed, a failed 1, z succeeded 1",
  ],
  [
    "a configuration that cannot be rendered",
    "  a: { uses: noop }\n  b: { uses: k8s.pod, needs: [a], retries: 3, with: { image: '${tasks.a.output.x}' } }\n",
    {},
    "failed, a succeeded 1, b failed 1",
  ],
  [
    "an approval",
    "  a: { uses: approval, with: { message: Go? } }\n  b: { uses: approval, with: { message: Go?, on_reject: skip } }\n",
    { outcomes: { a: "reject", b: "reject" } },
    "failed, a failed 1, b skipped 1",
  ],
  [
    "a run of another DAG",
    "  a: { uses: dag.run, with: { dag: y } }\n  b: { uses: dag.run, with: { dag: y, allowed: [succeeded, failed] } }\n",
    { outcomes: { a: "failed", b: "failed" } },
    "failed, a failed 1, b succeeded 1",
  ],
])("%s", (_, tasks, options, expected) => {
  expect(statesOf(run(tasks, options))).toBe(expected);
});

test("an on_exit task sees a run that took too long as failed", () => {
  const tasks =
    "  a: { uses: noop }\n  b: { on_exit: true, uses: noop, when: run.state == 'failed' }\n";
  const { tasks: ended } = run(tasks, { takes: { a: "2h" } }, "timeout: 1h\n");
  expect(ended).toMatchObject({ a: { state: "cancelled" }, b: { state: "succeeded" } });
});

test("an approval's answer must fit its form", () => {
  const form = "{ properties: { n: { type: integer, maximum: 5, default: 1 } } }";
  const tasks = `  a: { uses: approval, with: { message: Go?, form: ${form} } }\n  b: { uses: noop, needs: [a], when: tasks.a.output.values.n == 1 }\n`;
  expect(run(tasks).tasks["b"]?.state).toBe("succeeded");
  expect(run(tasks, { outputs: { a: { n: 2 } } }).tasks["b"]?.state).toBe("skipped");
  expect(run(tasks, { outputs: { a: { n: 9 } } }).tasks["a"]?.why).toContain(
    "the answer: `n`: 9: want an integer",
  );
  expect(run(tasks, { outputs: { a: 9 } }).tasks["a"]?.state).toBe("failed");
});

test("what a run of another DAG says; one that nobody waits for has only begun", () => {
  const { tasks } = run(
    "  a: { uses: dag.run, with: { dag: y } }\n  b: { uses: dag.run, with: { dag: y, wait: false } }\n  c: { uses: dag.run, with: { dag: y, key: k, allowed: [failed] } }\n",
    { outcomes: { b: "failed" }, key: "r" },
  );
  expect(tasks["a"]?.output).toMatchObject({ dag: "y", key: "x/r/a#1", state: "succeeded" });
  expect(tasks["b"]).toMatchObject({ state: "succeeded", output: { state: "running" } });
  expect(tasks["c"]).toMatchObject({ state: "succeeded", output: { key: "k", state: "failed" } });
});

test("a mapped group: an index does not wait for the others", () => {
  const tasks =
    "  l: { uses: noop, group: g }\n  m: { uses: noop, group: g, needs: [l] }\n  z: { uses: noop, needs: [g] }\n";
  const options = { takes: { "l[0]": "1h", "l[1]": "1m" }, outcomes: { "m[0]": "succeed" } };
  const result = run(tasks, options, "groups: { g: { for_each: [a, b] } }\n");
  expect(result.tasks["m[1]"]?.ended_at).toBe("2026-10-06T00:01:00Z");
  expect(result.tasks["m[0]"]?.ended_at).toBe("2026-10-06T01:00:00Z");
  expect(result.tasks["z"]?.ended_at).toBe("2026-10-06T01:00:00Z");
});

test("limits: of a mapping, of a task, of a pool by priority", () => {
  const endOf = (result: Simulated, id: string): string =>
    result.tasks[id]?.ended_at?.slice(14, 19) ?? "";
  const ends = (result: Simulated): string[] =>
    ["m[0]", "m[1]", "m[2]"].map((id) => endOf(result, id));
  const m = (fields: string): string => `  m: { uses: my.kind, for_each: ${fields} }\n`;
  const of = (fields: string, options: Options = {}): Simulated => {
    const compiled = compileDag(
      { file: "x", text: `id: x\ntasks:\n${m(fields)}` },
      { unknownKinds: "warning" },
    );
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    const simulated = simulate({ spec: compiled.spec, atMs: at, takes: { m: "1m" }, ...options });
    if (!simulated.ok) throw new Error(simulated.message);
    return simulated.value;
  };
  expect(ends(of("[1, 2, 3]"))).toEqual(["01:00", "01:00", "01:00"]);
  expect(ends(of("{ in: [1, 2, 3], parallel: 2 }"))).toEqual(["01:00", "01:00", "02:00"]);
  expect(ends(of("[1, 2, 3], max_active: 1"))).toEqual(["01:00", "02:00", "03:00"]);
  expect(ends(of("[a, b, a], concurrency: { key: '${item}' }"))).toEqual([
    "01:00",
    "01:00",
    "02:00",
  ]);
  expect(ends(of("[1, 2, 3], pool: p", { pools: { p: 2 } }))).toEqual(["01:00", "01:00", "02:00"]);
  expect(ends(of("[1, 2, 3], pool: { name: p, slots: 2 }", { pools: { p: 3 } }))).toEqual([
    "01:00",
    "02:00",
    "03:00",
  ]);
});

test("why", () => {
  const result = run(
    "  a: { uses: noop, when: 'false' }\n  b: { uses: noop, needs: [a] }\n  c: { uses: noop }\n  d: { uses: noop, needs: [m, c] }\n  m: { uses: noop, for_each: [1, 2] }\n  e: { uses: noop, when: tasks.c.output.n > 1, needs: [c] }\n",
    { outcomes: { c: "fail:quota", "m[1]": "fail" } },
  );
  const why = Object.fromEntries(Object.entries(result.tasks).map(([id, task]) => [id, task.why]));
  expect(why).toEqual({
    a: "when is false",
    b: "trigger rule all_success can no longer be met: `a` skipped",
    c: "quota: failed as scripted",
    d: "`c` failed, `m[1]` failed",
    e: "`c` failed",
    m: "1 succeeded, 1 failed",
    "m[0]": undefined,
    "m[1]": "code: failed as scripted",
  });
  expect(result.run.reason).toBe("tasks `c`, `m[1]` failed");
  const rule = (word: string, options: Options): string | undefined =>
    run(
      `  a: { uses: noop }\n  b: { uses: noop }\n  z: { uses: noop, needs: [a, b], trigger_rule: ${word} }\n`,
      options,
    ).tasks["z"]?.why;
  const [mixed, skips] = [{ outcomes: { a: "fail", b: "succeed" } }, { outcomes: { b: "skip" } }];
  expect(rule("all_failed", mixed)).toBe(
    "trigger rule all_failed can no longer be met: `b` succeeded",
  );
  expect(rule("none_skipped", skips)).toBe(
    "trigger rule none_skipped can no longer be met: `b` skipped",
  );
});

test("parameters, event, key and time are what expressions see", () => {
  const top = "params: { type: object, properties: { n: { type: integer, default: 1 } } }\n";
  const when = (text: string): string => `  a: { uses: noop, when: "${text}" }\n`;
  const state = (text: string, options: Options = {}): string | undefined =>
    run(when(text), options, top).tasks["a"]?.state;
  expect(state("params.n == 1")).toBe("succeeded");
  expect(state("params.n == 2", { params: { n: 2 } })).toBe("succeeded");
  expect(state("event.data.country == 'CO'", { event: { country: "CO" } })).toBe("succeeded");
  expect(state("run.date == '2026-10-06' && run.key == 'k'", { key: "k" })).toBe("succeeded");
  expect(state("vars.x == 'y'", { vars: { x: "y" } })).toBe("succeeded");
  expect(() => state("true", { params: { n: "x" } })).toThrow("`x` is text: want an integer");
});

test.each<[Options, string]>([
  [
    { outcomes: { agregate: "fail" } },
    "outcome of `agregate`: no such task; did you mean `aggregate`?",
  ],
  [
    { outcomes: { "aggregate[x]": "fail" } },
    "outcome `aggregate[x]`: want <task> or <task>[<index>]",
  ],
  [
    { outcomes: { aggregate: "fial" } },
    "outcome of `aggregate`: `fial`: want succeed, fail, fail:<class>",
  ],
  [{ outcomes: { aggregate: "" } }, "want succeed"],
  [{ outcomes: { aggregate: "fail:quotas" } }, "the failure classes are code, out_of_memory"],
  [{ outcomes: { aggregate: "fail:quotas" } }, "did you mean `quota`?"],
  [{ outcomes: { aggregate: "fail:code:x" } }, "the failure classes are"],
  [{ outcomes: { aggregate: "failed" } }, "or skip; did you mean `fail`?"],
  [{ outcomes: { aggregate: "approve" } }, "`approve`: want succeed, fail"],
  [
    { outcomes: { "aggregate[0]": "fail" } },
    "outcome of `aggregate[0]`: `aggregate` is not mapped",
  ],
  [{ outcomes: { "aggregate[01]": "fail" } }, "want <task> or <task>[<index>]"],
  [{ outputs: { b: 1 } }, "output of `b`: no such task"],
  [{ pools: { gpu: 1 } }, "no task uses pool `gpu`; no task names a pool"],
  [{ takes: { aggregate: "5" } }, "duration of `aggregate`: `5` is not a duration"],
])("%j: %s", (options, message) => {
  expect(() => run("  aggregate: { uses: noop }\n", options)).toThrow(message);
});

test("a chain of 2,000 tasks and a fan-out of 5,000", () => {
  const chain = Array.from(
    { length: 2_000 },
    (_, i) => `  t${i}: { uses: noop${i === 0 ? "" : `, needs: [t${i - 1}]`} }`,
  );
  expect(run(`${chain.join("\n")}\n`, { outcomes: { t5: "succeed" } }).run.state).toBe("succeeded");
  const list = Array.from({ length: 5_000 }, (_, i) => i);
  const tasks =
    "  l: { uses: noop }\n  m: { uses: k8s.pod, needs: [l], for_each: { in: tasks.l.output, max: 5000 }, with: { image: 'x:${item}' } }\n";
  expect(run(tasks, { outputs: { l: list } }).tasks["m[4999]"]?.state).toBe("succeeded");
});

const pod = (fields: string, id = "b"): string =>
  `  ${id}: { uses: k8s.pod, with: { ${fields} } }\n`;
const PARAMS = "params: { type: object, properties: { image: {}, n: {} } }\n";

test.each<[string, string, Options, string | undefined]>([
  [
    "an image that is not there",
    pod('image: "${params.image}"'),
    { params: { image: null } },
    "config: with: field `image` (The container image, with its tag or digest) is missing",
  ],
  [
    "a value of another type",
    pod('image: "${params.image}"'),
    { params: { image: [1] } },
    "config: with: `image`: a list is a list: want text",
  ],
  [
    "a number for a variable",
    pod('image: x, env: { N: "${params.n}" }'),
    { params: { n: 5 } },
    undefined,
  ],
  [
    "a list for a variable",
    pod('image: x, env: { N: "${params.n}" }'),
    { params: { n: [] } },
    "config: with: `env.N`: a list is a list: want text",
  ],
  [
    "a kind of one's own",
    '  b: { uses: acme.invoice, with: { month: "${params.n}" } }\n',
    {
      params: { n: 13 },
      kinds: { "acme.invoice": { type: "object", properties: { month: { maximum: 12 } } } },
    },
    "config: with: `month`: 13: want another value ≤ 12",
  ],
  [
    "a kind that nobody knows",
    '  b: { uses: acme.invoice, with: { month: "${params.n}" } }\n',
    { params: { n: 13 } },
    undefined,
  ],
  [
    "a run of another DAG",
    '  b: { uses: dag.run, with: { dag: "${params.n}" } }\n',
    { params: { n: "No Such" } },
    "config: with.dag: `No Such`: want text that matches ^[a-z][a-z0-9-]{0,62}$",
  ],
  [
    "what nobody can know yet",
    '  b: { uses: dag.run, with: { dag: "${vars.child}" } }\n',
    { vars: { child: "vars.child" }, placeholders: ["vars.child"] },
    undefined,
  ],
])("a rendered configuration is judged as the state machine does: %s", (_, tasks, options, why) => {
  const { tasks: ended } = run(tasks, options, PARAMS);
  const { state, attempts, why: said } = ended["b"] ?? {};
  expect({ state, attempts, said }).toEqual({
    state: why === undefined ? "succeeded" : "failed",
    attempts: 1,
    said: why,
  });
});
