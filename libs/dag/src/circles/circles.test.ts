import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { circlesOf } from "./circles.ts";
import { isUnlinked, linksOf } from "./links.ts";

function linksIn(id: string, text: string) {
  const whole = `id: ${id}\n${text.includes("tasks:") ? text : `${text}\ntasks: { t: { uses: noop } }`}\n`;
  const compiled = compileDag({ file: `${id}.yaml`, text: whole });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return linksOf(compiled.spec);
}

const told = (dags: Readonly<Record<string, string>>, about = Object.keys(dags)) =>
  circlesOf(
    Object.entries(dags).map(([id, text]) => linksIn(id, text)),
    new Set(about),
  ).map(({ dags: way, dagId, path }) => `${way.join(" -> ")} at ${[dagId, ...path].join(".")}`);

const makes = (asset: string) => `tasks: { t: { uses: noop, produces: [${asset}] } }`;
const runs = (dag: string, more = "") =>
  `tasks: { t: { uses: dag.run, with: { dag: ${dag} }${more} } }`;

test.each<[string, Record<string, string>, string[]]>([
  ["a line", { a: "", b: "triggers: [{ dag: a }]", c: "triggers: [{ dag: b }]" }, []],
  [
    "ends of runs",
    { a: "triggers: [{ dag: b }]", b: "triggers: [{ dag: a }]" },
    ["a -> b -> a at a.triggers.0.dag"],
  ],
  [
    "three, one of them deep in a condition",
    {
      a: "triggers: [{ all: [{ dag: c }, { event: { subject: s.x } }] }]",
      b: "triggers: [{ event: { subject: s.y } }, { dag: a }]",
      c: "triggers: [{ dag: { id: b, state: failed } }]",
    },
    ["a -> b -> c -> a at a.triggers.0"],
  ],
  [
    "assets",
    {
      a: `triggers: [{ asset: orders || depots }]\n${makes("routes")}`,
      b: `triggers: [{ asset: routes }]\n${makes("orders")}`,
    },
    ["a -> b -> a at a.triggers.0"],
  ],
  [
    "its own asset",
    { a: `triggers: [{ asset: orders }]\n${makes("orders")}` },
    ["a -> a at a.triggers.0.asset"],
  ],
  ["its own run", { a: runs("a") }, ["a -> a at a.tasks.t.with.dag"]],
  [
    "a task and the end of a run",
    { a: runs("b"), b: "triggers: [{ event: { subject: s.x } }]", c: "" },
    [],
  ],
  [
    "a task that starts what waits for the end of its own run",
    { a: `triggers: [{ dag: b }]\n${runs("b")}`, b: "" },
    ["a -> b -> a at a.tasks.t.with.dag"],
  ],
  [
    "two circles that touch are told until each DAG is in one",
    {
      a: "triggers: [{ dag: b }]",
      b: "triggers: [{ any: [{ dag: a }, { dag: c }] }]",
      c: "triggers: [{ dag: b }]",
    },
    ["a -> b -> a at a.triggers.0.dag", "c -> b -> c at c.triggers.0.dag"],
  ],
  [
    "a DAG that is not there yet",
    { a: `triggers: [{ dag: b }]\n${runs("b")}` },
    ["a -> b -> a at a.tasks.t.with.dag"],
  ],
])("%s: %j", (_, dags, want) => {
  expect(told(dags)).toEqual(want);
});

test.each<[string, string, boolean]>([
  ["a rate", "triggers: [{ dag: b, rate: { max: 1, per: 1h } }]", true],
  ["a key of the day", 'triggers: [{ dag: b, key: "${run.date}" }]', true],
  ["a key that is a word", "triggers: [{ dag: b, key: first }]", true],
  ["a key of the event", 'triggers: [{ dag: b, key: "${run.date} ${event.id}" }]', false],
  ["a state alone", "triggers: [{ dag: { id: b, state: failed } }]", false],
  [
    "a condition on the event",
    "triggers: [{ dag: { id: b, when: \"event.data.key == 'x'\" } }]",
    false,
  ],
])("a circle through a trigger with %s is allowed: %s %s", (_, text, isAllowed) => {
  expect(told({ a: text, b: "triggers: [{ dag: a }]" })).toHaveLength(isAllowed ? 0 : 1);
});

test("tasks alone, one under a condition, may come back: their chain is bounded; with a trigger it is not", () => {
  const maybe = ", when: run.date > '2026'";
  expect(told({ a: runs("b", maybe), b: runs("a") })).toEqual([]);
  expect(told({ a: runs("b"), b: runs("a") })).toEqual(["a -> b -> a at a.tasks.t.with.dag"]);
  expect(told({ a: `triggers: [{ dag: b }]\n${runs("b", maybe)}`, b: "" })).toHaveLength(1);
});

test("a dag.run whose DAG an expression gives is not known", () => {
  const params = "params: { type: object, properties: { next: { type: string } } }";
  expect(linksIn("a", `${runs("'${params.next}'")}\n${params}`).starts).toEqual([]);
});

test("a circle that was there before is not told again; one that a new DAG closes is, at it", () => {
  const dags = {
    a: "triggers: [{ dag: b }]",
    b: "triggers: [{ dag: a }]",
    c: `triggers: [{ asset: orders }]\n${runs("d")}`,
    d: makes("orders"),
  };
  expect(told(dags, [])).toEqual([]);
  expect(told(dags, ["d"])).toEqual(["d -> c -> d at d"]);
  expect(told(dags, ["c"])).toEqual(["c -> d -> c at c.tasks.t.with.dag"]);
});

test("the message spells it out", () => {
  const dags = {
    costs: `triggers: [{ dag: routes }]\n${makes("orders")}`,
    routes: "triggers: [{ asset: orders }]",
  };
  const all = Object.entries(dags).map(([id, text]) => linksIn(id, text));
  expect(circlesOf(all, new Set(["routes"]))[0]?.message).toBe(
    "runs start each other for ever: routes -> costs -> routes (the end of routes starts costs, asset `orders` of costs starts routes); want a `rate`, or a `key` without `event`, at one of the triggers",
  );
});

test("most DAGs have no links", () => {
  expect(isUnlinked(linksIn("a", "triggers: [{ event: { subject: s.x } }]"))).toBe(true);
  expect(isUnlinked(linksIn("a", makes("orders")))).toBe(false);
});
