// The life of a DAG on the command line: history, rollback, promote, and what `apply --prune` retires.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { compileDag, fingerprintOf } from "@chasqui/dag";
import { expect, onTestFinished, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

function specOf(text: string) {
  const compiled = compileDag({ file: "hello.yaml", text });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.spec;
}
const first = specOf("id: hello\ntasks: { a: { uses: noop } }\n");
const second = specOf("id: hello\ntimeout: 1h\ntasks: { a: { uses: noop } }\n");
const dag = (version: number, spec: typeof first) => ({
  dagId: spec.id,
  version,
  spec,
  fingerprint: fingerprintOf(spec),
});
const row = (version: number, spec: typeof first) => ({
  version,
  fingerprint: fingerprintOf(spec),
  appliedTime: timestampFromMs(Date.parse("2026-11-22T10:00:00Z")),
  appliedBy: "user:ana",
  note: version === 1 ? "first" : "an hour is enough",
  commit: "0123456789abcdef",
});
const world = () => ({
  dags: [dag(1, first), dag(2, second)], // the last one is current
  versions: new Map([["hello", [row(2, second), row(1, first)]]]),
});

test("history says who made what current, when, of which commit and why", async () => {
  await using server = await startFakeServer(world());
  const { code, out } = await invoke(["dags", "history", "hello"], { server: server.url });
  expect(code).toBe(0);
  const [head, newest] = out.split("\n");
  expect(head).toMatch(/^VERSION\s+APPLIED\s+BY\s+COMMIT\s+FINGERPRINT\s+NOTE$/);
  expect(newest).toMatch(/^2\s.*user:ana\s+0123456789\s.*an hour is enough$/);
});

test("rollback makes the version before current again, as it was", async () => {
  await using server = await startFakeServer(world());
  const done = await invoke(["dags", "rollback", "hello"], { server: server.url });
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining("timeout 1h removed") });
  expect(server.calls).toMatchObject([
    {
      name: "applyDags",
      request: {
        note: "rollback to version 1",
        commit: "0123456789abcdef",
        dags: [{ id: "hello" }],
      },
    },
  ]);
  expect(await invoke(["dags", "rollback", "hello", "--to", "7"], { server: server.url })).toEqual(
    expect.objectContaining({
      code: 1,
      err: expect.stringContaining("DAG hello has no version 7: want one of 2, 1"),
    }),
  );
});

test("promote takes the meaning of one environment to another, nothing compiled anew", async () => {
  await using dev = await startFakeServer(world());
  await using prod = await startFakeServer({ dags: [dag(1, first)] });
  const env = { CHASQUI_SERVER_DEV: dev.url, CHASQUI_SERVER_PROD: prod.url };
  const args = ["dags", "promote", "hello", "--from", "dev", "--to", "prod"];
  expect(await invoke(args, { env })).toMatchObject({
    code: 0,
    out: "hello  version 1 → 2\n  timeout 1h added\n",
  });
  expect(dev.calls).toEqual([]);
  expect(prod.calls).toMatchObject([
    { name: "applyDags", request: { note: "promoted from dev, version 2" } },
  ]);
  expect(await invoke([...args.slice(0, -1), "staging"], { env })).toMatchObject({
    code: 2,
    err: expect.stringContaining("CHASQUI_SERVER_STAGING is not set"),
  });
});

test("apply --prune retires what no file names any more; a dry run only says so", async () => {
  await using server = await startFakeServer({
    dags: [dag(1, first), { ...dag(1, first), dagId: "gone" }],
  });
  const cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(path.join(cwd, "hello.yaml"), "id: hello\ntasks: { a: { uses: noop } }\n");
  const dry = await invoke(["apply", ".", "--prune", "--dry-run"], { server: server.url, cwd });
  expect(dry.out).toBe("hello  unchanged (version 1)\ngone  would be retired: its file is gone\n");
  expect(server.calls).toEqual([]);
  const done = await invoke(["apply", ".", "--prune"], { server: server.url, cwd });
  expect(done.out).toBe("hello  unchanged (version 1)\ngone  retired: its file is gone\n");
  expect(server.calls).toMatchObject([{ name: "applyDags", request: { retireDagIds: ["gone"] } }]);
});
