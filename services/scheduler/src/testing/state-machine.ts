// For the integration tests: a state machine of a few lines that only knows DAGs and runs by their keys.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Bus } from "@chasqui/bus";
import { implementation, RpcCode, RpcError, serveGrpc } from "@chasqui/chassis";
import {
  AssetProducedSchema,
  CommandVerdictSchema,
  DagAppliedSchema,
  DagService,
  InboxMessageSchema,
  RunSchema,
  RunService,
  RunSettledSchema,
  RunState,
  runIdOf,
  subjects,
  type Dag,
  type Run,
  type StartRun,
} from "@chasqui/contracts";
import { readInbox } from "../../../../tests/support/index.ts";

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
  /** A StartRun waits for this before it is decided. */
  before: (start: StartRun) => Promise<void>;
  /** Every CancelRun that it heard. */
  readonly cancels: { readonly runId: string; readonly by: string; readonly reason: string }[];
  /** It hears them and does nothing. */
  holdsCancels: boolean;
  /** Stores the DAG and tells the world, as a commit does. */
  apply(dag: Dag): Promise<void>;
  /** A run of another DAG ends; heard by those that listen, unless only the list has it. */
  settle(run: SettledRun, told?: "told" | "untold"): Promise<void>;
  produce(asset: string, run: ProducingRun): Promise<void>;
  readonly address: string;
}

export async function fakeStateMachine(
  stack: AsyncDisposableStack,
  bus: Bus,
): Promise<FakeStateMachine> {
  const dags = new Map<string, Dag>();
  const runs = new Map<string, StartRun>();
  const taken: FakeStateMachine["taken"] = [];
  const settled: Run[] = [];
  const grpc = await serveGrpc({
    port: 0,
    services: [
      implementation(DagService, {
        listDags({ pageSize, pageToken }) {
          const after = [...dags.values()]
            .filter(({ dagId }) => dagId > pageToken)
            .toSorted((a, b) => (a.dagId < b.dagId ? -1 : 1));
          const page = pageSize === 0 ? after : after.slice(0, pageSize);
          const isLast = page.length === after.length;
          return { dags: page, nextPageToken: isLast ? "" : (page.at(-1)?.dagId ?? "") };
        },
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
        async cancelRun({ runId, reason }, { principal: by }) {
          const held = fake.holdsCancels;
          fake.cancels.push({ runId, by, reason });
          if (held) throw new RpcError(RpcCode.UNAVAILABLE, "it is going down");
          const start = runs.get(runId);
          if (start === undefined) throw new RpcError(RpcCode.NOT_FOUND, `no run ${runId}`);
          await fake.settle({ dagId: start.dagId, key: start.key, state: RunState.CANCELLED });
          return {};
        },
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
    before: () => Promise.resolve(),
    cancels: [],
    holdsCancels: false,
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
  stack.use(await readInbox(bus, ({ data, traceparent }) => decide(fake, bus, data, traceparent)));
  return fake;
}

/** Of the run that caused another. */
export const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function refOf({ dagId, key, logicalMs = Date.now(), timeMs = Date.now() }: SettledRun) {
  const times = { time: timestampFromMs(timeMs), logicalTime: timestampFromMs(logicalMs) };
  return { runId: runIdOf(dagId, key), dagId, key, version: 1, ...times };
}

async function decide(
  fake: FakeStateMachine,
  bus: Bus,
  data: Uint8Array,
  traceparent: string | undefined,
): Promise<void> {
  const { id, replyTo, body } = fromBinary(InboxMessageSchema, data);
  if (body.case !== "startRun") throw new Error(`the scheduler said ${body.case}: want startRun`);
  const start = body.value;
  const runId = runIdOf(start.dagId, start.key);
  await fake.before(start);
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
}

function unused(): never {
  throw new RpcError(RpcCode.UNIMPLEMENTED, "the scheduler never asks this");
}
