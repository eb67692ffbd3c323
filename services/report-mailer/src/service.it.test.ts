// The whole service as its process: under its own bus user and database role, an assignment in, an outcome out,
// readable by gRPC, gone on SIGTERM.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { applyTopology, connectBus } from "@chasqui/bus";
import { compiledSourceEnv, createGrpcClient } from "@chasqui/chassis";
import {
  AssignmentSchema,
  AttemptState,
  attemptIdOf,
  DeliveryState,
  FailureClass,
  InboxMessageSchema,
  LogBatchSchema,
  renderAccounts,
  ReportService,
  runIdOf,
  subjects,
  usersOf,
} from "@chasqui/contracts";
import type { AttemptUpdate } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { connectAdmin, startSmtp } from "@chasqui/sandbox";
import {
  readInbox,
  temporaryFolder,
  TestNats,
  TestPostgres,
} from "../../../tests/support/index.ts";
import { aggregate, DAY, mainJob, ROOT } from "./testing/test-mailer.ts";

const NAME = "report-mailer";
const installation = { sources: [], runners: {} };

async function setup() {
  const stack = new AsyncDisposableStack();
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map(({ name }) => [name, `password of ${name}`]));
  const adminPassword = "password of admin";
  const accounts = renderAccounts({ account: "TEST", users, passwords, adminPassword });
  const nats = stack.use(await TestNats.start({ accounts }));
  const admin = { url: nats.url, user: "admin", password: adminPassword, installation } as const;
  await applyTopology(admin);
  const smtp = stack.use(await startSmtp({ port: 0, httpPort: 0 }));
  const warehouse = stack.use(await TestPostgres.database());
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
  const folder = stack.use(await temporaryFolder("mailer"));
  const environmentFile = path.join(folder.path, "test.yaml");
  await writeFile(
    environmentFile,
    `connections:
  warehouse: { type: postgres, url: "env:TEST_WAREHOUSE_URL" }
  mail: { type: smtp, host: 127.0.0.1, port: ${smtp.port}, from: "reports@chasqui.example", lookup_url: "${smtp.url}/api/mails" }
`,
  );
  const service = await startService({
    CHASQUI_ENVIRONMENT_FILE: environmentFile,
    CHASQUI_NATS_URL: nats.url,
    CHASQUI_NATS_USER: NAME,
    CHASQUI_NATS_PASSWORD: passwords[NAME] ?? "",
    CHASQUI_DATABASE_URL: url.href,
    CHASQUI_STATE_MACHINE: "127.0.0.1:1",
    TEST_WAREHOUSE_URL: warehouse.url,
  });
  stack.defer(async () => void (await service.end("SIGKILL")));
  const bus = await connectBus({ ...admin, service: "test" });
  stack.defer(() => bus.drain());
  return {
    smtp,
    bus,
    service,
    warehouseUrl: warehouse.url,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface RunningService {
  readonly grpc: string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Resolves once the process says that it is ready. */
async function startService(env: Record<string, string>): Promise<RunningService> {
  const child: ChildProcess & { stdout: NodeJS.ReadableStream } = spawn(
    process.execPath,
    ["src/main.ts"],
    {
      cwd: path.join(ROOT, "services/report-mailer"),
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
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line.includes('"ready"')) break;
  }
  if (child.exitCode !== null) throw new Error(said.join("\n"));
  child.stdout.resume();
  const port = /"message":"gRPC[^}]*|"port":(\d+)[^}]*gRPC/i.exec(said.join("\n"))?.[1];
  return {
    grpc: `127.0.0.1:${port}`,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

test("an assignment becomes ten mails, an output, log lines and a ledger", async () => {
  await using t = await setup();
  expect((await aggregate(t.warehouseUrl)).code).toBe(0);
  const { update, lines } = await assign(t.bus, mainJob);
  expect(update.state).toBe(AttemptState.SUCCEEDED);
  expect(JSON.parse(update.outputJson)).toMatchObject({ sent: 10, total: 12, unconfirmed: [] });
  expect(lines).toContain("el-condor pagos@elcondor.example sent");
  expect(t.smtp.mails()).toHaveLength(10);
  const reports = createGrpcClient(ReportService, t.service.grpc);
  const { deliveries } = await reports.listDeliveries({ report: mainJob.report, period: DAY });
  reports.close();
  expect(deliveries).toHaveLength(12);
  expect(deliveries.find(({ recipientKey }) => recipientKey === "guajira-sol")).toMatchObject({
    state: DeliveryState.LEFT_OUT,
    reason: `no routes in ${DAY}`,
    address: "",
  });
  const bad = await assign(t.bus, { ...mainJob, template: "nope", colour: "red" }, 2);
  expect(bad.update.failure).toMatchObject({
    class: FailureClass.CONFIG,
    message: expect.stringContaining("`colour`: no such field"),
  });
  expect(await t.service.end("SIGTERM")).toBe(0);
});

type Bus = Awaited<ReturnType<typeof connectBus>>;

/** Says what the state machine says, and reads what it reads: until the outcome. */
async function assign(
  bus: Bus,
  config: object,
  attempt = 1,
): Promise<{ update: AttemptUpdate; lines: string[] }> {
  const key = { runId: runIdOf("d", "k"), taskId: "mail", mapIndex: -1, attempt };
  const attemptId = attemptIdOf(key);
  const assignment = create(AssignmentSchema, {
    ...key,
    attemptId,
    dagId: "d",
    kind: "report.email",
    configJson: JSON.stringify(config),
    assignedMs: Date.now(),
    environment: "local",
    attemptsMax: 1,
  });
  const data = toBinary(AssignmentSchema, assignment);
  await bus.publishOne({ subject: subjects.task("report.email", attemptId), data, id: attemptId });
  const outcome = Promise.withResolvers<AttemptUpdate>();
  const reading = await readInbox(bus, ({ data }) => {
    const { body } = fromBinary(InboxMessageSchema, data);
    const isOurs = body.case === "update" && body.value.attemptId === attemptId;
    if (isOurs && body.value.endedMs > 0) outcome.resolve(body.value);
  });
  const update = await outcome.promise;
  await reading[Symbol.asyncDispose]();
  return { update, lines: await logOf(bus, key.runId, attemptId) };
}

async function logOf(bus: Bus, runId: string, attemptId: string): Promise<string[]> {
  const { signal } = new AbortController();
  const subject = subjects.log(runId, "mail", attemptId);
  const lines: string[] = [];
  for await (const delivery of bus.readStream("CHASQUI_LOGS", subject, { follow: false, signal }))
    lines.push(...fromBinary(LogBatchSchema, delivery.data).lines.map(({ text }) => text));
  return lines;
}
