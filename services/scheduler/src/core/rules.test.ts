import fc from "fast-check";
import { expect, test } from "vitest";
import { belongs, indexRules, isSatisfied, leavesOf, matches, missingText } from "./rules.ts";
import { wantsSeveral } from "./rules.ts";
import type { Condition } from "./rules.ts";
import { all, any, asset, dagEnd, event, rule, trigger } from "./testing.ts";

test.each<[string, string, boolean]>([
  ["a.b.c", "a.b.c", true],
  ["a.b.c", "a.b", false],
  ["a.b", "a.b.c", false],
  ["a.*.c", "a.b.c", true],
  ["a.*", "a.b.c", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  ["a.>.c", "a.b.c", false],
  [">", "a", true],
])("filter %s, subject %s: %s", (filter, subject, expected) => {
  expect(matches(filter, subject)).toBe(expected);
});

const CONDITION = all(asset("orders"), any(event("a.b"), dagEnd("load")));

test.each<[number[], boolean, string]>([
  [[], false, "asset orders, a.b, DAG load"],
  [[0], false, "a.b, DAG load"],
  [[1, 2], false, "asset orders"],
  [[0, 2], true, "a.b"],
  [[0, 1, 2], true, ""],
])("orders && (a.b || end of load), met %j: %s", (met, holds, missing) => {
  expect(isSatisfied(CONDITION, new Set(met))).toBe(holds);
  expect(missingText(CONDITION, new Set(met))).toBe(missing);
});

const leaf = fc.constantFrom(event("a.b"), event("a.*"), event("c.>"), asset("x"), dagEnd("d"));
const condition = fc.letrec<{ node: Condition }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc
      .tuple(
        fc.constantFrom("all" as const, "any" as const),
        fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
      )
      .map(([kind, of]): Condition => ({ kind, of })),
  ),
})).node;

test("R1: a condition without `all` is satisfied by any of its leaves alone", () => {
  fc.assert(
    fc.property(condition, (on) => {
      const places = leavesOf(on).map((_, place) => place);
      const alone = places.every((place) => isSatisfied(on, new Set([place])));
      if (!wantsSeveral(on)) expect(alone).toBe(true);
      expect(isSatisfied(on, new Set(places))).toBe(true);
      expect(isSatisfied(on, new Set())).toBe(false);
    }),
  );
});

test("R2: the index finds every DAG with a leaf that matches, and no other", () => {
  const happened = fc.constantFrom(
    trigger({ path: "a.b" }),
    trigger({ path: "a.c" }),
    trigger({ path: "c.d.e" }),
    trigger({ path: "nobody" }),
    trigger({ path: "a.b", about: { kind: "asset", name: "x" } }),
    trigger({ path: "a.b", about: { kind: "dag", dagId: "d", state: "failed" } }),
  );
  const rules = fc.array(
    condition.map((on) => rule(on)),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(rules, { maxLength: 5 }), happened, (lists, one) => {
      const dags = lists.map((list, index) => ({ dagId: `dag-${index}`, rules: list }));
      const index = indexRules(dags);
      const wanted = dags.filter(({ rules: list }) =>
        list.some(({ on }) => leavesOf(on).some((inner) => belongs(one, inner))),
      );
      expect(index.find(one)).toEqual(wanted.map(({ dagId }) => dagId));
      const leaves = lists.flat().flatMap(({ on }) => leavesOf(on));
      expect(index.hearsAssets).toBe(leaves.some(({ kind }) => kind === "asset"));
      expect(index.hearsDags).toBe(leaves.some(({ kind }) => kind === "dag"));
      expect(index.hearsDag("d")).toBe(index.hearsDags);
    }),
  );
});
