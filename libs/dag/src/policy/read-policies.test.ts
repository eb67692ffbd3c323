// Policy files: what they give, and everything that is wrong in one, at its place.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { formatProblem } from "../problem.ts";
import { severityIn } from "./policy.ts";
import { readPolicies } from "./read-policies.ts";

const options = { environments: ["local", "dev", "prod"] };
const read = (text: string) => readPolicies([{ file: "policies/x.yaml", text }], options);
const folder = path.resolve(import.meta.dirname, "../../../../policies");

test("the policies of this project are good, each with its place", () => {
  const texts = readdirSync(folder).map((name) => ({
    file: `policies/${name}`,
    text: readFileSync(path.join(folder, name), "utf8"),
  }));
  const { policies, problems } = readPolicies(texts, {
    environments: [...options.environments, "staging"],
  });
  expect(problems.map(formatProblem)).toEqual([]);
  expect(policies.map(({ id }) => id)).toContain("images-pinned");
  for (const { place } of policies) expect(place).toMatch(/^policies\/[a-z]+\.yaml:\d+:\d+$/);
});

test("a policy is data: where it holds, what it is about, which field it reads first", () => {
  const { policies, problems } = read(`policies:
  - id: pinned
    about: images are pinned
    severity: { default: warn, prod: deny, local: off }
    each: task
    when: has(task.with.image)
    rule: "!task.with.image.endsWith(':latest') && environment != ''"
  - { id: ends, about: it ends, severity: deny, each: task, rule: task.timeout_seconds < 60 }
  - { id: owner, about: a, severity: warn, rule: dag.owner != '' }
  - { id: own, about: a, severity: off, rule: "true", at: schedule.cron }
`);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(policies.map(({ id, each, at, place }) => [id, each, at, place])).toEqual([
    ["pinned", "task", ["with", "image"], "policies/x.yaml:7:11"],
    ["ends", "task", ["timeout"], "policies/x.yaml:8:67"],
    ["owner", "dag", ["owner"], "policies/x.yaml:9:50"],
    ["own", "dag", ["schedule", "cron"], "policies/x.yaml:10:47"],
  ]);
  const [pinned, ends] = policies;
  if (pinned === undefined || ends === undefined) throw new Error("two policies are there");
  expect(["dev", "prod", "local"].map((name) => severityIn(pinned, name))).toEqual([
    "warn",
    "deny",
    undefined,
  ]);
  expect(severityIn(ends, "anywhere")).toBe("deny");
});

test("everything that is wrong is told at once, at its place, with what was meant", () => {
  const { policies, problems } = read(`policies:
  - id: Bad_Id
    abuot: typo
    severity: deni
    each: tsak
    rule: dag.owner != ''
  - id: names
    about: a
    severity: { defualt: deny, porduction: deny, prod: alow }
    each: task
    when: task.use == 'x'
    rule: task.with.image.startswith(var.registry)
    message: "image \${task.wiht.image}"
    at: "with..image"
  - id: names
    about: a
    severity: warn
    rule: task.uses == 'x' && dag.tasks
  - id: syntax
    about: a
    severity: warn
    rule: dag.owner = 'x'
`);
  expect(policies.map(({ id }) => id)).toEqual(["names", "names", "syntax"]);
  expect(problems.map(formatProblem).join("\n")).toMatchInlineSnapshot(`
    "policies/x.yaml:2:5: a policy has no \`about\`
    policies/x.yaml:2:9: id: \`Bad_Id\`: want a lower-case letter, then up to 62 lower-case letters, digits or -
    policies/x.yaml:3:5: unknown field \`abuot\` in a policy; did you mean \`about\`?
    policies/x.yaml:4:15: a policy: severity: \`deni\`: want one of warn, deny, off; did you mean \`deny\`?
    policies/x.yaml:5:11: a policy: each: \`tsak\`: want one of dag, task; did you mean \`task\`?
    policies/x.yaml:9:17: policy \`names\`: no environment is called \`defualt\`; did you mean \`default\`?
    policies/x.yaml:9:32: policy \`names\`: no environment is called \`porduction\`; known: default, local, dev, prod
    policies/x.yaml:9:56: policy \`names\`: severity: \`alow\`: want one of warn, deny, off
    policies/x.yaml:11:11: policy \`names\`: when: no field \`use\` in \`task\`; did you mean \`uses\`?
    policies/x.yaml:12:38: policy \`names\`: rule: \`var\` is a reserved word of CEL
    policies/x.yaml:13:23: policy \`names\`: message: no field \`wiht\` in \`task\`; did you mean \`with\`?
    policies/x.yaml:14:9: policy \`names\`: at: \`with..image\`: want names with dots between them, for example with.image
    policies/x.yaml:15:9: policy \`names\` is at policies/x.yaml:7:9 too
    policies/x.yaml:18:11: policy \`names\`: rule: no name \`task\`; known: dag, vars, environment
    policies/x.yaml:22:21: policy \`syntax\`: rule: unexpected \`=\`; compare with =="
  `);
});

test.each([
  ["", "the file is empty"],
  ["[]", "a file of policies is a list: want a map"],
  ["policies: {}", "policies is a map: want a list"],
  ["polices: []", "unknown field `polices` in a file of policies; did you mean `policies`?"],
  ["policies: [x]", "a policy is text: want a map"],
])("%s is no file of policies", (text, message) => {
  expect(read(text).problems.map(formatProblem).join("\n")).toContain(message);
});

test("two files may not have the same policy", () => {
  const text = "policies: [{ id: a, about: a, severity: warn, rule: 'true' }]";
  const { problems } = readPolicies(
    [
      { file: "policies/a.yaml", text },
      { file: "policies/b.yaml", text },
    ],
    options,
  );
  expect(problems.map(formatProblem)).toEqual([
    "policies/b.yaml:1:18: policy `a` is at policies/a.yaml:1:18 too",
  ]);
});

test("a file has a limit", () => {
  const policies = Array.from(
    { length: 201 },
    (_, index) => `{ id: p${index}, about: a, severity: off, rule: "true" }`,
  );
  const found = read(`policies: [${policies.join(", ")}]`);
  expect(found.problems.map(formatProblem)).toEqual([
    "policies/x.yaml:1:11: 201 policies: want at most 200 a file",
  ]);
  expect(found.policies).toHaveLength(200);
});

test("a rule about a task does not see the others", () => {
  const text = "{ id: a, about: a, severity: warn, each: task, rule: 'dag.tasks.all(t, true)' }";
  const [problem] = read(`policies: [${text}]`).problems;
  expect(problem?.message).toBe("policy `a`: rule: no field `tasks` in `dag`");
});
