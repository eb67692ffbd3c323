// Properties of the simulation; the names are those of its invariants.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileDagObject } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { validDag } from "../testing/valid-dag.ts";
import { simulate } from "./simulate.ts";

const step = fc.constantFrom("succeed", "fail", "fail:quota", "fail:lost", "fail:code:99", "skip");
const script = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 7,
  maxLength: 7,
});

const FINAL = ["succeeded", "failed", "skipped", "upstream_failed", "cancelled", "removed"];

test("V1, V2: the same script gives the same run, and it settles with every task in a final state", () => {
  fc.assert(
    fc.property(validDag, script, (dag, steps) => {
      const compiled = compileDagObject(dag, "x.ts");
      if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
      const { spec } = compiled;
      const outcomes = Object.fromEntries(
        spec.tasks.map(({ id }, index) => [id, steps[index] ?? ["succeed"]]),
      );
      const input = {
        spec,
        atMs: Date.parse("2026-10-06T00:00:00Z"),
        outcomes,
        vars: { registry: "r" },
      };
      const once = simulate(input);
      expect(simulate(input)).toEqual(once);
      if (!once.ok) throw new Error(once.message);
      const { run, tasks } = once.value;
      expect(["succeeded", "failed"]).toContain(run.state);
      for (const [id, { state }] of Object.entries(tasks))
        expect(FINAL, `${id} is ${state}`).toContain(state);
      for (const { id } of spec.tasks) expect(tasks).toHaveProperty([id]);
    }),
    { numRuns: 150 },
  );
});
