// The world of one end-to-end file: a whole installation of its own in a temporary folder, every service a process
// with just its bus user and its role, the production clients against the stand-ins. It starts before the file's
// first test and is gone after its last.
//   const world = useWorld({ dags: ["hello.yaml"] });
// and in a test: const { runs } = world().clients;
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, inject } from "vitest";
import { bundleAll } from "../../../scripts/bundle.ts";
import { openClients, type Clients } from "./clients.ts";
import { seedCluster } from "../../../scripts/start/seed-cluster.ts";
import { RunState, type Run } from "../../../libs/contracts/src/index.ts";
import { compileDag, formatProblem } from "../../../libs/dag/src/index.ts";
import { startWorld, type ServiceName, type World } from "../../../libs/sandbox/src/index.ts";
import { temporaryFolder } from "../../support/index.ts";
import { busAdmin, type BusAdmin } from "./bus-admin.ts";
import { until } from "./until.ts";

export const root = path.resolve(import.meta.dirname, "../../..");

export interface WorldSetup {
  /** Files of dags/, applied at the start. */
  readonly dags?: readonly string[];
  /** Changes the text of a DAG file before it is applied. */
  readonly edit?: (text: string) => string;
  /** Changes the text of environments/local.yaml. */
  readonly environment?: (text: string) => string;
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services?: readonly ServiceName[];
  /** How long a message that a dead process held waits; production has 30 s. */
  readonly ackWaitMs?: number;
}

export interface RunningWorld extends AsyncDisposable {
  readonly world: World;
  readonly clients: Clients;
  readonly bus: BusAdmin;
  /** Services that ended though nobody asked them to. */
  readonly deaths: readonly string[];
  apply(file: string, text: string): Promise<void>;
  startRun(dagId: string, start: { key: string; logicalMs?: number }): Promise<Run>;
  /** The run once it has settled; asks again whoever is down meanwhile. */
  settled(runId: string): Promise<Run>;
}

/** Traces come at once; a sender that nobody heard is heard again soon. */
const QUICK = { OTEL_BSP_SCHEDULE_DELAY: "100ms" };

export function useWorld(setup: WorldSetup = {}): () => RunningWorld {
  let running: RunningWorld | undefined;
  beforeAll(async () => {
    running = await startRunning(setup);
  });
  afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
  });
  return () => {
    if (running === undefined) throw new Error("the world did not start");
    return running;
  };
}

async function startRunning(setup: WorldSetup): Promise<RunningWorld> {
  const bundles = new Map((await bundleAll()).map(({ name, file }) => [name, file]));
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await temporaryFolder("e2e"));
    const deaths: string[] = [];
    const { ackWaitMs, services } = setup;
    const world = await startWorld({
      root,
      dataDir: folder.path,
      environmentFile: await environmentFile(folder.path, setup.environment),
      bundles,
      durable: false,
      postgresCopyOf: inject("newCluster"),
      env: { ...setup.env, "*": { ...QUICK, ...setup.env?.["*"] } },
      ...(services === undefined ? {} : { services }),
      prepared: async ({ nats, credentials, installation }) => {
        if (ackWaitMs === undefined) return;
        const password = credentials.of("admin");
        await busAdmin({ url: nats.url, password, installation }).setAckWait(ackWaitMs);
      },
      onDeath: (name, how) => void deaths.push(`${name} (${how})`),
    });
    stack.use(world);
    await seedCluster(world);
    const clients = stack.use(openClients(world));
    const running = createRunning(world, clients, deaths, stack);
    for (const file of setup.dags ?? []) {
      const text = await readFile(path.join(root, "dags", file), "utf8");
      await running.apply(file, halfADayOff(setup.edit?.(text) ?? text));
    }
    return running;
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

/** The clock starts nothing while a file's tests run, at whatever hour that is: evenings in Bogota are half a day off. */
export function halfADayOff(text: string): string {
  const hour = (new Date().getUTCHours() + 24 - 5 + 12) % 24;
  return text.replace('cron: "0 19 * * *"', `cron: "0 ${hour} * * *"`);
}

export const LOCAL = path.join(root, "environments/local.yaml");

/** The environment of this world: ours, or a changed copy of it. */
async function environmentFile(folder: string, edit: WorldSetup["environment"]): Promise<string> {
  if (edit === undefined) return LOCAL;
  const file = path.join(folder, "environment.yaml");
  await writeFile(file, edit(await readFile(LOCAL, "utf8")));
  return file;
}

function createRunning(
  world: World,
  clients: Clients,
  deaths: readonly string[],
  stack: AsyncDisposableStack,
): RunningWorld {
  const { nats, credentials, installation } = world;
  return {
    world,
    clients,
    deaths,
    bus: busAdmin({ url: nats.url, password: credentials.of("admin"), installation }),
    async apply(file, text) {
      const compiled = compileDag({ file, text });
      if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
      await clients.dags.applyDags({ dags: [compiled.spec], note: "end-to-end test" });
    },
    async startRun(dagId, { key, logicalMs }) {
      const logicalTime =
        logicalMs === undefined ? {} : { logicalTime: timestampFromMs(logicalMs) };
      const { run } = await clients.runs.startRun({ dagId, key, ...logicalTime });
      if (run === undefined) throw new Error(`${dagId} ${key}: StartRun answered no run`);
      return run;
    },
    settled: (runId) =>
      until(`the end of run ${runId}`, async () => settledRun(clients, runId), { everyMs: 100 }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const SETTLED: ReadonlySet<RunState> = new Set([
  RunState.SUCCEEDED,
  RunState.FAILED,
  RunState.CANCELLED,
]);

async function settledRun(clients: Clients, runId: string): Promise<Run | undefined> {
  const { run } = await clients.runs.getRun({ runId }, { timeoutMs: 2_000 });
  return run !== undefined && SETTLED.has(run.state) ? run : undefined;
}
