// For the integration tests: a console in this process on a real broker with the console's own permissions, and
// owners of a few lines that answer what the test tells them.
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import {
  createLogger,
  implementation,
  noTelemetry,
  PartStack,
  RpcCode,
  RpcError,
  serveGrpc,
  startHealth,
} from "@chasqui/chassis";
import type { CallContext, Life, Part } from "@chasqui/chassis";
import {
  AlertService,
  ApprovalService,
  BackfillService,
  Catchup,
  DagSchema,
  DagService,
  DeliveryState,
  LogBatchSchema,
  Overlap,
  ReportService,
  RunCauseKind,
  RunSchema,
  RunService,
  RunState,
  ScheduleService,
  TaskState,
  TickOutcome,
  attemptIdOf,
  renderAccounts,
  subjects,
  usersOf,
  type Dag,
  type Run,
} from "@chasqui/contracts";
import { TestNats } from "../../../tests/support/index.ts";
import { startConsole } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";
import { explainOwner } from "./testing-explain.ts";

const installation = { sources: ["logistics"], webhooks: ["depot"], runners: {} };
const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "silent" } });

export const RUN = "run-0123456789abcdefghjkmnpqrs";
const ATTEMPT = attemptIdOf({ runId: RUN, taskId: "aggregate", mapIndex: -1, attempt: 1 });

export interface Owned {
  run: Run;
  dag: Dag;
  /** Who was told to do what: for the audit, and for the test. */
  readonly told: {
    readonly what: string;
    readonly by: string;
    readonly reason: string | undefined;
  }[];
  schedulerIsUp: boolean;
}

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly grpc: string;
  readonly owned: Owned;
  readonly admin: Bus;
  change(run: Partial<Omit<Run, "$typeName">>): void;
  publishLog(counters: readonly number[], complete?: boolean): Promise<void>;
  /** A plain event, as the state machine publishes them. */
  tell(): void;
}

export async function world(changes: Record<string, string> = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map(({ name }) => [name, `password-${name}`]));
  const accounts = renderAccounts({ account: "TEST", users, passwords, adminPassword: "admin" });
  const nats = stack.use(
    await TestNats.start({ accounts, topology: { installation, adminPassword: "admin" } }),
  );
  const admin = await connectBus({
    url: nats.url,
    user: "admin",
    password: "admin",
    service: "test",
    installation,
  });
  stack.defer(() => admin.drain());
  const owners = await startOwners(stack);
  const settings = readSettings({
    CHASQUI_NATS_URL: nats.url,
    CHASQUI_NATS_USER: "console",
    CHASQUI_NATS_PASSWORD: passwords["console"],
    CHASQUI_ENVIRONMENT_FILE: new URL("../../../environments/local.yaml", import.meta.url).pathname,
    CHASQUI_STATE_MACHINE: owners.address,
    CHASQUI_SCHEDULER: owners.address,
    CHASQUI_REPORT_MAILER: owners.address,
    CHASQUI_ALERT_NOTIFIER: owners.address,
    ...changes,
  });
  const ports = await startInProcess(settings, stack);
  return {
    url: `http://127.0.0.1:${ports.http}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    owned: owners.owned,
    admin,
    change: owners.change,
    async publishLog(counters, complete = false) {
      const lines = counters.map((counter) => ({ counter, atMs: 1_000, text: `line ${counter}` }));
      const batch = {
        attemptId: ATTEMPT,
        runId: RUN,
        taskId: "aggregate",
        attempt: 1,
        lines,
        complete,
      };
      await admin.publishOne({
        subject: subjects.log(RUN, "aggregate", ATTEMPT),
        data: toBinary(LogBatchSchema, create(LogBatchSchema, batch)),
      });
    },
    tell: () =>
      admin.publishPlain(subjects.event("run-progressed", "costs", RUN), new Uint8Array()),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startInProcess(
  settings: Settings,
  stack: AsyncDisposableStack,
): Promise<{ http: number; grpc: number }> {
  const parts = new PartStack();
  const ports = { http: 0, grpc: 0 };
  const health = await startHealth({ port: 0, status: () => ({}) });
  await parts.add(health);
  const life: Life<Settings> = {
    name: "console",
    settings,
    log,
    telemetry: noTelemetry,
    health,
    stopping: new AbortController().signal,
    async up<P extends Part>(starting: P | Promise<P>): Promise<P> {
      const part = await starting;
      if ("port" in part && typeof part.port === "number")
        ports[part.name === "http" ? "http" : "grpc"] = part.port;
      await parts.add(part);
      return part;
    },
    waitsFor() {},
    status() {},
    fail(error) {
      throw error;
    },
  };
  await startConsole(life);
  stack.defer(async () => void (await parts.stop(2_000)));
  return ports;
}

/** What every command to a run would change. */
const planned = {
  runState: RunState.QUEUED,
  tasks: [
    {
      taskId: "mail",
      mapIndex: -1,
      from: TaskState.FAILED,
      to: TaskState.WAITING,
      what: "is done again when its turn comes",
    },
  ],
};

const approvalsOf = (tell: (what: string, context: CallContext) => void) =>
  implementation(ApprovalService, {
    listApprovals: ({ dagId, runId }) => ({
      approvals: [openQuestion(dagId, runId)],
      total: 7,
    }),
    answerApproval: ({ runId, task, approve, comment, values, attempt }, context) => {
      tell(`answer ${task} ${attempt} ${approve} ${comment} ${JSON.stringify(values)}`, context);
      return { runId, task, state: "succeeded", changed: true };
    },
  });

const dagsOf = (owned: Owned, tell: (what: string, context: CallContext) => void) =>
  implementation(DagService, {
    listDags: () => ({ dags: [owned.dag] }),
    getDag({ dagId }) {
      if (dagId !== "costs") throw new RpcError(RpcCode.NOT_FOUND, `no DAG ${dagId}`);
      return { dag: owned.dag };
    },
    setPaused({ paused, reason, dryRun }, context) {
      if (dryRun)
        return {
          dag: owned.dag,
          changes: { changed: true, activeRuns: 1, waitingRuns: 2, startedRunIds: [RUN] },
        };
      tell(`${paused ? "pause" : "resume"}: ${reason}`, context);
      owned.dag = create(DagSchema, { ...owned.dag, paused });
      return { dag: owned.dag };
    },
    applyDags: unused,
    listDagVersions: unused,
    retireDag: unused,
    checkDags: unused,
  });

const ofCosts = { backfillId: "bf-1", dagId: "costs", state: "running", counts: { waiting: 1 } };
const backfillsOf = (tell: (what: string, context: CallContext) => void) =>
  implementation(BackfillService, {
    createBackfill: ({ dagId, from, to, dates, maxActive, dryRun, reprocess }, context) => {
      tell(`backfill ${dagId} ${from} ${to} ${dates} ${maxActive} ${dryRun} ${reprocess}`, context);
      return { backfill: ofCosts, dates: [{ state: "waiting", runKey: "k", reason: "no run" }] };
    },
    listBackfills: () => ({ backfills: [ofCosts] }),
    getBackfill: () => ({ backfill: ofCosts, dates: [{ state: "running", runId: RUN }] }),
    controlBackfill: ({ backfillId, action, reason, keepRuns, dryRun }, context) => {
      tell(`${backfillId} ${action} ${reason} ${keepRuns} ${dryRun}`, context);
      const dates = [{ state: "cancelled", runId: RUN }];
      return { backfill: { ...ofCosts, state: "paused" }, dates };
    },
  });

async function startOwners(stack: AsyncDisposableStack) {
  const owned: Owned = { run: firstRun(), dag: onlyDag(), told: [], schedulerIsUp: true };
  let changed = Promise.withResolvers<void>();
  const change = (next: Partial<Omit<Run, "$typeName">>): void => {
    owned.run = create(RunSchema, { ...owned.run, version: owned.run.version + 1, ...next });
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const tell = (what: string, { principal, reason }: CallContext): void =>
    void owned.told.push({ what, by: principal, reason });
  const known = (runId: string): Run => {
    if (runId === RUN || runId === "costs") return owned.run;
    throw new RpcError(RpcCode.NOT_FOUND, `no run ${runId}`);
  };
  const server = await serveGrpc({
    port: 0,
    services: [
      implementation(RunService, {
        getRun: ({ runId }) => ({ run: known(runId) }),
        listRuns: ({ dagId, states }) => ({
          runs: [owned.run].filter(
            (run) =>
              (dagId === "" || run.dagId === dagId) &&
              (states.length === 0 || states.includes(run.state)),
          ),
          nextPageToken: "next",
        }),
        startRun({ dagId, key, requestId, version }, context) {
          if (dagId !== "costs")
            throw new RpcError(RpcCode.NOT_FOUND, `no DAG ${dagId}; did you mean costs?`);
          tell(
            `start ${dagId} ${key} ${requestId === "" ? "without" : "with"} a request id${version === 0 ? "" : `, of version ${version}`}`,
            context,
          );
          return { run: owned.run, created: key !== owned.run.key };
        },
        cancelRun({ runId, reason, now }, context) {
          tell(`cancel ${runId}${now ? " now" : ""}: ${reason}`, context);
          return { run: known(runId) };
        },
        clearTasks({ runId, tasks, reason, dryRun, ...flags }, context) {
          const chosen = [
            flags.upstream && "up",
            flags.downstream && "down",
            flags.onlyFailed && "failed",
          ];
          if (!dryRun)
            tell(
              `clear ${runId} ${[...tasks, ...chosen.filter(Boolean)].join(" ")}: ${reason}`,
              context,
            );
          return { run: known(runId), changes: planned };
        },
        markTask({ runId, task, state, reason, dryRun }, context) {
          if (!dryRun) tell(`mark ${runId} ${task} state ${state}: ${reason}`, context);
          return { run: known(runId), changes: planned };
        },
        rerunRun({ runId, version, reason }, context) {
          tell(`rerun ${runId} version ${version}: ${reason}`, context);
          return { run: known(runId) };
        },
        async *watchRun({ runId }, { signal }) {
          let seen = -1;
          const left = new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => resolve()),
          );
          while (!signal.aborted) {
            const next = changed.promise;
            const run = known(runId);
            if (run.version !== seen) yield { run };
            seen = run.version;
            if (run.state === RunState.SUCCEEDED) return;
            await Promise.race([next, left]);
          }
        },
        getRunHistory: () => ({
          entries: [
            { version: 1, index: 0, type: "run_created", cause: "start:costs", data: { key: "k" } },
          ],
        }),
        claimAttempt: unused,
        listSettled: unused,
      }),
      dagsOf(owned, tell),
      implementation(ScheduleService, {
        listSchedules() {
          if (!owned.schedulerIsUp) throw new RpcError(RpcCode.UNAVAILABLE, "starting");
          return { schedules: [{ dagId: "costs", nextTime: timestampFromMs(86_400_000) }] };
        },
        listTicks: ({ dagId }) => ({
          ticks: [
            {
              dagId,
              dueTime: timestampFromMs(0),
              outcome: TickOutcome.MISSED,
              reason: "nobody was there",
            },
          ],
        }),
        listTriggers: ({ source, id }) => ({
          triggers: [{ source, id, subject: "logistics.x", outcome: "unbound", reason: "no DAG" }],
        }),
      }),
      implementation(ReportService, {
        listDeliveries: ({ runId }) => ({
          deliveries: [
            {
              runId,
              report: "costs",
              recipientKey: "C1",
              state: DeliveryState.LEFT_OUT,
              reason: "no routes",
            },
          ],
        }),
      }),
      approvalsOf(tell),
      explainOwner,
      backfillsOf(tell),
      implementation(AlertService, { listIncidents: () => ({ incidents: [] }) }),
    ],
  });
  stack.defer(() => server.stop(500));
  return { owned, change, address: `127.0.0.1:${server.port}` };
}

const openQuestion = (dagId: string, runId: string) => ({
  ...{ dagId, runId, task: "go", attempt: 2, message: "Publish?", approvers: ["ana"] },
  ...{ form: { properties: {} }, skipsOnReject: true, askedTime: timestampFromMs(1_000) },
});

const firstRun = (): Run =>
  create(RunSchema, {
    runId: RUN,
    dagId: "costs",
    dagVersion: 2,
    state: RunState.RUNNING,
    key: "2026-11-22",
    cause: { kind: RunCauseKind.TRIGGER, by: "logistics routes-7", event: { country: "CO" } },
    createdTime: timestampFromMs(1_000),
    traceId: "0af7651916cd43dd8448eb211c80319c",
    version: 5,
    tasks: [
      { taskId: "aggregate", mapIndex: -1, state: TaskState.RUNNING, attempt: 1, kind: "k8s.pod" },
      {
        taskId: "mail",
        mapIndex: -1,
        state: TaskState.WAITING,
        needs: ["aggregate"],
        outputJson: '{"a":1}',
      },
    ],
  });

const onlyDag = (): Dag =>
  create(DagSchema, {
    dagId: "costs",
    version: 2,
    spec: {
      id: "costs",
      owner: "logistics",
      schedule: { crons: ["0 19 * * *"], catchup: Catchup.ALL, overlap: Overlap.CANCEL_OTHER },
      tasks: [{ id: "aggregate", uses: "k8s.pod" }],
    },
  });

function unused(): never {
  throw new RpcError(RpcCode.UNIMPLEMENTED, "the console never asks this");
}
