// `validate` with policies: what people see, and what quality gates read.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { templates } from "../templates/templates.ts";
import { invoke } from "../testing/invoke.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-policies-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});
const put = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(cwd, file)), { recursive: true });
  writeFileSync(path.join(cwd, file), text);
};

const DAG = `id: hello
tasks:
  hello:
    uses: k8s.pod
    with: { image: "\${vars.registry}/hello:latest" }
`;
const POLICIES = `policies:
  - id: owner
    about: a DAG has an owner
    severity: { default: warn, prod: deny }
    rule: dag.owner != ''
  - id: pinned
    about: images are pinned
    severity: deny
    each: task
    when: has(task.with.image)
    rule: "!task.with.image.endsWith(':latest')"
    message: "image \${task.with.image} is <not> & never \\"pinned\\""
`;
const OWNER = "dags/hello.yaml:1:1: ";
const PINNED =
  "dags/hello.yaml:5:20: task `hello`: image r.example/hello:latest is <not> & never \"pinned\" (policy pinned, policies/all.yaml:11:11: !task.with.image.endsWith(':latest'))";

function project(): void {
  put("dags/hello.yaml", DAG);
  put("dags/fine.yaml", "id: fine\nowner: us\ntasks: { a: { uses: noop } }\n");
  put("policies/all.yaml", POLICIES);
  for (const name of ["local", "prod"])
    put(`environments/${name}.yaml`, "vars: { registry: r.example }\n");
}

test("what is denied is an error at its place with the rule's text; a warning lets pass", async () => {
  project();
  const local = await invoke(["validate"], { cwd });
  expect(local.code).toBe(1);
  expect(local.out).toBe("✓ dags/fine.yaml: fine, 1 task\n");
  expect(local.err).toContain(`${OWNER}warning: DAG \`hello\`: wanted: a DAG has an owner`);
  expect(local.err).toContain(PINNED);
  expect(local.err).toContain("1 error in 1 file of 2");
  const prod = await invoke(["validate", "--environment", "prod"], { cwd });
  expect(prod.err).toContain(`${OWNER}DAG \`hello\`: wanted: a DAG has an owner`);
  expect(prod.err).toContain("2 errors in 1 file of 2");
  put("dags/hello.yaml", DAG.replace(":latest", ":1.0"));
  const mended = await invoke(["validate", "--environment", "local"], { cwd });
  expect(mended).toMatchObject({
    code: 0,
    err: expect.stringContaining("warning"),
    out: expect.stringContaining("judged by 2 policies of local"),
  });
});

test("--json tells the policy with each problem", async () => {
  project();
  const { out } = await invoke(["validate", "dags/hello.yaml", "--json"], { cwd });
  const { files } = JSON.parse(out);
  expect(files[0].problems[1]).toMatchObject({
    line: 5,
    column: 20,
    severity: "error",
    policy: {
      id: "pinned",
      place: "policies/all.yaml:11:11",
      rule: "!task.with.image.endsWith(':latest')",
    },
  });
});

test("a policy that cannot be read judges nothing: validate and apply stop, with its place", async () => {
  project();
  put(
    "policies/bad.yaml",
    "policies: [{ id: x, about: a, severity: deny, rule: dag.ownr != '' }]\n",
  );
  const { code, err, out } = await invoke(["validate"], { cwd });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(
    "policies/bad.yaml:1:53: policy `x`: rule: no field `ownr` in `dag`; did you",
  );
});

test("another folder of policies is named; one that is not there is an error", async () => {
  project();
  put("rules/none.yaml", "policies: []\n");
  expect(await invoke(["validate", "--policies", "rules"], { cwd })).toMatchObject({ code: 0 });
  expect(await invoke(["validate", "--policies", "rulez"], { cwd })).toMatchObject({
    code: 4,
    err: expect.stringContaining("rulez: no such folder"),
  });
});

test("--report sonar: rules and issues in SonarQube's generic format, ranges within their lines", async () => {
  project();
  put("dags/broken.yaml", "id: broken\ntasks:\n  a: { uses: nop }\n");
  const { code, out, err } = await invoke(["validate", "--report", "sonar"], { cwd });
  expect(code).toBe(1);
  expect(err).toContain(PINNED);
  const report = JSON.parse(out);
  expect(report.rules.map(({ id }: { id: string }) => id)).toEqual([
    "dag-invalid",
    "dag-doubtful",
    "policy-owner",
    "policy-pinned",
  ]);
  expect(report.rules[3]).toEqual({
    id: "policy-pinned",
    name: "images are pinned",
    description: "policy pinned, policies/all.yaml:11:11: !task.with.image.endsWith(':latest')",
    engineId: "chasqui",
    cleanCodeAttribute: "CONVENTIONAL",
    type: "CODE_SMELL",
    severity: "CRITICAL",
    impacts: [{ softwareQuality: "MAINTAINABILITY", severity: "HIGH" }],
  });
  const texts = new Map(
    readdirSync(path.join(cwd, "dags")).map((name) => [
      `dags/${name}`,
      readFileSync(path.join(cwd, "dags", name), "utf8"),
    ]),
  );
  expect(report.issues).toHaveLength(3);
  for (const { ruleId, primaryLocation } of report.issues) {
    expect(report.rules.map(({ id }: { id: string }) => id)).toContain(ruleId);
    const { filePath, textRange, message } = primaryLocation;
    const line = texts.get(filePath)?.split("\n")[textRange.startLine - 1] ?? "";
    expect(message).not.toBe("");
    expect(textRange.startColumn).toBeLessThan(textRange.endColumn);
    expect(textRange.endColumn).toBe(line.length);
  }
  expect(report.issues[2]).toMatchObject({
    ruleId: "policy-pinned",
    primaryLocation: {
      filePath: "dags/hello.yaml",
      textRange: { startLine: 5, endLine: 5, startColumn: 19 },
    },
  });
});

test("--report junit: a case for what compiles and for each policy, escaped", async () => {
  project();
  put("dags/broken.yaml", "id: broken\ntasks:\n  a: { uses: nop }\n");
  const { code, out } = await invoke(["validate", "--report", "junit"], { cwd });
  expect(code).toBe(1);
  expect(out).toContain('<testsuites name="chasqui validate (local)" tests="7" failures="2">');
  expect(out).toContain(
    '<testsuite name="dags/broken.yaml" tests="1" failures="1" errors="0" skipped="0">',
  );
  expect(out).toContain('<testcase classname="dags/fine.yaml" name="pinned: images are pinned"/>');
  expect(out).toContain(
    '<failure message="task `hello`: image r.example/hello:latest is &lt;not&gt; &amp; never &quot;pinned&quot;">',
  );
  expect(out).toContain("<system-out>warning: dags/hello.yaml:1:1: DAG `hello`: wanted");
  expect(out.match(/<testcase/g)).toHaveLength(7);
});

test("a format that does not exist is a wrong command line", async () => {
  expect(await invoke(["validate", "--report", "tap"], { cwd })).toMatchObject({ code: 2 });
});

test("a TypeScript DAG is judged too", async () => {
  project();
  put(
    "dags/typed.ts",
    'export const dag = { id: "typed", tasks: { a: { uses: "k8s.pod", with: { image: "x:latest" } } } };\n',
  );
  const { err } = await invoke(["validate", "dags/typed.ts"], { cwd });
  expect(err).toContain("dags/typed.ts:1:81: task `a`: image x:latest");
});

test.each(["local", "dev", "staging", "prod"])(
  "this project's own DAGs keep every policy of %s, and so does what `new` writes",
  async (environment) => {
    const own = await invoke(["validate", "--environment", environment], { cwd: root });
    expect(own).toMatchObject({ code: 0, err: "" });
    for (const name of Object.keys(templates))
      put(`dags/${name}.yaml`, templates[name]?.render(`my-${name}`) ?? "");
    const made = await invoke(["validate", path.join(cwd, "dags"), "--environment", environment], {
      cwd: root,
    });
    expect(made).toMatchObject({ code: 0, err: "" });
  },
);
