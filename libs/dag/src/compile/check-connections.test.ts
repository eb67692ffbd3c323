// Named connections against an environment: unknown ones, of the wrong type, silent defaults, at their places.
import { expect, test } from "vitest";
import { formatProblem } from "../problem.ts";
import { checkSpec } from "../check-spec.ts";
import { compileDag } from "./compile-dag.ts";
import type { KnownConnections } from "./check-connections.ts";

const report = (fields: string): string => `id: costs
tasks:
  mail:
    uses: report.email
    with:
      report: costs
      period: today
      recipients: { query: select 1, key: k }
      data: { query: select 1 }
      template: t
      ${fields}
`;
const known = (types: Readonly<Record<string, string>>): KnownConnections => ({
  file: "environments/prod.yaml",
  types,
});
const full = known({ warehouse: "postgres", lake: "postgres", mail: "smtp", slack: "slack" });

function problemsOf(text: string, connections: KnownConnections): string[] {
  const compiled = compileDag({ file: "costs.yaml", text }, { connections });
  return compiled.ok ? [] : compiled.problems.map(formatProblem);
}

test.each<[string, KnownConnections, string[]]>([
  ["connection: warehouse", full, []],
  [
    "connection: warehose",
    full,
    [
      "costs.yaml:11:19: task `mail`: with.connection: `warehose` is not in environments/prod.yaml; did you mean `warehouse`?",
    ],
  ],
  [
    "connection: xyz",
    full,
    [
      "costs.yaml:11:19: task `mail`: with.connection: `xyz` is not in environments/prod.yaml; of type postgres it has warehouse, lake",
    ],
  ],
  [
    "connection: slack",
    full,
    [
      "costs.yaml:11:19: task `mail`: with.connection: `slack` is of type slack: want postgres; environments/prod.yaml has warehouse, lake",
    ],
  ],
  [
    "mail_connection: warehouse",
    full,
    [
      "costs.yaml:5:", // `connection` itself is missing
      "costs.yaml:11:24: task `mail`: with.mail_connection: `warehouse` is of type postgres: want smtp; environments/prod.yaml has mail",
    ],
  ],
  [
    "connection: warehouse",
    known({ warehouse: "postgres" }),
    [
      "costs.yaml:3:3: task `mail`: with.mail_connection: the connection `mail`, which is used if none is named, is not in environments/prod.yaml; it has none of type smtp",
    ],
  ],
  ['connection: "${params.x}"', full, ["costs.yaml:11:"]],
])("%s", (fields, connections, problems) => {
  const found = problemsOf(report(fields), connections);
  expect(found).toHaveLength(problems.length);
  for (const [index, problem] of problems.entries()) expect(found[index]).toContain(problem);
});

test("a name that only a run knows is not judged", () => {
  const text = `params: { type: object, properties: { db: { type: string } } }\n${report('connection: "${params.db}"')}`;
  expect(problemsOf(text, full)).toEqual([]);
});

test("a custom kind names connections by its schema, in lists too", () => {
  const schema = {
    type: "object",
    properties: {
      stores: { type: "array", items: { type: "string", "x-connection": ["s3", "gcs"] } },
    },
  } as const;
  const text =
    "id: x\ntasks:\n  a:\n    uses: acme.copy\n    with: { stores: [raw, clean, warehouse] }\n";
  const connections = known({ raw: "s3", clean: "gcs", warehouse: "postgres" });
  const compiled = compileDag(
    { file: "x.yaml", text },
    { kinds: { "acme.copy": schema }, connections },
  );
  expect(compiled.ok ? [] : compiled.problems.map(formatProblem)).toEqual([
    "x.yaml:5:34: task `a`: with.stores[2]: `warehouse` is of type postgres: want s3 or gcs; environments/prod.yaml has raw, clean",
  ]);
});

test("the server finds the same, without places", () => {
  const compiled = compileDag({ file: "costs.yaml", text: report("connection: warehose") });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  expect(checkSpec(compiled.spec, { customKinds: [], connections: full })).toEqual([
    "task `mail`: with.connection: `warehose` is not in environments/prod.yaml; did you mean `warehouse`?",
  ]);
  expect(checkSpec(compiled.spec, { customKinds: [] })).toEqual([]);
});
