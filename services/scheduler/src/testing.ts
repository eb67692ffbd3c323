// For the integration tests: a scheduler in this process, on a real nats-server (with the real users' permissions)
// and a real PostgreSQL, and a state machine of a few lines that only knows DAGs and runs by their keys.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { JsonObject } from "@bufbuild/protobuf";
import { applyTopology, connectBus } from "@chasqui/bus";
import type { Bus, OutMessage } from "@chasqui/bus";
import {
  createGrpcClient,
  createLogger,
  implementation,
  noTelemetry,
  PartStack,
  RpcCode,
  RpcError,
  serveGrpc,
  startHealth,
} from "@chasqui/chassis";
import type { Life, Part } from "@chasqui/chassis";
import {
  AssetProducedSchema,
  BackfillService,
  Catchup,
  CommandVerdictSchema,
  DagAppliedSchema,
  DagSchema,
  DagService,
  InboxMessageSchema,
  PARTITIONS,
  RunSchema,
  RunService,
  RunSettledSchema,
  RunState,
  ScheduleService,
  inboxDurable,
  renderAccounts,
  runIdOf,
  subjects,
  usersOf,
  type Dag,
  type DagSpec,
  type Run,
  type StartRun,
} from "@chasqui/contracts";
import { compileDagObject, formatProblem } from "@chasqui/dag";
import type { TriggerForm } from "@chasqui/dag";
import { TestNats, TestPostgres } from "../../../tests/support/index.ts";
import { startScheduler } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";

export const installation = { sources: ["logistics"], runners: {} };
const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "silent" } });

export interface DagInit {
  readonly id: string;
  readonly crons?: readonly string[];
  readonly continuous?: boolean;
  readonly catchup?: Catchup;
  readonly start?: string;
  /** Template of the key of scheduled runs. */
  readonly scheduleKey?: string;
  /** As an author writes them. */
  readonly triggers?: readonly TriggerForm[];
  readonly params?: JsonObject;
  readonly version?: number;
  readonly appliedMs?: number;
  readonly paused?: boolean;
}

export function dagOf(init: DagInit): Dag {
  return create(DagSchema, {
    dagId: init.id,
    version: init.version ?? 1,
    paused: init.paused ?? false,
    appliedTime: timestampFromMs(init.appliedMs ?? Date.now()),
    spec: {
      id: init.id,
      ...(init.crons === undefined && init.continuous === undefined
        ? {}
        : {
            schedule: {
              crons: [...(init.crons ?? [])],
              continuous: init.continuous ?? false,
              timezone: "UTC",
              catchup: init.catchup ?? Catchup.UNSPECIFIED,
              start: init.start ?? "",
              key: init.scheduleKey ?? "",
            },
          }),
      ...compiled(init),
    },
  });
}

/** The compiler's own triggers: what a test writes is what an author may write. */
function compiled({ id, triggers = [], params }: DagInit): Pick<DagSpec, "triggers" | "params"> {
  const form = { id, triggers, tasks: { a: { uses: "noop" } }, ...(params && { params }) };
  const result = compileDagObject(JSON.parse(JSON.stringify(form)), id);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
  return { triggers: result.spec.triggers, ...(params && { params }) };
}

export interface SettledRun {
  readonly dagId: string;
  readonly key: string;
  readonly state?: RunState;
  readonly logicalMs?: number;
  readonly timeMs?: number;
}

export interface ProducingRun {
  readonly dagId: string;
  readonly key: string;
  readonly extra?: JsonObject;
}

/** A state machine that takes StartRuns: one run per DAG and key, whoever asks first. */
export interface FakeStateMachine {
  readonly dags: Map<string, Dag>;
  readonly runs: Map<string, StartRun>;
  /** Every StartRun it took, in order; a second delivery of the same message is no second one. */
  readonly taken: {
    readonly id: string;
    readonly start: StartRun;
    readonly traceparent: string | undefined;
  }[];
  /** Answers why a StartRun is refused; undefined takes it. */
  refuse: (start: StartRun) => string | undefined;
  /** It refuses because an earlier run is at work. */
  overlaps: boolean;
  /** False: decides, and says nothing. */
  answers: boolean;
  /** Stores the DAG and tells the world, as a commit does. */
  apply(dag: Dag): Promise<void>;
  /** A run of another DAG ends; heard by those that listen, unless only the list has it. */
  settle(run: SettledRun, told?: "told" | "untold"): Promise<void>;
  produce(asset: string, run: ProducingRun): Promise<void>;
  readonly address: string;
}

export interface World extends AsyncDisposable {
  readonly admin: Bus;
  readonly natsUrl: string;
  readonly stateMachine: FakeStateMachine;
  readonly schedules: ReturnType<typeof createGrpcClient<typeof ScheduleService>>;
  readonly backfills: ReturnType<typeof createGrpcClient<typeof BackfillService>>;
  /** A client of another replica. */
  backfillsAt(port: number): ReturnType<typeof createGrpcClient<typeof BackfillService>>;
  /** One more replica. */
  start(changes?: Partial<Settings>): Promise<{ stop(): Promise<void>; port: number }>;
  stopFirst(): Promise<void>;
  publishTrigger(message: Omit<OutMessage, "data"> & { data: string | Uint8Array }): Promise<void>;
  sourceBus(): Promise<Bus>;
}

export async function world(options: { dags?: readonly Dag[] } = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map(({ name }) => [name, `password-${name}`]));
  const accounts = renderAccounts({ account: "TEST", users, passwords, adminPassword: "admin" });
  const [nats, database] = await Promise.all([
    TestNats.start({ accounts }),
    TestPostgres.database(),
  ]);
  stack.use(nats);
  stack.use(database);
  await applyTopology({ url: nats.url, user: "admin", password: "admin", installation });
  const connect = async (user: string): Promise<Bus> => {
    const password = user === "admin" ? "admin" : (passwords[user] ?? "");
    const bus = await connectBus({ url: nats.url, user, password, service: user, installation });
    stack.defer(() => bus.drain());
    return bus;
  };
  const admin = await connect("admin");
  const stateMachine = await fakeStateMachine(stack, await connect("state-machine"));
  for (const dag of options.dags ?? []) stateMachine.dags.set(dag.dagId, dag);
  const settings = readSettings({
    CHASQUI_ENVIRONMENT: "local",
    CHASQUI_NATS_URL: nats.url,
    CHASQUI_NATS_USER: "scheduler",
    CHASQUI_NATS_PASSWORD: passwords["scheduler"],
    CHASQUI_DATABASE_URL: database.url,
    CHASQUI_ENVIRONMENT_FILE: new URL("../../../environments/local.yaml", import.meta.url).pathname,
    CHASQUI_STATE_MACHINE: stateMachine.address,
    CHASQUI_START_RESAY_MS: "300",
  });
  const start = async (changes: Partial<Settings> = {}) => {
    const replica = await startReplica({ ...settings, ...changes });
    stack.defer(() => replica.stop());
    return replica;
  };
  const first = await start();
  const schedules = createGrpcClient(ScheduleService, `127.0.0.1:${first.port}`);
  stack.defer(() => schedules.close());
  const backfillsAt = (port: number) => {
    const client = createGrpcClient(BackfillService, `127.0.0.1:${port}`, {
      principal: "user:ana",
    });
    stack.defer(() => client.close());
    return client;
  };
  let source: Bus | undefined;
  return {
    admin,
    natsUrl: nats.url,
    stateMachine,
    schedules,
    backfills: backfillsAt(first.port),
    backfillsAt,
    start,
    stopFirst: () => first.stop(),
    sourceBus: async () => (source ??= await connect("source-logistics")),
    async publishTrigger({ data, ...message }) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      await (source ??= await connect("source-logistics")).publishOne({ ...message, data: bytes });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startReplica(settings: Settings): Promise<{ stop(): Promise<void>; port: number }> {
  const parts = new PartStack();
  const stopping = new AbortController();
  const health = await startHealth({ port: 0, status: () => ({}) });
  await parts.add(health);
  let port = 0;
  const life: Life<Settings> = {
    name: "scheduler",
    settings,
    log,
    telemetry: noTelemetry,
    health,
    stopping: stopping.signal,
    async up<P extends Part>(starting: P | Promise<P>): Promise<P> {
      const part = await starting;
      if ("port" in part && typeof part.port === "number") port = part.port;
      await parts.add(part);
      return part;
    },
    status() {},
    fail(error) {
      throw error;
    },
  };
  await startScheduler(life);
  return {
    port,
    async stop() {
      stopping.abort(new Error("the test is over"));
      const failures = await parts.stop(5_000);
      if (failures.length > 0) throw new Error(`parts failed to stop: ${JSON.stringify(failures)}`);
    },
  };
}

async function fakeStateMachine(stack: AsyncDisposableStack, bus: Bus): Promise<FakeStateMachine> {
  const dags = new Map<string, Dag>();
  const runs = new Map<string, StartRun>();
  const taken: FakeStateMachine["taken"] = [];
  const settled: Run[] = [];
  const grpc = await serveGrpc({
    port: 0,
    services: [
      implementation(DagService, {
        listDags: () => ({ dags: [...dags.values()] }),
        getDag({ dagId }) {
          const dag = dags.get(dagId);
          if (dag === undefined) throw new RpcError(RpcCode.NOT_FOUND, `no DAG ${dagId}`);
          return { dag };
        },
        applyDags: unused,
        checkDags: unused,
        setPaused: unused,
        listDagVersions: unused,
        retireDag: unused,
      }),
      implementation(RunService, {
        getRun({ runId }) {
          const run = runs.get(runId);
          if (run === undefined) throw new RpcError(RpcCode.NOT_FOUND, `no run ${runId}`);
          const { dagId, key, by } = run;
          const ended = settled.find((one) => one.runId === runId);
          const open = dags.get(dagId)?.paused === true ? RunState.QUEUED : RunState.RUNNING;
          const state = ended?.state ?? open;
          const logicalTime = timestampFromMs(run.logicalMs);
          const settledTime = ended?.settledTime;
          const times = { logicalTime, ...(settledTime && { settledTime }) };
          return { run: { runId, dagId, key, cause: { by }, state, ...times } };
        },
        startRun: unused,
        listRuns: unused,
        cancelRun: unused,
        clearTasks: unused,
        markTask: unused,
        rerunRun: unused,
        watchRun: unused,
        getRunHistory: unused,
        claimAttempt: unused,
        listSettled: ({ sinceTime }) => ({
          runs: settled.filter(
            (run) =>
              run.settledTime !== undefined &&
              timestampMs(run.settledTime) >=
                (sinceTime === undefined ? 0 : timestampMs(sinceTime)),
          ),
        }),
      }),
    ],
  });
  stack.defer(() => grpc.stop(1_000));
  const fake: FakeStateMachine = {
    dags,
    runs,
    taken,
    refuse: () => undefined,
    overlaps: false,
    answers: true,
    address: `127.0.0.1:${grpc.port}`,
    async apply(dag) {
      dags.set(dag.dagId, dag);
      const data = toBinary(DagAppliedSchema, create(DagAppliedSchema, { dag }));
      const subject = subjects.event("dag-applied", dag.dagId, String(dag.version));
      await bus.publishOne({ subject, data });
    },
    async settle(run, told = "told") {
      const ref = refOf(run);
      const state = run.state ?? RunState.SUCCEEDED;
      const { runId, dagId, key, logicalTime, time } = ref;
      settled.push(create(RunSchema, { runId, dagId, key, state, logicalTime, settledTime: time }));
      const subject = subjects.event("run-settled", dagId, runId);
      const data = toBinary(RunSettledSchema, create(RunSettledSchema, { run: ref, state }));
      if (told === "told") await bus.publishOne({ subject, data, traceparent: TRACEPARENT });
    },
    async produce(asset, run) {
      const ref = refOf(run);
      const extraJson = run.extra === undefined ? "" : JSON.stringify(run.extra);
      const assets = [{ asset, taskId: "load", mapIndex: -1, attempt: 1, extraJson }];
      const subject = subjects.event("asset-produced", ref.dagId, ref.runId);
      const event = create(AssetProducedSchema, { run: ref, assets });
      await bus.publishOne({ subject, data: toBinary(AssetProducedSchema, event) });
    },
  };
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const consuming = await bus.consume(inboxDurable(partition), {
      concurrency: 4,
      handle: ({ data, traceparent }) => decide(fake, bus, data, traceparent),
    });
    stack.defer(() => consuming.stop(1_000));
  }
  return fake;
}

/** Of the run that caused another. */
export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function refOf({ dagId, key, logicalMs = Date.now(), timeMs = Date.now() }: SettledRun) {
  const times = { time: timestampFromMs(timeMs), logicalTime: timestampFromMs(logicalMs) };
  return { runId: runIdOf(dagId, key), dagId, key, version: 1, ...times };
}

function decide(
  fake: FakeStateMachine,
  bus: Bus,
  data: Uint8Array,
  traceparent: string | undefined,
): Promise<void> {
  const { id, replyTo, body } = fromBinary(InboxMessageSchema, data);
  if (body.case !== "startRun") throw new Error(`the scheduler said ${body.case}: want startRun`);
  const start = body.value;
  const runId = runIdOf(start.dagId, start.key);
  const reason = fake.refuse(start);
  const changed = reason === undefined && !fake.runs.has(runId);
  if (changed) fake.runs.set(runId, start);
  if (!fake.taken.some((one) => one.id === id)) fake.taken.push({ id, start, traceparent });
  const paused = changed && fake.dags.get(start.dagId)?.paused === true;
  const verdict =
    reason === undefined
      ? { accepted: true, runId, changed, paused }
      : { accepted: false, reason, overlap: fake.overlaps };
  if (fake.answers)
    bus.publishPlain(
      replyTo,
      toBinary(CommandVerdictSchema, create(CommandVerdictSchema, verdict)),
    );
  return Promise.resolve();
}

function unused(): never {
  throw new RpcError(RpcCode.UNIMPLEMENTED, "the scheduler never asks this");
}
