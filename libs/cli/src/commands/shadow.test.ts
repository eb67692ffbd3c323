// `chasqui shadow` against a stand-in of a server with one recorded run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunSchema, RunState, TaskState } from "@chasqui/contracts";
import { expect, onTestFinished, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const time = timestampFromMs(Date.parse("2026-11-22T10:00:00Z"));
const recorded = create(RunSchema, {
  ...{ runId: "run-01j9aaaaaaaaaaaaaaaaaaaaaa", dagId: "costs", key: "2026-11-22" },
  ...{ state: RunState.SUCCEEDED, logicalTime: time, settledTime: time },
  tasks: [{ taskId: "load", mapIndex: -1, state: TaskState.SUCCEEDED }],
});
const history = [
  {
    version: 1,
    index: 0,
    time,
    type: "task_succeeded",
    cause: "m",
    data: { t: "load", a: 1, s: 1 },
  },
];

function fileWith(more: string): string {
  const cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const load = `{ uses: k8s.pod, with: { image: "x:1" }${more} }`;
  writeFileSync(path.join(cwd, "costs.yaml"), `id: costs\ntasks:\n  load: ${load}\n`);
  return cwd;
}

test("the same decisions end with 0, a differing one is named and ends with 1", async () => {
  await using server = await startFakeServer({ runs: [[recorded]], history });
  const same = { server: server.url, cwd: fileWith("") };
  expect(await invoke(["shadow", "costs.yaml"], same)).toMatchObject({
    code: 0,
    out: "= run-01j9aaaaaaaa 2026-11-22\n1 run replayed, 0 would differ\n",
  });
  const other = { server: server.url, cwd: fileWith(", when: 'false'") };
  expect(await invoke(["shadow", "costs.yaml"], other)).toMatchObject({
    code: 1,
    out: [
      "≠ run-01j9aaaaaaaa 2026-11-22",
      "  load: was succeeded, would be skipped (when is false)",
      "1 run replayed, 1 would differ\n",
    ].join("\n"),
  });
});
