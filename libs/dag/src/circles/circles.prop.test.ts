// Random DAGs that start each other, against a search that tries every way.
import fc from "fast-check";
import { expect, test } from "vitest";
import { circlesOf } from "./circles.ts";
import type { DagLinks } from "./links.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const names = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 });
const assets = fc.uniqueArray(fc.constantFrom("x", "y"), { maxLength: 1 });

const dags: fc.Arbitrary<DagLinks[]> = fc.tuple(
  ...NAMES.map((dagId) =>
    fc
      .record({
        maybe: fc.boolean(),
        ends: names,
        waits: assets,
        children: names,
        produces: assets,
      })
      .map((said): DagLinks => ({
        dagId,
        startedBy: [
          ...said.ends.map((name, index) => ({
            kind: "dag" as const,
            name,
            path: ["triggers", index, "dag"],
          })),
          ...said.waits.map((name) => ({
            kind: "asset" as const,
            name,
            path: ["triggers", 9, "asset"],
          })),
        ],
        starts: said.children.map((child) => ({
          dagId: child,
          task: "t",
          conditional: said.maybe,
          path: ["tasks", "t", "with", "dag"],
        })),
        produces: said.produces,
      })),
  ),
);

type Link = "trigger" | "task" | "conditional task";

function links(from: DagLinks, to: DagLinks): Set<Link> {
  const found = new Set<Link>();
  for (const { kind, name } of to.startedBy)
    if (kind === "dag" ? name === from.dagId : from.produces.includes(name)) found.add("trigger");
  for (const { dagId, conditional } of from.starts)
    if (dagId === to.dagId) found.add(conditional ? "conditional task" : "task");
  return found;
}

/** Every pair of which the first starts the second by some links of these, in the end. */
function reaches(all: readonly DagLinks[], by: readonly Link[]): Set<string> {
  const pairs = new Set<string>();
  for (const from of all)
    for (const to of all)
      if (by.some((link) => links(from, to).has(link))) pairs.add(from.dagId + to.dagId);
  for (const through of NAMES)
    for (const from of NAMES)
      for (const to of NAMES)
        if (pairs.has(from + through) && pairs.has(through + to)) pairs.add(from + to);
  return pairs;
}

function comesBackForEver(all: readonly DagLinks[], dagId: string): boolean {
  if (reaches(all, ["trigger", "task"]).has(dagId + dagId)) return true;
  const pairs = reaches(all, ["trigger", "task", "conditional task"]);
  const leads = (from: string, to: string): boolean => from === to || pairs.has(from + to);
  return all.some((from) =>
    all.some(
      (to) => links(from, to).has("trigger") && leads(dagId, from.dagId) && leads(to.dagId, dagId),
    ),
  );
}

const about = fc.subarray(NAMES);

test("C1. what is told is a circle, at a DAG that was asked about", () => {
  fc.assert(
    fc.property(dags, about, (all, asked) => {
      const pairs = (a = "", b = ""): boolean => {
        const [from, to] = [a, b].map((id) => all.find(({ dagId }) => dagId === id));
        return from !== undefined && to !== undefined && links(from, to).size > 0;
      };
      for (const { dags: way, dagId } of circlesOf(all, new Set(asked))) {
        expect(way.length).toBeGreaterThan(1);
        expect(way[0]).toBe(way.at(-1));
        for (const [index, from] of way.slice(0, -1).entries())
          expect(pairs(from, way[index + 1])).toBe(true);
        expect(asked).toContain(dagId);
      }
    }),
  );
});

test("C2. and C3. told is who comes back for ever, and nobody else", () => {
  fc.assert(
    fc.property(dags, about, (all, asked) => {
      const told = circlesOf(all, new Set(asked)).flatMap(({ dags: way }) => way);
      for (const dagId of asked) expect(told.includes(dagId)).toBe(comesBackForEver(all, dagId));
    }),
  );
});
