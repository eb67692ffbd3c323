// Commands to runs that are there, against a made-up server: what is asked, and what is told.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RerunVersion, RunSchema, RunState, TaskState } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const red = create(RunSchema, {
  runId: RUN,
  dagId: "hello",
  dagVersion: 2,
  state: RunState.FAILED,
  key: "2026-10-06",
  tasks: [{ taskId: "load", mapIndex: 3, state: TaskState.FAILED, attempt: 2 }],
});
const planned = {
  runState: RunState.QUEUED,
  tasks: [
    {
      taskId: "load",
      mapIndex: 3,
      from: TaskState.FAILED,
      to: TaskState.WAITING,
      what: "is done again when its turn comes",
    },
  ],
};

test("clear --dry-run lists what would change", async () => {
  await using server = await startFakeServer({ runs: [[red]], changes: planned });
  const { code, out } = await invoke(
    ["clear", "hello", "load[3]", "--downstream", "--dry-run", "--note", "late file"],
    { server: server.url },
  );
  expect(code).toBe(0);
  expect(out).toMatch(/load\[3\] +✗ failed +○ waiting +is done again when its turn comes/);
  expect(out).toContain(`nothing was changed: ${RUN} is failed, and would be queued`);
  expect(server.calls).toMatchObject([
    {
      name: "clearTasks",
      principal: "user:ana",
      request: { tasks: ["load[3]"], downstream: true, dryRun: true, reason: "late file" },
    },
  ]);
});

test("retry is a clear of what failed, with what follows", async () => {
  await using server = await startFakeServer({ runs: [[red]], changes: planned });
  const { code } = await invoke(["retry", RUN], { server: server.url });
  expect(code).toBe(0);
  expect(server.calls[0]?.request).toMatchObject({
    tasks: [],
    onlyFailed: true,
    downstream: true,
    upstream: false,
    dryRun: false,
  });
});

test("mark knows three states", async () => {
  await using server = await startFakeServer({ runs: [[red]], changes: planned });
  const wrong = await invoke(["mark", RUN, "load[3]", "done"], { server: server.url });
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toContain('state "done": want one of succeeded, failed, skipped');
  const { out } = await invoke(["mark", RUN, "load[3]", "skipped", "--json"], {
    server: server.url,
  });
  expect(JSON.parse(out)).toMatchObject({
    dry_run: false,
    changes: [{ task: "load[3]", from: "failed", to: "waiting" }],
  });
  expect(server.calls[0]?.request).toMatchObject({ task: "load[3]", state: TaskState.SKIPPED });
});

test("rerun of the original version, or of the newest", async () => {
  await using server = await startFakeServer({ runs: [[red]] });
  const { out } = await invoke(["rerun", RUN, "--dry-run"], { server: server.url });
  expect(out).toContain("would start");
  expect(out).toContain("(key 2026-10-06~1)");
  await invoke(["rerun", RUN, "--of", "newest"], { server: server.url });
  expect(server.calls.map(({ request }) => request)).toMatchObject([
    { version: RerunVersion.ORIGINAL, dryRun: true },
    { version: RerunVersion.NEWEST, dryRun: false },
  ]);
  const wrong = await invoke(["rerun", RUN, "--of", "3"], { server: server.url });
  expect(wrong).toMatchObject({ code: 2 });
});

test("cancel --now ends teardowns, too; with --dry-run it only says so", async () => {
  await using server = await startFakeServer({ runs: [[red]], changes: planned });
  const { out } = await invoke(["cancel", RUN, "--now", "--dry-run"], { server: server.url });
  expect(out).toContain("nothing was changed");
  expect(server.calls[0]?.request).toMatchObject({ now: true, dryRun: true });
});

test("attempts: every one that there was, a clear takes none away", async () => {
  const at = (second: number) =>
    timestampFromMs(Date.parse("2026-10-07T00:00:00Z") + second * 1_000);
  const failure = { class: "code", message: "exit code 3" };
  const load = { t: "load", i: 3 };
  await using server = await startFakeServer({
    runs: [[red]],
    history: [
      { type: "run_created", time: at(0), data: { admitted: true } },
      { type: "task_assigned", time: at(1), data: { ...load, a: 1 } },
      { type: "attempt_failed", time: at(4), data: { ...load, a: 1, s: 2, failure } },
      { type: "tasks_cleared", time: at(5), data: { list: [load], by: "user:ana", reason: "" } },
      { type: "task_assigned", time: at(6), data: { ...load, a: 2 } },
      { type: "task_started", time: at(7), data: { ...load, a: 2, s: 1, startedMs: 7_000 } },
      { type: "task_marked", time: at(9), data: { ...load, state: "skipped", reason: "by hand" } },
    ],
  });
  const { out } = await invoke(["attempts", RUN, "load", "--json"], { server: server.url });
  expect(JSON.parse(out)).toEqual({
    run_id: RUN,
    attempts: [
      {
        task: "load[3]",
        attempt: 1,
        state: "failed",
        assigned_time: "2026-10-07T00:00:01Z",
        ended_time: "2026-10-07T00:00:04Z",
        why: "code: exit code 3",
      },
      {
        task: "load[3]",
        attempt: 2,
        state: "skipped",
        assigned_time: "2026-10-07T00:00:06Z",
        started_time: "1970-01-01T00:00:07Z",
        ended_time: "2026-10-07T00:00:09Z",
        why: "by hand",
      },
    ],
  });
  const unknown = await invoke(["attempts", RUN, "lod"], { server: server.url });
  expect(unknown).toMatchObject({ code: 4 });
  expect(unknown.err).toContain('has no task "lod": there are load');
});
