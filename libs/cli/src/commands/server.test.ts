// Commands against a server: real HTTP and gRPC on loopback, its answers made up.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  DeliveryState,
  FailureClass,
  RunParentSchema,
  RunSchema,
  RunState,
  TaskState,
  TickOutcome,
} from "@chasqui/contracts";
import type { Run } from "@chasqui/contracts";
import { compileDag } from "@chasqui/dag";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const at = (second: number) => timestampFromMs(Date.parse("2026-10-07T00:00:00Z") + second * 1_000);

function runIn(state: RunState, taskState: TaskState): Run {
  const failed = taskState === TaskState.FAILED;
  return create(RunSchema, {
    runId: RUN,
    dagId: "hello",
    dagVersion: 2,
    state,
    key: "2026-10-06",
    startedTime: at(0),
    ...(state >= RunState.SUCCEEDED ? { settledTime: at(9) } : {}),
    traceId: "ab".repeat(16),
    reason: failed ? "task `work` failed" : "",
    tasks: [
      {
        taskId: "work",
        mapIndex: -1,
        state: taskState,
        attempt: 1,
        attemptsMax: 1,
        kind: "k8s.pod",
        startedTime: at(1),
        ...(taskState >= TaskState.SUCCEEDED ? { endedTime: at(4) } : {}),
        ...(failed
          ? {
              failure: {
                class: FailureClass.CODE,
                message: "exit code 3",
                evidence: { exit_code: 3 },
                logTail: ["reading", "\u001b[31mboom\u001b[0m"],
              },
            }
          : {}),
      },
    ],
  });
}
test("a run that a task of another run started says so", async () => {
  const parent = { runId: "run-p", dagId: "release", taskId: "prices", mapIndex: 2, attempt: 1 };
  const child = runIn(RunState.RUNNING, TaskState.RUNNING);
  child.parent = create(RunParentSchema, parent);
  await using server = await startFakeServer({ runs: [[child]] });
  const { out } = await invoke(["run", RUN], { server: server.url });
  expect(out).toContain("started by task prices[2] of release, run run-p");
  const json = await invoke(["run", RUN, "--json"], { server: server.url });
  expect(JSON.parse(json.out)).toMatchObject({
    parent: { run_id: "run-p", dag_id: "release", task: "prices[2]", attempt: 1 },
  });
});

const good = [
  runIn(RunState.RUNNING, TaskState.RUNNING),
  runIn(RunState.SUCCEEDED, TaskState.SUCCEEDED),
];
const red = [runIn(RunState.RUNNING, TaskState.RUNNING), runIn(RunState.FAILED, TaskState.FAILED)];

const HELLO = `id: hello
params: { type: object, properties: { day: { type: string }, n: { type: integer } } }
tasks: { work: { uses: noop } }
`;
function helloDag() {
  const compiled = compileDag({ file: "hello.yaml", text: HELLO });
  if (!compiled.ok) throw new Error("hello does not compile");
  const { spec, fingerprint } = compiled;
  return { dagId: "hello", version: 2, fingerprint, paused: false, spec };
}

test("nobody answers: exit 3 and what to do", async () => {
  const outcome = await invoke(["runs"], { server: "http://127.0.0.1:9" });
  expect(outcome).toMatchObject({ code: 3, out: "" });
  expect(outcome.err).toMatch(/no Chasqui server at http:\/\/127.0.0.1:9: .*\n.*npm start/);
  expect(await invoke(["runs"], { server: "ftp://x" })).toMatchObject({ code: 2 });
});

test("trigger --follow tells each change and exits by the outcome", async () => {
  await using server = await startFakeServer({ dags: [helloDag()], started: () => good });
  const asked = "trigger hello --follow --param day=7 --param n=7 --key k --of 2".split(" ");
  const { code, out } = await invoke(asked, { server: server.url });
  expect(code).toBe(0);
  expect(out).toMatch(/^hello 2026-10-06: run run-/);
  expect(out).toContain("work succeeded in 3.0 s");
  expect(out).toContain(`${server.url}/runs/${RUN}`);
  expect(server.calls).toMatchObject([
    {
      name: "startRun",
      principal: "user:ana",
      request: { dagId: "hello", key: "k", params: { day: "7", n: 7 }, version: 2 },
    },
  ]);
});

test("a red run: exit 1, with the evidence and the last log lines", async () => {
  await using server = await startFakeServer({ dags: [helloDag()], started: () => red });
  const { code, out } = await invoke(["trigger", "hello", "-f"], { server: server.url });
  expect(code).toBe(1);
  expect(out).toContain("work failed (code) on attempt 1: exit code 3");
  expect(out).toContain("exit_code: 3");
  expect(out).toContain("│ boom\n");
});

test("on a terminal the table is drawn in place", async () => {
  await using server = await startFakeServer({ dags: [helloDag()], started: () => good });
  const { out } = await invoke(["trigger", "hello", "-f"], { server: server.url, isTty: true });
  expect(out).toContain("hello 2026-10-06  ● running");
  expect(out).toMatch(/\u001b\[3A\r\u001b\[0Jhello 2026-10-06 {2}✓ succeeded in 9.0 s\n/);
});

test("a server that restarts is waited for", async () => {
  await using server = await startFakeServer({
    dags: [helloDag()],
    started: () => good,
    watchFailures: 1,
  });
  expect(await invoke(["trigger", "hello", "-f"], { server: server.url })).toMatchObject({
    code: 0,
  });
});

test("trigger --json --follow prints one JSON value", async () => {
  await using server = await startFakeServer({ dags: [helloDag()], started: () => red });
  const { code, out } = await invoke(["trigger", "hello", "-f", "--json"], { server: server.url });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    created: true,
    run: {
      run_id: RUN,
      state: "failed",
      tasks: [{ task_id: "work", failure: { class: "code", evidence: { exit_code: 3 } } }],
    },
  });
});

test("what is not there: exit 4 with the server's words", async () => {
  await using server = await startFakeServer();
  expect(await invoke(["trigger", "helo"], { server: server.url })).toMatchObject({
    code: 4,
    err: 'chasqui: no DAG is called "helo": there are hello\n',
  });
  expect(await invoke(["run", "nope"], { server: server.url })).toMatchObject({ code: 4 });
  expect(await invoke(["trigger", "hello", "--param", "x"], { server: server.url })).toMatchObject({
    code: 2,
  });
});

test("runs and run", async () => {
  await using server = await startFakeServer({ runs: [red] });
  const list = await invoke(["runs", "--dag", "hello", "--state", "failed"], {
    server: server.url,
  });
  expect(list.out.split("\n")[1]).toMatch(
    /^run-0123456789ab {2}hello {2}2026-10-06 {2}✗ failed {2}2026-10-0\d \d\d:\d\d:\d\d {2}9.0 s {2}task `work` failed$/,
  );
  expect(server.calls).toMatchObject([
    { request: { dagId: "hello", states: [RunState.FAILED], pageSize: 20 } },
  ]);
  const one = await invoke(["run", "run-01"], { server: server.url });
  expect(one).toMatchObject({
    code: 0,
    out: expect.stringContaining(`version 2, trace ${"ab".repeat(16)}`),
  });
  expect(one.out).toMatch(/work +✗ failed +1 of 1 +3.0 s +code: exit code 3/);
  expect(await invoke(["runs", "--state", "red"], { server: server.url })).toMatchObject({
    code: 2,
    err: expect.stringContaining("want one of queued, running"),
  });
});

test("logs: gaps are shown, repeats are not, a wrong task is named", async () => {
  const line = (counter: number) => ({ counter, atMs: 0, text: `line ${counter}` });
  await using server = await startFakeServer({
    runs: [red],
    logs: [
      { attempt: 1, lines: [line(1), line(2)] },
      { attempt: 1, lines: [line(2), line(5)] },
      { attempt: 2, lines: [line(1)], complete: true },
    ],
  });
  const { out, err } = await invoke(["logs", "hello", "work"], { server: server.url });
  expect(out).toBe("line 1\nline 2\nline 5\nline 1\n");
  expect(err).toBe("… 2 lines are missing …\n");
  expect(await invoke(["logs", "hello", "wrok"], { server: server.url })).toMatchObject({
    code: 4,
    err: expect.stringContaining("did you mean `work`?"),
  });
});

test("cancel asks with the reason; a settled run is left alone", async () => {
  await using server = await startFakeServer({
    runs: [[runIn(RunState.RUNNING, TaskState.RUNNING)]],
  });
  expect(
    await invoke(["cancel", "hello", "--reason", "wrong day"], { server: server.url }),
  ).toMatchObject({
    code: 0,
    out: `${RUN} is cancelling\n`,
  });
  expect(server.calls).toMatchObject([
    { principal: "user:ana", request: { runId: RUN, reason: "wrong day" } },
  ]);
  server.world.runs = [good];
  expect(await invoke(["cancel", "hello"], { server: server.url })).toMatchObject({ code: 1 });
});

test("trace: Jaeger's JSON as a tree", async () => {
  const span = (
    spanID: string,
    parent: string | undefined,
    operationName: string,
    startTime: number,
  ) => ({
    spanID,
    operationName,
    startTime,
    duration: 2_000,
    processID: "p1",
    references: parent === undefined ? [] : [{ refType: "CHILD_OF", spanID: parent }],
    tags: operationName === "send mail" ? [{ key: "error", value: true }] : [],
  });
  const answer = {
    data: [
      {
        processes: { p1: { serviceName: "state-machine" } },
        spans: [span("b", "a", "send mail", 5_000), span("a", undefined, "run hello", 1_000)],
      },
    ],
  };
  await using server = await startFakeServer({
    runs: [good],
    json: { [`/api/runs/${RUN}/trace`]: answer },
  });
  const { code, out } = await invoke(["trace", "hello"], { server: server.url });
  expect(code).toBe(0);
  expect(out).toMatch(
    /^run hello +state-machine +\+0 ms +2 ms\n└─ send mail +state-machine +\+4 ms +2 ms\n\n2 spans, 1 service, 6 ms, trace abab/,
  );
  expect(
    JSON.parse((await invoke(["trace", "hello", "--json"], { server: server.url })).out),
  ).toEqual(answer);
  server.world.json = {};
  expect(await invoke(["trace", "hello"], { server: server.url })).toMatchObject({ code: 4 });
});

test("mails: who got one, who did not and why", async () => {
  await using server = await startFakeServer({
    runs: [good],
    deliveries: [
      {
        report: "costs",
        period: "2026-10-06",
        recipientKey: "c1",
        address: "a@x.example",
        state: DeliveryState.SENT,
        time: at(1),
      },
      {
        report: "costs",
        period: "2026-10-06",
        recipientKey: "c2",
        state: DeliveryState.LEFT_OUT,
        reason: "no rows",
      },
    ],
  });
  const { out } = await invoke(["mails", "hello"], { server: server.url });
  expect(out).toMatch(/costs +2026-10-06 +c2 +left out +no rows\n/);
  expect(out).toMatch(/1 sent, 1 left out\n$/);
  expect(server.calls).toMatchObject([{ request: { runId: RUN } }]);
});

test("ticks, dags, pause", async () => {
  await using server = await startFakeServer({
    dags: [helloDag()],
    ticks: [{ dagId: "hello", dueTime: at(0), outcome: TickOutcome.MISSED, reason: "nothing ran" }],
  });
  expect((await invoke(["ticks", "hello"], { server: server.url })).out).toMatch(
    /missed +nothing ran\nno due time ahead\n$/,
  );
  expect((await invoke(["dags"], { server: server.url })).out).toMatch(/hello +2 +active/);
  expect(
    await invoke(["pause", "hello", "--reason", "flood"], { server: server.url }),
  ).toMatchObject({ code: 0 });
  expect(server.calls).toMatchObject([
    { name: "setPaused", request: { paused: true, reason: "flood" } },
  ]);
});

function dagFolder(text: string): string {
  const cwd = mkdtempSync(path.join(tmpdir(), "chasqui-apply-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(path.join(cwd, "hello.yaml"), text);
  return cwd;
}

test("apply prints the semantic diff and the version", async () => {
  await using server = await startFakeServer({ dags: [helloDag()] });
  const cwd = dagFolder(`${HELLO}timeout: 45m\n`);
  expect(
    await invoke(["apply", "hello.yaml", "--dry-run"], { server: server.url, cwd }),
  ).toMatchObject({
    code: 0,
    out: "hello  would change (1 line)\n  timeout 45m added\n",
  });
  expect(server.calls).toEqual([]);
  expect(
    await invoke(["apply", ".", "--note", "longer"], { server: server.url, cwd }),
  ).toMatchObject({
    code: 0,
    out: "hello  version 2 → 3\n  timeout 45m added\n",
  });
  expect(server.calls).toMatchObject([{ name: "applyDags", request: { note: "longer" } }]);
  const same = dagFolder(`# only a comment\n${HELLO}`);
  expect(await invoke(["apply", "hello.yaml"], { server: server.url, cwd: same })).toMatchObject({
    out: "hello  unchanged (version 2)\n",
  });
});

test("apply sends nothing when one file is wrong; kinds come from the server", async () => {
  await using server = await startFakeServer({
    json: {
      "/api/kinds": [
        { kind: "bench.noop", schema: { type: "object", properties: { n: { type: "integer" } } } },
      ],
    },
  });
  const cwd = dagFolder("id: hello\ntasks:\n  a: { uses: bench.noop, with: { n: x } }\n");
  const { code, err } = await invoke(["apply", "hello.yaml"], { server: server.url, cwd });
  expect(code).toBe(1);
  expect(err).toContain("hello.yaml:3:37: task `a`: with: n: `x` is text: want an integer");
  expect(server.calls).toEqual([]);
});

const PIN = {
  dagId: "hello",
  path: ["tasks", "a", "needs", "0"],
  message: "task `a`: wanted: no needs",
  policy: { policyId: "lonely", rule: "size(task.needs) == 0", place: "policies/x.yaml:3:9" },
};

test("what the server's policies find is shown at its place in the file; what they deny is not sent", async () => {
  await using server = await startFakeServer({ findings: [{ ...PIN, denied: true }] });
  const cwd = dagFolder(
    "id: hello\ntasks:\n  b: { uses: noop }\n  a: { uses: noop, needs: [b] }\n",
  );
  const denied = await invoke(["apply", "hello.yaml"], { server: server.url, cwd });
  expect(denied.code).toBe(1);
  expect(denied.err).toContain(
    "hello.yaml:4:28: task `a`: wanted: no needs (policy lonely, policies/x.yaml:3:9: size(task.needs) == 0)",
  );
  expect(server.calls).toEqual([]);
  server.world.findings = [{ ...PIN, denied: false }];
  const warned = await invoke(["apply", "hello.yaml"], { server: server.url, cwd });
  expect(warned).toMatchObject({
    code: 0,
    out: expect.stringContaining("hello  version 1"),
    err: expect.stringContaining("hello.yaml:4:28: warning: task `a`: wanted: no needs"),
  });
});

test("the environment is the server's, when nobody says another", async () => {
  await using server = await startFakeServer();
  const cwd = dagFolder("id: hello\ntasks: { a: { uses: noop } }\n");
  mkdirSync(path.join(cwd, "policies"));
  const rule = "{ id: x, about: a, severity: { prod: deny, default: off }, rule: 'false' }";
  writeFileSync(path.join(cwd, "policies/x.yaml"), `policies: [${rule}]\n`);
  expect(await invoke(["apply", "hello.yaml"], { server: server.url, cwd })).toMatchObject({
    code: 0,
  });
  server.world.environment = "prod";
  expect(await invoke(["apply", "hello.yaml"], { server: server.url, cwd })).toMatchObject({
    code: 1,
    err: expect.stringContaining("hello.yaml:1:1: DAG `hello`: wanted: a (policy x"),
  });
});
