// `chasqui diff`: a file against another one, and against what the server runs.
import { compileDag } from "@chasqui/dag";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});
const put = (file: string, text: string): void => writeFileSync(path.join(cwd, file), text);

const OLD =
  "id: hello\ntasks:\n  a: { uses: noop, timeout: 30m }\n  b: { uses: noop, needs: [a] }\n";
const SAME =
  "# the same\ntasks: { b: { needs: [a], uses: noop }, a: { timeout: 1800s, uses: noop } }\nid: hello\n";
const NEW = OLD.replace("30m", "45m").replace("  b:", "  constructor: { uses: noop }\n  b:");

function versionOf(text: string, version: number) {
  const compiled = compileDag({ file: "x", text });
  if (!compiled.ok) throw new Error("it does not compile");
  return { dagId: "hello", version, fingerprint: compiled.fingerprint, spec: compiled.spec };
}

test("two files: no server is asked; another spelling is no difference", async () => {
  put("old.yaml", OLD);
  put("same.yaml", SAME);
  put("new.yaml", NEW);
  const server = "http://127.0.0.1:9";
  expect((await invoke(["diff", "same.yaml", "old.yaml"], { cwd, server })).out).toBe(
    "hello  same.yaml means the same as old.yaml\n",
  );
  const { code, out } = await invoke(["diff", "new.yaml", "old.yaml"], { cwd, server });
  expect({ code, lines: out.split("\n") }).toEqual({
    code: 0,
    lines: [
      "hello  2 differences from old.yaml to new.yaml",
      "  task `a`: timeout 30m → 45m",
      "  task `constructor` added at the beginning",
      "",
    ],
  });
});

test("one file: against the server's current version, against an earlier one, against none", async () => {
  put("hello.yaml", NEW);
  await using server = await startFakeServer({ dags: [versionOf(NEW, 2), versionOf(OLD, 1)] });
  const diff = async (...args: string[]) =>
    (await invoke(["diff", ...args], { cwd, server: server.url })).out;
  expect(await diff("hello.yaml")).toBe(
    "hello  hello.yaml means the same as version 2 on the server\n",
  );
  expect(JSON.parse(await diff("hello.yaml", "--of", "1", "--json"))).toMatchObject({
    ...{ dag_id: "hello", from: "version 1 on the server", to: "hello.yaml", changed: true },
    changes: ["task `a`: timeout 30m → 45m", "task `constructor` added at the beginning"],
  });
  put("other.yaml", OLD.replace("hello", "other"));
  expect(await diff("other.yaml")).toBe(
    "other  1 difference from the server, which has no other to other.yaml\n  new DAG with 2 tasks\n",
  );
});

test("a file that does not compile is told at its place", async () => {
  put("bad.yaml", OLD.replace("[a]", "[c]"));
  const { code, err } = await invoke(["diff", "bad.yaml", "bad.yaml"], { cwd });
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("bad.yaml:4:28: ") });
});
