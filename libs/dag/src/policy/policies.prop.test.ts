// Properties of policies: no text breaks the reader, no rule breaks the check, and no mistake lets a DAG through.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileDagObject } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { validDag } from "../testing/valid-dag.ts";
import { checkPolicies, problemOf } from "./check-policies.ts";
import { readPolicies } from "./read-policies.ts";

const FILE = `policies:
  - id: pinned
    about: an image is pinned
    severity: { default: warn, prod: deny }
    each: task
    when: has(task.with.image)
    rule: "!task.with.image.endsWith(':latest')"
    message: "image \${task.with.image}"
  - { id: owner, about: somebody answers, severity: deny, rule: dag.owner != '', at: owner }
`;
const context = { environment: "prod", vars: { registry: "r.example" } };
const read = (text: string) =>
  readPolicies([{ file: "policies/x.yaml", text }], { environments: ["prod"] });

test("a file with a piece cut out, doubled or replaced gives policies or positioned problems; asking them never throws", () => {
  const cut = fc.tuple(
    fc.nat(FILE.length),
    fc.nat(20),
    fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom("\n", "{", "}", "[", ": ", "- ", '"', "'", "${", "dag.", "task.", "(", ")"),
    ),
  );
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), validDag, (cuts, dag) => {
      let text = FILE;
      for (const [start, count, piece] of cuts)
        text = text.slice(0, start) + piece + text.slice(start + count);
      const { policies, problems } = read(text);
      for (const problem of problems) expect(formatProblem(problem)).toMatch(/^.+:\d+:\d+: ./s);
      const compiled = compileDagObject(dag, "x.yaml");
      if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
      for (const finding of checkPolicies(compiled.spec, policies, context)) {
        expect(finding.message).not.toBe("");
        expect(problemOf(finding, compiled.source).line).toBeGreaterThan(0);
      }
    }),
    { numRuns: 200 },
  );
});

test("a rule that holds nowhere, or cannot be judged, is broken by every DAG and every task of it", () => {
  const wrong = fc.constantFrom("false", "1 / 0 == 1", "dag.id", "[1][3] == 1", "null.x");
  fc.assert(
    fc.property(validDag, wrong, (dag, rule) => {
      const { policies } = read(
        `policies: [{ id: d, about: a, severity: deny, rule: "${rule}" }, { id: t, about: a, severity: deny, each: task, rule: "${rule}" }]`,
      );
      const compiled = compileDagObject(dag, "x.yaml");
      if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
      const found = checkPolicies(compiled.spec, policies, context);
      expect(found.map(({ path }) => path[1] ?? "").sort()).toEqual(
        ["", ...compiled.spec.tasks.map(({ id }) => id)].sort(),
      );
    }),
    { numRuns: 50 },
  );
});
