// What this installation does not let a DAG be: its own kinds and connections, its policies as they are now.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RpcError } from "@chasqui/chassis";
import { compileDag, formatProblem } from "@chasqui/dag";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dagRules } from "./dag-rules.ts";

let folder = "";
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), "chasqui-rules-")), "policies");
});
afterEach(() => {
  rmSync(path.dirname(folder), { recursive: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

function specOf(text: string) {
  const kinds = { "acme.copy": undefined };
  const compiled = compileDag({ file: "x.yaml", text }, { kinds });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec;
}

const rules = (policies: string) =>
  dagRules({
    environment: "prod",
    vars: { registry: "r.example" },
    connections: { file: "the environment prod", types: { api: "http" } },
    customKinds: async () => ["acme.copy"],
    policies,
  });

const POD =
  'id: pods\ntasks:\n  a: { uses: k8s.pod, with: { image: "${vars.registry}/a:latest" } }\n';
const PINNED = `policies:
  - id: pinned
    about: images are pinned
    severity: { default: warn, prod: deny }
    each: task
    when: has(task.with.image)
    rule: "!task.with.image.endsWith(':latest')"
    message: "image \${task.with.image}"
`;

test("an installation without policies judges by kinds and connections alone", async () => {
  const custom = "id: c\ntasks: { a: { uses: acme.copy } }\n";
  const sensor =
    "id: s\ntasks: { a: { uses: sensor.http, with: { url: 'https://api.example/x', connection: apo, interval: 1m, timeout: 1h } } }\n";
  const unknown = specOf(custom);
  for (const task of unknown.tasks) task.uses = "acme.paste";
  const found = await rules("").judge([specOf(POD), specOf(custom), specOf(sensor), unknown]);
  expect(found).toEqual([
    {
      dagId: "s",
      denied: true,
      message:
        "task `a`: with.connection: `apo` is not in the environment prod; did you mean `api`?",
    },
    { dagId: "c", denied: true, message: expect.stringContaining("acme.paste") },
  ]);
});

test("a policy of the environment denies, with its place, its rule and the path", async () => {
  await write({ "images.yaml": PINNED, "notes.txt": "no policy" });
  expect(await rules(folder).judge([specOf(POD)])).toEqual([
    {
      dagId: "pods",
      denied: true,
      message: "task `a`: image r.example/a:latest",
      path: ["tasks", "a", "with", "image"],
      policy: {
        policyId: "pinned",
        rule: "!task.with.image.endsWith(':latest')",
        place: "policies/images.yaml:7:11",
      },
    },
  ]);
});

test("a policy that is mended holds at the next apply; one that cannot be read refuses every DAG", async () => {
  await write({ "images.yaml": PINNED });
  const judge = rules(folder);
  expect(await judge.judge([specOf(POD)])).toHaveLength(1);
  await write({ "images.yaml": PINNED.replace("prod: deny", "prod: off") });
  expect(await judge.judge([specOf(POD)])).toEqual([]);
  await write({ "images.yaml": PINNED.replace("endsWith", "endswith") });
  const refused = await judge.judge([specOf(POD)]).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(RpcError);
  expect(String(refused)).toContain("so no DAG is applied");
  expect(String(refused)).toContain("policies/images.yaml:7:");
});

test("a folder that is not there refuses every DAG", async () => {
  await expect(rules(folder).judge([specOf(POD)])).rejects.toThrow("cannot be read: ENOENT");
});
