// A server for tests of the CLI: real HTTP and real gRPC on loopback, with a handful of runs in memory.
import { create } from "@bufbuild/protobuf";
import type { JsonValue, MessageInitShape } from "@bufbuild/protobuf";
import { RpcCode, RpcError, implementation, serveGrpc } from "@chasqui/chassis";
import {
  BackfillAction,
  BackfillService,
  ConnectionService,
  ApprovalService,
  DagService,
  LogService,
  ReportService,
  RunSchema,
  RunService,
  RunState,
  RunStateSchema,
  ExplainService,
  ScheduleService,
} from "@chasqui/contracts";
import type {
  ApplyDagsRequest,
  ApprovalSchema,
  BackfillChangeSchema,
  BackfillDateSchema,
  BackfillSchema,
  CancelRunRequest,
  ConnectionSchema,
  ConnectionTestSchema,
  DagFindingSchema,
  DagSchema,
  DagVersionSchema,
  HistoryEntrySchema,
  DeliverySchema,
  LogBatchSchema,
  PlannedChangesSchema,
  Run,
  ScheduleStatusSchema,
  StartRunRequest,
  TickSchema,
  TriggerRecordSchema,
} from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeWorld {
  dags: MessageInitShape<typeof DagSchema>[];
  history: MessageInitShape<typeof HistoryEntrySchema>[];
  /** Of each DAG, newest first. */
  versions: Map<string, MessageInitShape<typeof DagVersionSchema>[]>;
  /** Which one it says it is. */
  environment: string;
  connections: MessageInitShape<typeof ConnectionSchema>[];
  /** What a test of each connection answers. */
  connectionTests: Record<string, MessageInitShape<typeof ConnectionTestSchema>[]>;
  /** What the server finds in any DAG. */
  findings: MessageInitShape<typeof DagFindingSchema>[];
  /** Each run as a list of its states over time; `watchRun` streams them, the others see the last. */
  runs: Run[][];
  deliveries: MessageInitShape<typeof DeliverySchema>[];
  approvals: MessageInitShape<typeof ApprovalSchema>[];
  schedules: MessageInitShape<typeof ScheduleStatusSchema>[];
  ticks: MessageInitShape<typeof TickSchema>[];
  triggers: MessageInitShape<typeof TriggerRecordSchema>[];
  /** One backfill over time; each look shows the next state, the last one stays. */
  backfills: MessageInitShape<typeof BackfillSchema>[];
  backfillDates: MessageInitShape<typeof BackfillDateSchema>[];
  backfillChanges: MessageInitShape<typeof BackfillChangeSchema>[];
  logs: MessageInitShape<typeof LogBatchSchema>[];
  /** Paths below the server's address. */
  json: Record<string, JsonValue>;
  /** What commands to runs would change. */
  changes: MessageInitShape<typeof PlannedChangesSchema>;
  /** What a started run becomes. */
  started: (request: StartRunRequest) => Run[];
  /** Fails the first so many watches in the middle. */
  watchFailures: number;
  /** One run that never ends, with logs that never end. */
  hangs: boolean;
}

export interface FakeServer extends AsyncDisposable {
  readonly url: string;
  readonly world: FakeWorld;
  /** What was asked for, with who asked. */
  readonly calls: { name: string; principal: string; request: unknown }[];
  /** Resolves when a call of this name has come. */
  asked(name: string): Promise<void>;
}

export async function startFakeServer(given: Partial<FakeWorld> = {}): Promise<FakeServer> {
  const world: FakeWorld = {
    dags: [],
    environment: "local",
    connections: [],
    connectionTests: {},
    findings: [],
    runs: [],
    deliveries: [],
    approvals: [],
    versions: new Map(),
    history: [],
    schedules: [],
    ticks: [],
    triggers: [],
    backfills: [],
    backfillDates: [],
    backfillChanges: [],
    logs: [],
    json: {},
    changes: {},
    started: () => [],
    watchFailures: 0,
    hangs: false,
    ...given,
  };
  const calls: FakeServer["calls"] = [];
  const waiting = new EventEmitter();
  const grpc = await serveGrpc({
    port: 0,
    host: "127.0.0.1",
    services: servicesOf(world, (name, principal, request) => {
      calls.push({ name, principal, request });
      waiting.emit(name);
    }),
  });
  const http = createServer((request, response) => {
    const path = request.url ?? "/";
    const answer =
      path === "/api/server"
        ? { grpc: `127.0.0.1:${grpc.port}`, environment: world.environment }
        : world.json[path];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { message: "not found" }));
  });
  http.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    world,
    calls,
    async asked(name) {
      if (!calls.some((call) => call.name === name)) await once(waiting, name);
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await grpc.stop(100);
    },
  };
}

type Note = (name: string, principal: string, request: unknown) => void;

const approvalsOf = (world: FakeWorld, note: Note) =>
  implementation(ApprovalService, {
    async listApprovals(request, { principal }) {
      note("listApprovals", principal, request);
      return { approvals: world.approvals, total: world.approvals.length };
    },
    async answerApproval(request, { principal }) {
      note("answerApproval", principal, request);
      const state = request.approve ? "succeeded" : "failed";
      return { state, changed: true, runId: request.runId, task: request.task || "publish" };
    },
  });

const explainsOf = (find: (runId: string) => Run) =>
  implementation(ExplainService, {
    async explainRun({ runId }) {
      const run = find(runId);
      const state = RunStateSchema.value[run.state]?.localName.toLowerCase() ?? "";
      const causes = [{ kind: "working", text: "work is at work" }];
      return { runId: run.runId, state, explanations: [{ task: "work", state, causes }] };
    },
  });

function backfillsOf(world: FakeWorld, note: Note) {
  const shift = () => {
    const [first] = world.backfills;
    if (world.backfills.length > 1) world.backfills.shift();
    return first === undefined ? {} : { backfill: first };
  };
  return implementation(BackfillService, {
    async createBackfill(request, { principal }) {
      note("createBackfill", principal, request);
      return { ...shift(), dates: request.dryRun ? world.backfillDates : [] };
    },
    listBackfills: async () => ({ backfills: world.backfills }),
    getBackfill: async () => ({
      ...shift(),
      dates: world.backfillDates,
      changes: world.backfillChanges,
    }),
    async controlBackfill(request, { principal }) {
      note("controlBackfill", principal, request);
      const isCancel = request.action === BackfillAction.CANCEL;
      return { ...shift(), dates: isCancel ? world.backfillDates : [] };
    },
  });
}

function servicesOf(world: FakeWorld, note: Note) {
  const find = (id: string): Run[] => {
    const found = world.runs.find((states) => {
      const run = states.at(-1);
      return run?.runId.startsWith(id) === true || run?.dagId === id;
    });
    if (found !== undefined) return found;
    if (world.hangs)
      return [create(RunSchema, { runId: "run-1", dagId: id, tasks: [{ taskId: "work" }] })];
    throw new RpcError(RpcCode.NOT_FOUND, `no run is called ${id}`);
  };
  const last = (id: string): Run => find(id).at(-1) ?? create(RunSchema);
  return [
    implementation(DagService, {
      async applyDags(request: ApplyDagsRequest, { principal }) {
        note("applyDags", principal, request);
        return {
          dags: request.dags.map((spec) => {
            const known = world.dags.findLast((dag) => dag.dagId === spec.id);
            const fingerprint = fingerprintOf(spec);
            const changed = known?.fingerprint !== fingerprint;
            const version = (known?.version ?? 0) + (changed ? 1 : 0);
            return { dagId: spec.id, version, fingerprint, changed };
          }),
          retiredDagIds: request.retireDagIds,
        };
      },
      checkDags: async () => ({ findings: world.findings }),
      listDags: async () => ({ dags: world.dags }),
      async getDag({ dagId, version }) {
        const ofVersion = world.dags.find(
          (known) => known.dagId === dagId && known.version === version,
        );
        const dag = ofVersion ?? world.dags.find((known) => known.dagId === dagId);
        if (dag === undefined)
          throw new RpcError(RpcCode.NOT_FOUND, `no DAG is called "${dagId}": there are hello`);
        return { dag };
      },
      async setPaused(request, { principal }) {
        note("setPaused", principal, request);
        return { dag: { dagId: request.dagId, paused: request.paused } };
      },
      listDagVersions: async ({ dagId }) => ({ versions: world.versions.get(dagId) ?? [] }),
      async retireDag(request, { principal }) {
        note("retireDag", principal, request);
        return { dag: { dagId: request.dagId, retired: true } };
      },
    }),
    implementation(RunService, {
      async startRun(request: StartRunRequest, { principal }) {
        note("startRun", principal, request);
        const states = world.started(request);
        world.runs.push(states);
        const [run] = states;
        return run === undefined ? { created: false } : { run, created: true };
      },
      getRun: async ({ runId }) => ({ run: last(runId) }),
      async listRuns(request, { principal }) {
        note("listRuns", principal, request);
        const runs = world.runs.map((states) => states.at(-1) ?? create(RunSchema));
        const { states } = request;
        return { runs: runs.filter(({ state }) => states.length === 0 || states.includes(state)) };
      },
      async cancelRun(request: CancelRunRequest, { principal }) {
        note("cancelRun", principal, request);
        return {
          run: { ...last(request.runId), state: RunState.CANCELLING },
          changes: world.changes,
        };
      },
      async clearTasks(request, { principal }) {
        note("clearTasks", principal, request);
        return { run: last(request.runId), changes: world.changes };
      },
      async markTask(request, { principal }) {
        note("markTask", principal, request);
        return { run: last(request.runId), changes: world.changes };
      },
      async rerunRun(request, { principal }) {
        note("rerunRun", principal, request);
        const run = last(request.runId);
        return { run: { ...run, key: `${run.key}~1`, rerunOf: run.runId } };
      },
      async *watchRun({ runId }) {
        for (const [index, run] of find(runId).entries()) {
          if (index === 1 && world.watchFailures > 0) {
            world.watchFailures -= 1;
            throw new RpcError(RpcCode.UNAVAILABLE, "the server restarts");
          }
          yield { run };
        }
      },
      getRunHistory: async () => ({ entries: world.history }),
      claimAttempt: async () => ({}),
      listSettled: async () => ({}),
    }),
    implementation(ConnectionService, {
      listConnections: async () => ({
        connections: world.connections,
        environment: world.environment,
      }),
      async testConnection(request, { principal }) {
        note("testConnection", principal, request);
        const tests = world.connectionTests[request.name];
        if (tests === undefined)
          throw new RpcError(RpcCode.NOT_FOUND, `no connection is called "${request.name}"`);
        return { tests };
      },
    }),
    implementation(ScheduleService, {
      listSchedules: async ({ dagId }) => ({
        schedules: world.schedules.filter((one) => dagId === "" || one.dagId === dagId),
      }),
      listTicks: async () => ({ ticks: world.ticks }),
      async listTriggers(request, { principal }) {
        note("listTriggers", principal, request);
        return { triggers: world.triggers };
      },
    }),
    explainsOf(last),
    approvalsOf(world, note),
    backfillsOf(world, note),
    implementation(ReportService, {
      async listDeliveries(request, { principal }) {
        note("listDeliveries", principal, request);
        return { deliveries: world.deliveries };
      },
    }),
    implementation(LogService, {
      async *tailLogs(request, { principal, signal }) {
        note("tailLogs", principal, request);
        for (const batch of world.logs) yield { batch };
        if (world.hangs) await once(signal, "abort");
      },
    }),
  ];
}
