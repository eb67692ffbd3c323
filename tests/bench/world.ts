// What the bench runs on: a durable installation with a state machine, a scheduler and a runner, each a process of its
// own, tracing at its default; and a driver that says StartRun like the scheduler and hears run-settled like everybody.
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import { createGrpcClient } from "@chasqui/chassis";
import {
  DagService,
  DagSpecSchema,
  InboxMessageSchema,
  RunCauseKind,
  RunSettledSchema,
  runIdOf,
  subjects,
} from "@chasqui/contracts";
import { startWorld } from "@chasqui/sandbox";
import type { DagSpec } from "@chasqui/contracts";
import { bundleAll } from "../../scripts/bundle.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { cpuUsOf, rssMbOf } from "./cpu.ts";

export type Seen = readonly [runId: string, taskId: string, cameUs: number, doneUs: number];
const root = path.resolve(import.meta.dirname, "../..");

export async function openBench() {
  const stack = new AsyncDisposableStack();
  const { path: dataDir } = stack.use(await temporaryFolder("bench"));
  const bundles = new Map(
    (await bundleAll({ only: ["state-machine", "scheduler", "sandbox"] })).map((b) => [
      b.name,
      b.file,
    ]),
  );
  const environmentFile = path.join(root, "environments/local.yaml");
  const world = stack.use(
    await startWorld({
      root,
      dataDir,
      environmentFile,
      bundles,
      durable: true,
      services: ["state-machine", "scheduler"],
      // For profiles: CHASQUI_BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/profiles"
      env: { "*": { NODE_OPTIONS: process.env["CHASQUI_BENCH_NODE_OPTIONS"] ?? "" } },
    }),
  );
  const stateMachine = `127.0.0.1:${world.addresses.grpcPorts["state-machine"]}`;
  const runner = fork(path.join(import.meta.dirname, "runner.ts"), {
    env: {
      ...process.env,
      CHASQUI_NATS_URL: world.nats.url,
      CHASQUI_NATS_PASSWORD: world.credentials.of("bench-runner"),
      CHASQUI_ENVIRONMENT_FILE: environmentFile,
      CHASQUI_STATE_MACHINE: stateMachine,
    },
  });
  stack.defer(() => void runner.kill());
  await once(runner, "message");
  const bus = await connectBus({
    url: world.nats.url,
    user: "admin",
    password: world.credentials.of("admin"),
    service: "bench",
    installation: world.installation,
  });
  stack.defer(() => bus.drain());
  const dags = createGrpcClient(DagService, stateMachine);
  stack.defer(() => dags.close());

  async function seen(): Promise<Seen[]> {
    runner.send("seen");
    const [message] = (await once(runner, "message")) as [{ seen: Seen[] }];
    return message.seen;
  }
  const pids = {
    "nats-server": world.nats.pid,
    postgres: world.postgres.pid,
    "state-machine": world.service("state-machine").pid ?? 0,
    scheduler: world.service("scheduler").pid ?? 0,
    runner: runner.pid ?? 0,
  };
  return {
    bus,
    world,
    seen,
    settled: settledRuns(bus),
    async apply(id: string, tasks: Record<string, string[]>, maxActiveRuns: number) {
      await dags.applyDags({ dags: [specOf(id, tasks, { maxActiveRuns })] });
    },
    async applySpecs(specs: readonly DagSpec[]) {
      // A disk that stands still for seconds costs the answer, not the apply; said twice, it is said once.
      await dags.applyDags({ dags: [...specs] }).catch(() => dags.applyDags({ dags: [...specs] }));
    },
    /** Says StartRun for each key; answers the runs' ids. */
    async start(
      dagId: string,
      keys: readonly string[],
      params: JsonObject = {},
    ): Promise<string[]> {
      await bus.publish(keys.map((key) => startMessage(dagId, key, params)));
      return keys.map((key) => runIdOf(dagId, key));
    },
    cpuUs: () =>
      Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuUsOf(pid)])),
    rssMb: () =>
      Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, rssMbOf(pid)])),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
export type Bench = Awaited<ReturnType<typeof openBench>>;

/** Tasks by id, with what they need; all of them do nothing. */
export const specOf = (
  id: string,
  tasks: Record<string, string[]>,
  more: Partial<Pick<DagSpec, "maxActiveRuns" | "schedule" | "triggers">> = {},
): DagSpec =>
  create(DagSpecSchema, {
    id,
    ...more,
    tasks: Object.entries(tasks).map(([task, needs]) => ({ id: task, needs, uses: "bench.noop" })),
  });

function startMessage(dagId: string, key: string, params: JsonObject) {
  const id = `start:${dagId}:${key}`;
  const about = { dagId, key, logicalMs: Date.now(), paramsJson: JSON.stringify(params) };
  const value = { ...about, causeKind: RunCauseKind.MANUAL, by: "bench" };
  const message = create(InboxMessageSchema, { id, body: { case: "startRun", value } });
  const data = toBinary(InboxMessageSchema, message);
  return { subject: subjects.inbox("dag", dagId), data, id, bundle: "starts" }; // as the scheduler says them
}

/** Resolves a run's id with the time its end was heard. */
function settledRuns(bus: Bus) {
  const heard = new Map<string, number>();
  let wake = (): void => undefined;
  bus.subscribePlain("chasqui.event.run-settled.>", (data) => {
    const { run, state } = fromBinary(RunSettledSchema, data);
    if (state !== 4) throw new Error(`run ${run?.runId} ended in state ${state}`);
    heard.set(run?.runId ?? "", performance.now());
    wake();
  });
  return {
    count: (): number => heard.size,
    at: (runId: string): number | undefined => heard.get(runId),
    async all(runIds: readonly string[]): Promise<void> {
      while (runIds.some((runId) => !heard.has(runId)))
        await new Promise<void>((resolve) => (wake = resolve));
    },
    /** Resolves when so many runs in all have settled. */
    async reached(count: number): Promise<void> {
      while (heard.size < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
