// Commands on DAG files: new, validate. No server.
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compileDag } from "@chasqui/dag";
import { templates } from "../templates/templates.ts";
import { invoke } from "../testing/invoke.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});
const put = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(cwd, file)), { recursive: true });
  writeFileSync(path.join(cwd, file), text);
};

test.each(Object.keys(templates))("new %s writes a DAG that validates, once", async (template) => {
  const made = await invoke(["new", template, "first-dag"], { cwd });
  expect(made).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringContaining("wrote dags/first-dag.yaml"),
  });
  expect(await invoke(["validate"], { cwd })).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(/^✓ dags\/first-dag.yaml: first-dag, \d tasks?\n$/),
  });
  const before = readFileSync(path.join(cwd, "dags/first-dag.yaml"), "utf8");
  expect(await invoke(["new", template, "first-dag"], { cwd })).toMatchObject({
    code: 1,
    err: expect.stringContaining("dags/first-dag.yaml exists already"),
  });
  expect(readFileSync(path.join(cwd, "dags/first-dag.yaml"), "utf8")).toBe(before);
});

test.each(Object.entries(templates))(
  "template %s is valid under its own name",
  (name, template) => {
    const compiled = compileDag({ file: "x.yaml", text: template.render(`my-${name}`) });
    expect(compiled).toMatchObject({ ok: true, spec: { id: `my-${name}` }, warnings: [] });
  },
);

test.each([
  [["new", "cronpod"], "want one of cron-pod, event, report, sensor"],
  [["new", "event", "Bad_Name"], "want a lower-case letter"],
  [["new"], "missing required argument 'template'"],
  [["valdate"], "Did you mean validate?"],
  [["runs", "--limit", "0"], "want an integer in 1..10000"],
])("%j is a wrong command line", async (args, message) => {
  expect(await invoke(args, { cwd })).toMatchObject({
    code: 2,
    err: expect.stringContaining(message),
  });
});

test("help goes to stdout and is no error", async () => {
  expect(await invoke(["--help"], { cwd })).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringContaining("Exit codes: 0 done"),
  });
  expect(await invoke(["trigger", "--help"], { cwd })).toMatchObject({
    code: 0,
    out: expect.stringContaining("Examples:"),
  });
  expect(await invoke(["--version"], { cwd })).toMatchObject({ code: 0, out: "1.2.3\n" });
  expect(await invoke([], { cwd })).toMatchObject({
    code: 2,
    out: expect.stringContaining("Usage: chasqui"),
  });
});

test("validate shows the place of each problem and exits with 1", async () => {
  put("dags/good.yaml", "id: good\ntasks: { a: { uses: noop } }\n");
  put(
    "dags/bad.yaml",
    "id: bad\ntasks:\n  aggregate: { uses: noop }\n  mail:\n    uses: noop\n    needs: [agregate]\n",
  );
  const { code, out, err } = await invoke(["validate"], { cwd });
  expect(code).toBe(1);
  expect(out).toBe("✓ dags/good.yaml: good, 1 task\n");
  expect(err.split("\n")).toEqual([
    "dags/bad.yaml:6:13: task `mail` needs `agregate`: no such task; did you mean `aggregate`?",
    "  6 │     needs: [agregate]",
    "                  ^",
    "1 error in 1 file of 2",
    "",
  ]);
});

test("validate --json is complete and clean", async () => {
  put("dags/good.yaml", "id: good\ntasks: { a: { uses: noop } }\n");
  put("dags/again.yml", "id: good\ntasks: { a: { uses: noop } }\n");
  put("dags/notes.txt", "no DAG");
  const { code, out, err } = await invoke(["validate", "--json"], { cwd });
  expect([code, err]).toEqual([1, ""]);
  expect(JSON.parse(out)).toEqual({
    files: [
      {
        file: "dags/again.yml",
        valid: true,
        dag_id: "good",
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        problems: [],
      },
      {
        file: "dags/good.yaml",
        valid: false,
        problems: [
          {
            line: 1,
            column: 1,
            severity: "error",
            message: "DAG `good` is in dags/again.yml too: want one file per DAG",
          },
        ],
      },
    ],
  });
});

test("a TypeScript DAG is evaluated here", async () => {
  put(
    "dags/typed.ts",
    'export const dag = { id: "typed", tasks: { a: { uses: "noop" as string } } };\n',
  );
  put("dags/broken.ts", '\nthrow new Error("on purpose");\n');
  put(
    "dags/wrong.ts",
    'export const dag = {\n  id: "wrong",\n  tasks: { a: { uses: "nop" } },\n};\n',
  );
  put("dags/none.ts", "export const x = 1;\n");
  const { code, out, err } = await invoke(["validate"], { cwd });
  expect(code).toBe(1);
  expect(out).toBe("✓ dags/typed.ts: typed, 1 task\n");
  expect(err).toContain("dags/broken.ts:2:7: cannot be loaded: on purpose");
  expect(err).toContain("dags/none.ts:1:1: exports no `dag`");
  expect(err).toContain("dags/wrong.ts:3:23: task `a` uses `nop`");
});

test("custom kinds and vars come from the environment file", async () => {
  put(
    "dags/x.yaml",
    "id: x\ntasks:\n  a: { uses: bench.noop }\n  b: { uses: k8s.pod, with: { image: '${vars.registri}/x:1' } }\n",
  );
  expect((await invoke(["validate"], { cwd })).err).toContain("no such task kind");
  put(
    "environments/local.yaml",
    "runners: { bench-runner: [bench.noop] }\nvars: { registry: r }\n",
  );
  const { err } = await invoke(["validate"], { cwd });
  expect(err).not.toContain("no such task kind");
  expect(err).toContain("no field `registri` in `vars`; did you mean `registry`?");
  expect(await invoke(["validate", "--environment", "prod"], { cwd })).toMatchObject({ code: 4 });
  put("environments/local.yaml", "runers: {}\n");
  expect(await invoke(["validate"], { cwd })).toMatchObject({
    code: 1,
    err: expect.stringContaining(
      "environments/local.yaml:1:1: runers is not known here; did you mean",
    ),
  });
});

test("nothing to validate is an error that says what to do", async () => {
  expect(await invoke(["validate"], { cwd })).toMatchObject({
    code: 4,
    err: expect.stringContaining("dags: no such file or folder"),
  });
  mkdirSync(path.join(cwd, "dags"));
  expect(await invoke(["validate"], { cwd })).toMatchObject({
    code: 4,
    err: expect.stringContaining("chasqui new cron-pod"),
  });
});

test("files whose runs start each other are a problem, spelled out, where one of them says so", async () => {
  const task = "tasks: { t: { uses: noop, produces: [orders] } }";
  put("dags/costs.yaml", `id: costs\ntriggers:\n  - dag: routes\n${task}\n`);
  put("dags/routes.yaml", `id: routes\ntriggers:\n  - { asset: orders }\n${task}\n`);
  const { code, err } = await invoke(["validate"], { cwd });
  expect(code).toBe(1);
  expect(err).toContain(
    "dags/costs.yaml:3:10: runs start each other for ever: costs -> routes -> costs (",
  );
  put(
    "dags/costs.yaml",
    `id: costs\ntriggers:\n  - { dag: routes, key: "\${run.date}" }\n${task}\n`,
  );
  const { err: own } = await invoke(["validate"], { cwd });
  expect(own).toContain(
    "dags/routes.yaml:3:14: runs start each other for ever: routes -> routes (",
  );
  put(
    "dags/routes.yaml",
    "id: routes\ntriggers:\n  - { asset: orders }\ntasks: { t: { uses: noop } }\n",
  );
  expect((await invoke(["validate"], { cwd })).code).toBe(0);
});
