// Policies asked about DAGs: what each rule sees, where its finding points, and that nothing slips through.
import { expect, test } from "vitest";
import type { JsonObject } from "@bufbuild/protobuf";
import { compileDag } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";
import { checkPolicies, problemOf } from "./check-policies.ts";
import { readPolicies } from "./read-policies.ts";
import { viewOf } from "./view.ts";

const DAG = `# costs
id: costs
schedule: { cron: "0 19 * * *" }
defaults: { timeout: 30m }
tasks:
  aggregate:
    uses: k8s.pod
    with:
      image: "\${vars.registry}/costs:\${params.tag}"
      env: { DAY: "\${run.date}", WHERE: "\${vars.registry}", ALL: "\${vars.flags}" }
      resources: { cpu: "1" }
  join: { uses: noop, needs: [aggregate] }
params: { type: object, properties: { tag: { type: string } } }
`;

function compiled(text: string) {
  const result = compileDag({ file: "costs.yaml", text });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result;
}

function findings(
  policy: string,
  { environment = "prod", text = DAG, vars = { registry: "r.example" } as JsonObject } = {},
): string[] {
  const policies = readPolicies([{ file: "p.yaml", text: `policies:\n  - ${policy}\n` }], {
    environments: ["prod", "local"],
  });
  if (policies.problems.length > 0)
    throw new Error(policies.problems.map(formatProblem).join("\n"));
  const { spec, source } = compiled(text);
  return checkPolicies(spec, policies.policies, { environment, vars }).map((finding) =>
    formatProblem(problemOf(finding, source)),
  );
}

const policy = (fields: string): string => `{ id: p, about: it is so, ${fields} }`;

test("a compiled DAG is seen whole: inherited fields, defaults, vars; what only a run knows as it is written", () => {
  const view = viewOf(compiled(DAG).spec, { registry: "r.example", flags: ["a"] });
  expect(view.dag).toMatchObject({
    id: "costs",
    owner: "",
    tags: [],
    triggers: [],
    alerts: [],
    timeout: null,
    timeout_seconds: null,
    schedule: { cron: ["0 19 * * *"], timezone: "UTC", catchup: "latest", overlap: "queue" },
    max_active_runs: 16,
  });
  expect(view.tasks).toEqual(view.dag["tasks"]);
  expect(view.tasks[0]).toMatchObject({
    id: "aggregate",
    needs: [],
    timeout: "30m",
    timeout_seconds: 1_800,
    trigger_rule: "all_success",
    allow_failure: false,
    retries: null,
    with: {
      image: "r.example/costs:${params.tag}",
      env: { DAY: "${run.date}", WHERE: "r.example", ALL: ["a"] },
    },
  });
});

test.each([
  // The place: the field that is read, or the nearest thing that is there.
  [
    "severity: deny, rule: dag.owner != ''",
    ["costs.yaml:2:1: DAG `costs`: wanted: it is so (policy p, p.yaml:2:53: dag.owner != '')"],
  ],
  ["severity: warn, rule: dag.schedule == null", ["costs.yaml:3:11: warning: DAG `costs`: wanted"]],
  [
    "severity: deny, each: task, when: has(task.with.image), rule: task.with.image.endsWith(':1'), message: 'image ${task.with.image}'",
    ["costs.yaml:9:14: task `aggregate`: image r.example/costs:${params.tag} (policy p, p.yaml"],
  ],
  [
    "severity: deny, each: task, rule: task.timeout_seconds < 60",
    ["costs.yaml:6:3: task `aggregate`: wanted", "costs.yaml:12:3: task `join`: wanted"],
  ],
  [
    "severity: deny, each: task, when: task.uses == 'k8s.pod', rule: has(task.with.resources.memory), at: with.resources.memory",
    ["costs.yaml:11:7: task `aggregate`: wanted"],
  ],
  ["severity: deny, rule: 'dag.tasks.all(t, size(t.needs) == 0)'", ["costs.yaml:6:3: DAG"]],
  // What holds, and what is not asked.
  ["severity: deny, rule: dag.max_active_runs <= 16", []],
  ["severity: off, rule: 'false'", []],
  ["severity: { local: deny }, rule: 'false'", []],
  ["severity: deny, when: environment == 'local', rule: 'false'", []],
  ["severity: deny, each: task, rule: vars.registry == 'r.example' && dag.id == 'costs'", []],
  // A rule that cannot be judged is broken.
  [
    "severity: deny, each: task, when: task.id == 'join', rule: task.with.image != ''",
    [
      "costs.yaml:12:3: task `join`: it cannot be judged: expression `task.with.image != ''`: no field `image` in `task.with`: there is nothing",
    ],
  ],
  [
    "severity: deny, when: vars.missing == 1, rule: 'true'",
    ["costs.yaml:2:1: DAG `costs`: it cannot be judged: expression `vars.missing == 1`: no field"],
  ],
  ["severity: deny, rule: dag.id", ["costs.yaml:2:5: DAG `costs`: it cannot be judged: condition"]],
  // A message that cannot be rendered hides nothing.
  [
    "severity: deny, rule: 'false', message: 'it is ${dag.schedule.nothing}'",
    ["costs.yaml:2:1: DAG `costs`: wanted: it is so"],
  ],
])("%s", (fields, expected) => {
  const found = findings(policy(fields));
  expect(found).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
});

test("severity is of the environment", () => {
  const rule = policy("severity: { prod: deny, default: warn }, rule: 'false'");
  expect(findings(rule, { environment: "prod" })).toEqual([expect.not.stringContaining("warning")]);
  expect(findings(rule, { environment: "local" })).toEqual([expect.stringContaining("warning")]);
});
