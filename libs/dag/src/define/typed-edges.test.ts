// Typed DAGs: what the type checker refuses, and what the expressions write. Each `@ts-expect-error` is checked by
// `npm run check`: an edge that it lets pass is an error there.
import { expect, test } from "vitest";
import { simulateDag, statesOf } from "../author/simulate-dag.ts";
import { compileDagObject } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { defineDag, type } from "./define-dag.ts";
import { each, product, zip } from "./each.ts";
import { all, cel, has, is, latestOnly, not, nth, some } from "./expr.ts";
import type { DagForm } from "./forms.ts";

function specOf(dag: DagForm) {
  const compiled = compileDagObject(dag, "x.ts");
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

const costs = defineDag(
  {
    id: "costs",
    params: {
      type: "object",
      properties: {
        regions: { type: "array", items: { type: "string" } },
        mode: { enum: ["full", "delta"] },
        limit: { type: "integer" },
      },
    },
    outputs: {
      list: type<{ files: { name: string; rows: number }[]; total: number }>(),
      choose: type<{ branch: "left" | "right"; also: ("left" | "right")[] }>(),
      load: type<{ rows: number }[]>(),
    },
    event: type<{ who: string }>(),
    vars: type<{ registry: string }>(),
  },
  ({ tasks, params, run, vars, event }) => {
    const files = each(tasks.list.output.files, { parallel: 10, label: "${item.name}" });
    const places = product({ region: params.regions, day: ["mon", "tue"] });
    return {
      groups: { places: { for_each: places, needs: ["choose"] } },
      tasks: {
        list: {
          uses: "k8s.pod",
          with: { image: `${vars.registry}/costs:1`, env: { DAY: run.date } },
        },
        choose: { uses: "noop", when: cel`${params.limit} > 10 && ${params.mode} == ${"full"}` },
        load: {
          needs: ["list"],
          for_each: files,
          when: cel`${files.item.rows} > 0`,
          uses: "k8s.pod",
          with: { image: "load:1", args: [files.item.name, `#${files.index}`] },
        },
        left: { needs: ["choose"], uses: "noop", when: is(tasks.choose.output.branch, "left") },
        right: { needs: ["choose"], uses: "noop", when: has(tasks.choose.output.also, "right") },
        place: {
          group: "places",
          uses: "k8s.pod",
          with: { image: "place:1", args: [places.item.region, places.item.day] },
        },
        sum: {
          needs: ["load"],
          trigger_rule: "none_failed",
          uses: "k8s.pod",
          when: all(
            latestOnly,
            not(is(params.mode, "delta")),
            some(cel`size(${tasks.load.output}) > 0`),
          ),
          with: { image: "sum:1", args: [nth(tasks.load.output, 0).rows, event.data.who] },
        },
      },
    };
  },
);

test("expressions write themselves: as CEL in conditions, as ${…} in texts, with their type as values", () => {
  const { tasks, groups } = specOf(costs);
  const of = (id: string) => tasks.find((task) => task.id === id);
  expect(of("list")?.with).toEqual({
    image: "${vars.registry}/costs:1",
    env: { DAY: "${run.date}" },
  });
  expect(of("choose")?.when).toBe('params.limit > 10 && params.mode == "full"');
  expect(of("load")).toMatchObject({
    forEach: { lists: [{ in: "tasks.list.output.files" }], parallel: 10, label: "${item.name}" },
    when: "item.rows > 0",
    with: { args: ["${item.name}", "#${index}"] },
  });
  expect(of("left")?.when).toBe('tasks.choose.output.branch == "left"');
  expect(of("right")?.when).toBe('"right" in tasks.choose.output.also');
  expect(groups[0]?.forEach?.lists).toMatchObject([
    { name: "day", in: '["mon", "tue"]' },
    { name: "region", in: "params.regions" },
  ]);
  expect(of("place")?.with).toMatchObject({ args: ["${item.region}", "${item.day}"] });
  expect(of("sum")).toMatchObject({
    when: '(run.is_latest) && (!(params.mode == "delta")) && ((size(tasks.load.output) > 0))',
    with: { args: ["${tasks.load.output[0].rows}", "${event.data.who}"] },
  });
});

test("it runs as it is written", () => {
  const run = simulateDag(costs, {
    params: { regions: ["north"], limit: 20, mode: "full" },
    event: { who: "ana" },
    outputs: {
      list: {
        files: [
          { name: "a", rows: 1 },
          { name: "b", rows: 0 },
        ],
        total: 1,
      },
      choose: { branch: "left", also: [] },
      load: { rows: 3 },
    },
  });
  expect(statesOf(run)).toMatchObject({
    "load[0]": "succeeded",
    "load[1]": "skipped",
    left: "succeeded",
    right: "skipped",
    "place[1]": "succeeded",
    sum: "succeeded",
  });
});

const outputs = { list: type<{ files: { name: string }[]; kind: "a" | "b" }>() };
const head = {
  event: type<{ who: string }>(),
  id: "x",
  outputs,
  params: { type: "object", properties: { n: { type: "integer" } } },
} as const;
const problemsOf = (dag: DagForm): string[] => {
  const compiled = compileDagObject(dag, "x.ts");
  return compiled.ok ? [] : compiled.problems.map(({ message }) => message);
};

test("an edge to nothing fails the type check, where it stands", () => {
  const wrong = defineDag(head, ({ tasks, params, run, event, vars }) => ({
    groups: {
      g: { for_each: zip({ file: tasks.list.output.files, n: [1, 2] }) },
      // @ts-expect-error: there is no task or group `lst`
      h: { needs: ["lst"] },
    },
    tasks: {
      list: { uses: "noop" },
      // @ts-expect-error: there is no task or group `lst`
      a: { uses: "noop", needs: ["lst"] },
      // @ts-expect-error: the output has no `fils`
      b: { uses: "noop", for_each: each(tasks.list.output.fils) },
      // @ts-expect-error: `kind` is never `c`
      d: { uses: "noop", needs: ["list"], when: is(tasks.list.output.kind, "c") },
      // @ts-expect-error: a text is no condition
      e: { uses: "noop", needs: ["list"], when: run.date },
      // @ts-expect-error: there is no parameter `m`
      f: { uses: "noop", group: "h", when: cel`${params.m} > 1` },
      // @ts-expect-error: a number is no list
      i: { uses: "noop", group: "g", for_each: each(params.n) },
      // @ts-expect-error: there is no group `gg`
      j: { uses: "noop", group: "gg" },
      // @ts-expect-error: the event has no `whom`
      k: { uses: "noop", when: is(event.data.whom, "ana") },
      // @ts-expect-error: the environment is not said to have a `registry`
      l: { uses: "noop", with: { x: vars.registry } },
    },
  }));
  expect(problemsOf(wrong)).toEqual(
    expect.arrayContaining([
      "group `h` needs `lst`: no such task or group",
      "task `a` needs `lst`: no such task or group",
      "task `e`: when: the expression gives text: want true or false",
      "task `f`: when: no field `m` in `params`",
      "task `j` stands in `gg`: no such group",
    ]),
  );
});

test("so does an item's field that is not there", () => {
  const wrong = defineDag(head, ({ tasks, params }) => {
    const files = each(tasks.list.output.files);
    const pairs = zip({ file: tasks.list.output.files, n: [1, 2] });
    return {
      groups: { g: { for_each: pairs, needs: ["list"] } },
      tasks: {
        list: { uses: "noop", when: cel`${params.n} > 0` },
        // @ts-expect-error: a file has no `nam`
        a: { uses: "noop", needs: ["list"], for_each: files, when: cel`${files.item.nam} == ''` },
        // @ts-expect-error: what is mapped together has no `files`
        b: { uses: "noop", group: "g", when: cel`${pairs.item.files} == 1` },
      },
    };
  });
  expect(problemsOf(wrong)).toEqual(["task `b`: when: no field `files`: there is file, n"]);
});

test("a task whose output is read must be there", () => {
  const outputs = { gone: type<number>() };
  // @ts-expect-error: `outputs` names `gone`, and there is no such task
  const dag = defineDag({ id: "x", outputs }, () => ({ tasks: { a: { uses: "noop" } } }));
  expect(specOf(dag).tasks).toHaveLength(1);
});

test("names that are no identifiers, and hyphens", () => {
  const outputs = { "my-task": type<{ "a-b": number; list: number[] }>() };
  const dag = defineDag({ id: "x", outputs }, ({ tasks }) => ({
    tasks: {
      "my-task": { uses: "noop" },
      b: { uses: "noop", needs: ["my-task"], when: cel`${tasks["my-task"].output["a-b"]} > 1` },
    },
  }));
  expect(specOf(dag).tasks[0]?.when).toBe('tasks.my_task.output["a-b"] > 1');
});
