// For the integration tests: a scheduler in this process, on a real nats-server (with the real users' permissions)
// and a real PostgreSQL, beside a state machine of a few lines.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { JsonObject } from "@bufbuild/protobuf";
import { connectBus } from "@chasqui/bus";
import type { Bus, OutMessage } from "@chasqui/bus";
import {
  createGrpcClient,
  createLogger,
  noTelemetry,
  PartStack,
  startHealth,
} from "@chasqui/chassis";
import type { Life, Part } from "@chasqui/chassis";
import {
  BackfillService,
  Catchup,
  DagSchema,
  ScheduleService,
  renderAccounts,
  usersOf,
  type Dag,
  type DagSpec,
} from "@chasqui/contracts";
import { compileDagObject, formatProblem } from "@chasqui/dag";
import type { TriggerForm } from "@chasqui/dag";
import { TestNats, TestPostgres, migrated } from "../../../tests/support/index.ts";
import { fakeStateMachine, type FakeStateMachine } from "./testing/state-machine.ts";
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
  readonly was?: readonly string[];
  /** It is retired since then. */
  readonly retiredMs?: number;
}

export function dagOf(init: DagInit): Dag {
  return create(DagSchema, {
    dagId: init.id,
    version: init.version ?? 1,
    paused: init.paused ?? false,
    ...(init.retiredMs === undefined
      ? {}
      : { retired: true, retiredTime: timestampFromMs(init.retiredMs) }),
    appliedTime: timestampFromMs(init.appliedMs ?? Date.now()),
    spec: {
      id: init.id,
      was: [...(init.was ?? [])],
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
    TestNats.start({ accounts, topology: { installation, adminPassword: "admin" } }),
    TestPostgres.database({ template: migrated("scheduler") }),
  ]);
  stack.use(nats);
  stack.use(database);
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
    waitsFor() {},
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
