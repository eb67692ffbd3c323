// The whole service as its process: under its own bus user and database role, events in, one message out, readable
// by gRPC, gone on SIGTERM; what it missed while it was down is told when it is back.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { applyTopology, connectBus } from "@chasqui/bus";
import {
  compiledSourceEnv,
  createGrpcClient,
  implementation,
  RpcCode,
  RpcError,
  serveGrpc,
} from "@chasqui/chassis";
import {
  AlertOn,
  AlertService,
  ApprovalAskedSchema,
  ApprovalClosedSchema,
  ApprovalOutcome,
  ApprovalService,
  DagAutoPausedSchema,
  DagService,
  eventIdOf,
  FailureClass,
  renderAccounts,
  type Run,
  runIdOf,
  RunSchema,
  RunService,
  RunState,
  subjects,
  TaskFailedSchema,
  TaskState,
  usersOf,
} from "@chasqui/contracts";
import { expect, test } from "vitest";
import { connectAdmin, startSlack } from "@chasqui/sandbox";
import { temporaryFolder, TestNats, TestPostgres } from "../../../tests/support/index.ts";

const NAME = "alert-notifier";
const installation = { sources: [], runners: {} };
const DAG = "daily";

/** A state machine that knows one DAG, and the runs that a test says are settled. */
async function stateMachine(settled: readonly Run[]) {
  const no = () => Promise.reject(new RpcError(RpcCode.UNIMPLEMENTED, "not in this test"));
  const spec = {
    id: DAG,
    alerts: [{ on: [AlertOn.FAILED], slack: "#ops" }],
    tasks: [{ id: "mail", uses: "report.email" }],
  };
  return await serveGrpc({
    port: 0,
    services: [
      implementation(DagService, {
        applyDags: no,
        checkDags: no,
        listDags: no,
        setPaused: no,
        listDagVersions: no,
        retireDag: no,
        getDag: ({ dagId, version }) => ({ dag: { dagId, version, spec } }),
      }),
      implementation(ApprovalService, {
        listApprovals: ({ runId }) => ({
          approvals: [{ runId, task: "go", attempt: 1 }],
          total: 1,
        }),
        answerApproval: no,
      }),
      implementation(RunService, {
        startRun: no,
        getRun: no,
        listRuns: no,
        cancelRun: no,
        clearTasks: no,
        markTask: no,
        rerunRun: no,
        getRunHistory: no,
        claimAttempt: no,
        async *watchRun() {},
        listSettled: () => ({ runs: [...settled] }),
      }),
    ],
  });
}

async function setup(settled: readonly Run[] = []) {
  const stack = new AsyncDisposableStack();
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map(({ name }) => [name, `password of ${name}`]));
  const adminPassword = "password of admin";
  const accounts = renderAccounts({ account: "TEST", users, passwords, adminPassword });
  const nats = stack.use(await TestNats.start({ accounts }));
  const admin = { url: nats.url, user: "admin", password: adminPassword, installation } as const;
  await applyTopology(admin);
  const slack = stack.use(await startSlack({ port: 0 }));
  const machine = await stateMachine(settled);
  stack.defer(() => machine.stop(100));
  const store = stack.use(await TestPostgres.database());
  const url = new URL(store.url);
  {
    await using root = await connectAdmin(store.url);
    await root.run(`create role "${store.name}" login password 'secret of the role'`);
    await root.run(`create schema "${store.name}" authorization "${store.name}"`);
  }
  stack.defer(async () => {
    await using root = await connectAdmin(store.url);
    await root.run(`drop owned by "${store.name}"`);
    await root.run(`drop role "${store.name}"`);
  });
  url.username = store.name;
  url.password = "secret of the role";
  const folder = stack.use(await temporaryFolder("notifier"));
  const environmentFile = path.join(folder.path, "test.yaml");
  const connection = `{ type: slack, token: "env:TEST_TOKEN", api_url: "${slack.apiUrl}" }`;
  const actions = `{ type: webhook, scheme: slack, secret: "env:TEST_SIGNING" }`;
  const connections = `  slack: ${connection}\n  slack-actions: ${actions}\n`;
  await writeFile(environmentFile, `connections:\n${connections}`);
  const service = await startService({
    CHASQUI_ENVIRONMENT_FILE: environmentFile,
    CHASQUI_NATS_URL: nats.url,
    CHASQUI_NATS_USER: NAME,
    CHASQUI_NATS_PASSWORD: passwords[NAME] ?? "",
    CHASQUI_DATABASE_URL: url.href,
    CHASQUI_STATE_MACHINE: `127.0.0.1:${machine.port}`,
    CHASQUI_CONSOLE_URL: "http://console.example/",
    TEST_TOKEN: "xoxb-test",
  });
  stack.defer(async () => void (await service.end("SIGKILL")));
  const bus = await connectBus({ ...admin, service: "test" });
  stack.defer(() => bus.drain());
  return { slack, bus, service, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface RunningService {
  readonly grpc: string;
  /** Resolves when a line of the log holds the text, now or later. */
  says(text: string): Promise<void>;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Resolves once the process says that it is ready. */
async function startService(env: Record<string, string>): Promise<RunningService> {
  const child: ChildProcess & { stdout: NodeJS.ReadableStream } = spawn(
    process.execPath,
    ["src/main.ts"],
    {
      cwd: path.resolve(import.meta.dirname, ".."),
      env: {
        ...compiledSourceEnv(),
        PATH: process.env["PATH"] ?? "",
        CHASQUI_GRPC_PORT: "0",
        ...env,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exited = once(child, "exit").then(([code]) => (typeof code === "number" ? code : null));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  void exited.then(() => waiting.forEach((look) => look()));
  const says = async (text: string): Promise<void> => {
    while (!lines.some((line) => line.includes(text))) {
      if (child.exitCode !== null) throw new Error(`the process ended:\n${lines.join("\n")}`);
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  await says('"ready"');
  const port = /"port":(\d+)[^}]*gRPC/i.exec(lines.join("\n"))?.[1];
  return {
    grpc: `127.0.0.1:${port}`,
    says,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

const runId = runIdOf(DAG, "2026-11-22");
const failure = {
  class: FailureClass.UPSTREAM,
  message: "the mail server is away",
  logTail: ["10 of 12 due", "not sent: connect ECONNREFUSED"],
};

test("a failed task becomes one message, and an incident that people can list", async () => {
  await using t = await setup();
  const run = { runId, dagId: DAG, dagVersion: 1, version: 4, environment: "prod", key: "k" };
  const event = create(TaskFailedSchema, {
    run,
    failures: [{ taskId: "mail", mapIndex: -1, attempt: 4, attemptsMax: 4, failure }],
  });
  const data = toBinary(TaskFailedSchema, event);
  const subject = subjects.event("task-failed", DAG, runId);
  const traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  await t.bus.publishOne({ subject, data, id: eventIdOf(runId, 4, "task-failed"), traceparent });
  await t.service.says("shown in Slack");
  expect(t.slack.messages("#ops").map(({ text }) => text)).toEqual([
    "[prod] daily: mail failed (upstream: the mail server is away)",
  ]);
  const said = JSON.stringify(t.slack.messages("#ops")[0]?.blocks);
  for (const text of [
    `http://console.example/runs/${runId}`,
    "0123456789abcdef0123456789abcdef",
    "attempt 4 of 4",
    "ECONNREFUSED",
  ])
    expect(said).toContain(text);
  const alerts = createGrpcClient(AlertService, t.service.grpc);
  // Slack has it a moment before we have noted that it does.
  await expect
    .poll(() => alerts.listIncidents({ runId }))
    .toMatchObject({
      incidents: [{ runId, dagId: DAG, channel: "#ops", state: "open", delivery: "posted" }],
    });
  alerts.close();
  expect(await t.service.end("SIGTERM")).toBe(0);
});

test("a run that settled while nobody listened is told from the state machine's list", async () => {
  const run = create(RunSchema, {
    runId,
    dagId: DAG,
    dagVersion: 1,
    version: 9,
    state: RunState.FAILED,
    key: "k",
    reason: "task mail failed",
    settledTime: timestampFromMs(Date.now()),
    tasks: [{ taskId: "mail", mapIndex: -1, state: TaskState.FAILED, attempt: 4, failure }],
  });
  await using t = await setup([run]);
  await t.service.says("shown in Slack");
  expect(t.slack.messages().map(({ text }) => text)).toEqual([
    "[local] daily failed: mail (upstream: the mail server is away)",
  ]);
});

test("a DAG that paused itself is a message of its own, beside that of the run which failed", async () => {
  await using t = await setup();
  const run = { runId, dagId: DAG, dagVersion: 1, version: 4, environment: "prod", key: "k" };
  const failed = create(TaskFailedSchema, {
    run,
    failures: [{ taskId: "mail", mapIndex: -1, attempt: 4, attemptsMax: 4, failure }],
  });
  const paused = create(DagAutoPausedSchema, {
    dagId: DAG,
    dagVersion: 1,
    environment: "prod",
    reason: "its last run failed",
    runIds: [runId],
  });
  await t.bus.publish([
    {
      subject: subjects.event("task-failed", DAG, runId),
      data: toBinary(TaskFailedSchema, failed),
      id: eventIdOf(runId, 4, "task-failed"),
    },
    ...["1", "2"].map((copy) => ({
      subject: subjects.event("dag-auto-paused", DAG, runId),
      data: toBinary(DagAutoPausedSchema, paused),
      id: `${DAG}:${runId}:dag-auto-paused:${copy}`,
    })),
  ]);
  await expect
    .poll(() =>
      t.slack
        .messages("#ops")
        .map(({ text }) => text)
        .sort(),
    )
    .toEqual([
      "[prod] daily is paused: its last run failed",
      "[prod] daily: mail failed (upstream: the mail server is away)",
    ]);
});

test("a question is posted with buttons, and updated when it was answered", async () => {
  await using t = await setup();
  const run = { runId, dagId: DAG, dagVersion: 1, version: 4, environment: "prod", key: "k" };
  const question = { taskId: "go", mapIndex: -1, attempt: 1 };
  const ask = create(ApprovalAskedSchema, {
    run,
    questions: [{ ...question, message: "Publish?", approvers: ["ana"] }],
  });
  await t.bus.publishOne({
    subject: subjects.event("approval-asked", DAG, runId),
    data: toBinary(ApprovalAskedSchema, ask),
    id: eventIdOf(runId, 4, "approval-asked"),
  });
  const shown = () => JSON.stringify(t.slack.messages("#ops").map(({ blocks }) => blocks));
  await expect.poll(shown).toContain("chasqui_approve");
  const { APPROVED: outcome } = ApprovalOutcome;
  const close = create(ApprovalClosedSchema, {
    run: { ...run, version: 5 },
    questions: [{ ...question, outcome, by: "slack:U1", comment: "in Slack, as ana" }],
  });
  await t.bus.publishOne({
    subject: subjects.event("approval-closed", DAG, runId),
    data: toBinary(ApprovalClosedSchema, close),
    id: eventIdOf(runId, 5, "approval-closed"),
  });
  await expect.poll(shown).toContain("*approved* by slack:U1");
  expect(shown()).not.toContain("chasqui_approve");
  expect(t.slack.messages("#ops")).toHaveLength(1);
});
