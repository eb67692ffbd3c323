// DAGs in TypeScript, and the JSON Schema for editors, against the compiler's own lists of fields.
import { expect, test } from "vitest";
import { compileDag, compileDagObject } from "../compile/compile-dag.ts";
import { CARRIER_COSTS } from "../testing/examples.ts";
import * as words from "../compile/words.ts";
import { dagJsonSchema } from "../dag-schema.ts";
import { defineDag } from "./define-dag.ts";

test("a typed DAG compiles to the same as its YAML", () => {
  const dag = defineDag({
    id: "x",
    tasks: { a: { uses: "noop" }, b: { uses: "noop", needs: ["a"], retries: 2 } },
  });
  const yaml = "id: x\ntasks:\n  b: { uses: noop, retries: 2, needs: [a] }\n  a: { uses: noop }\n";
  const fromYaml = compileDag({ file: "x.yaml", text: yaml });
  expect(compileDagObject(dag, "x.ts")).toEqual({ ...fromYaml, source: expect.anything() });
  expect(fromYaml.ok).toBe(true);
});

test("a wrong edge does not type-check, and does not compile either", () => {
  const dag = defineDag({
    id: "x",
    // @ts-expect-error: there is no task `c`
    tasks: { a: { uses: "noop" }, b: { uses: "noop", needs: ["c"] } },
  });
  expect(compileDagObject(dag, "x.ts")).toMatchObject({
    ok: false,
    problems: [{ message: "task `b` needs `c`: no such task" }],
  });
});

test("groups and setups are checked by the type checker, too", () => {
  const dag = defineDag({
    id: "x",
    groups: { load: { for_each: "${run.key.split(',')}", needs: ["up"] } },
    tasks: {
      up: { uses: "noop", setup: true },
      a: { uses: "noop", group: "load" },
      down: { uses: "noop", needs: ["load", "a"], teardown: ["up"] },
      // @ts-expect-error: there is no group `lod`
      b: { uses: "noop", group: "lod" },
      // @ts-expect-error: a group is no setup
      c: { uses: "noop", teardown: ["load"] },
      // @ts-expect-error: a task is no group
      d: { uses: "noop", group: "a" },
    },
  });
  const compiled = compileDagObject(dag, "x.ts");
  expect(compiled.ok ? [] : compiled.problems.map(({ message }) => message)).toEqual([
    "task `b` stands in `lod`: no such group",
    "task `c` takes away `load`: no such task",
    "task `d` stands in `a`: no such group",
  ]);
});

test.each([
  [
    "a loop",
    () => {
      const o: Record<string, unknown> = { id: "x" };
      o["o"] = o;
      return o;
    },
  ],
  ["nothing", () => undefined],
  ["a big integer", () => ({ id: 1n })],
])("%s is a problem, not a crash", (_, make) => {
  expect(compileDagObject(make(), "x.ts").ok).toBe(false);
});

const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, step) : undefined,
    value,
  );
const keysAt = (...path: string[]): string[] =>
  Object.keys(at(dagJsonSchema(), ...path) ?? {}).sort();

test.each<[string, readonly string[], string[]]>([
  ["the DAG", words.dagFields, ["properties"]],
  ["schedule", words.scheduleFields, ["properties", "schedule", "properties"]],
  ["a trigger", words.triggerFields, ["properties", "triggers", "items", "properties"]],
  [
    "event",
    words.eventFields,
    ["properties", "triggers", "items", "properties", "event", "properties"],
  ],
  ["defaults", words.defaultsFields, ["properties", "defaults", "properties"]],
  ["an alert", words.alertFields, ["properties", "alerts", "items", "properties"]],
  ["a task", words.taskFields, ["definitions", "task", "properties"]],
  ["a group", words.groupFields, ["definitions", "group", "properties"]],
  [
    "for_each",
    words.forEachFields,
    ["definitions", "task", "properties", "for_each", "anyOf", "2", "properties"],
  ],
  [
    "retries",
    words.retryFields,
    ["definitions", "task", "properties", "retries", "anyOf", "1", "properties"],
  ],
])("the editors' schema knows the fields of %s", (_, fields, path) => {
  expect(keysAt(...path)).toEqual([...fields].sort());
});

test("the editors' schema knows the words", () => {
  expect(at(dagJsonSchema(), "definitions", "task", "properties", "trigger_rule", "enum")).toEqual(
    Object.keys(words.triggerRuleWords),
  );
});

test("the example stays valid", () => {
  expect(compileDag({ file: "costs.yaml", text: CARRIER_COSTS }).ok).toBe(true);
});
