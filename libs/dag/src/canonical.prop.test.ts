// Properties of the canonical form, on specifications as any client may send them; the names are those of its invariants.
import { clone } from "@bufbuild/protobuf";
import { DagSpecSchema } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalSpec, fingerprintOf } from "./canonical.ts";
import { compileDagObject } from "./compile/compile-dag.ts";
import { validDag } from "./testing/valid-dag.ts";

const spec = validDag.map((dag): DagSpec => {
  const compiled = compileDagObject(dag, "x.ts");
  if (!compiled.ok) throw new Error("an example does not compile");
  return compiled.spec;
});

/** The same with every set the other way round, and with members said twice. */
function turned(original: DagSpec): DagSpec {
  const copy = clone(DagSpecSchema, original);
  copy.tags = twice(copy.tags).reverse();
  copy.was = twice(copy.was).reverse();
  copy.tasks.reverse();
  for (const task of copy.tasks)
    for (const set of ["needs", "teardownOf", "produces", "was"] as const)
      task[set] = twice(task[set]).reverse();
  copy.groups.reverse();
  for (const group of copy.groups) group.needs = twice(group.needs).reverse();
  if (copy.schedule !== undefined) copy.schedule.crons = twice(copy.schedule.crons).reverse();
  copy.alerts.reverse();
  for (const alert of copy.alerts) alert.on.reverse();
  return copy;
}

const twice = <T>(items: readonly T[]): T[] => [...items, ...items.slice(0, 1)];

test("F1: sets in another order, and members said twice, are the same meaning", () => {
  fc.assert(
    fc.property(spec, (original) => {
      expect(fingerprintOf(turned(original))).toBe(fingerprintOf(original));
    }),
    { numRuns: 150 },
  );
});

test("F2: canonical twice is canonical once", () => {
  fc.assert(
    fc.property(spec, (original) => {
      const once = canonicalSpec(turned(original));
      expect(canonicalSpec(once)).toEqual(once);
    }),
    { numRuns: 100 },
  );
});
