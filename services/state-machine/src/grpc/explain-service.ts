// ExplainService: why a run or a task is not at work now. Reads what the pure function wants to know beside the run.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Bus } from "@chasqui/bus";
import type { ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation } from "@chasqui/chassis";
import type { ExplanationSchema } from "@chasqui/contracts";
import { ExplainService } from "@chasqui/contracts";
import { quote, suggest } from "@chasqui/dag/text";
import { explainRun, explainTask, waitsOf } from "@chasqui/machine";
import type { Child, Explanation, Heard, RunState, Surroundings, Wait } from "@chasqui/machine";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { durationsOf, runsTook, tookOfEach } from "../store/durations.ts";
import { queueOf, waitsFrom } from "../store/explain-reads.ts";
import { lineageOf } from "../store/lineage.ts";
import { loadDags, loadPools, loadRuns } from "../store/load.ts";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import { findRun } from "./find-run.ts";
import { recordedOf } from "./history.ts";

export interface ExplainServiceOptions {
  readonly db: PostgresJsDatabase;
  readonly sql: Sql;
  readonly bus: Pick<Bus, "listKinds">;
  readonly versions: Versions;
  readonly clock: () => number;
  /** When a runner of a kind was last heard. */
  readonly heard: (kind: string) => Heard;
}

/** Runs of other DAGs that one explanation looks at. */
const CHILDREN_MAX = 100;
const NO_DAG = { paused: false, maxActiveRuns: 0, active: [] };

export function explainService(options: ExplainServiceOptions): ServiceImplementation {
  const { db, sql, bus, versions, clock, heard } = options;

  async function surroundingsOf(state: RunState): Promise<Surroundings> {
    const names = state.tasks.flatMap(({ status, claims, granted }) =>
      status === "queued" ? (claims[granted]?.pool ?? []) : [],
    );
    const { dagId, previousRunId = "" } = state.facts;
    const wanted = state.tasks.flatMap(({ status, child }) =>
      child !== undefined && (status === "assigned" || status === "running") ? [child] : [],
    );
    const lineage = await lineageOf(sql, dagId);
    const wasOf = (taskId: string): readonly string[] =>
      state.plan.tasks[state.plan.indexOf.get(taskId) ?? -1]?.was ?? [];
    const [[dag], pools, announced, past, children, durations, took, waits] = await Promise.all([
      loadDags(sql, versions, [dagId]),
      loadPools(sql, [...new Set(names)]),
      bus.listKinds(),
      sql<{ task_id: string; state: string; started_at: Date | null }[]>`
        select task_id, state, started_at from state_machine.task
        where run_id = ${previousRunId} and map_index = -1`,
      childrenOf(wanted),
      durationsOf(sql, lineage, wasOf),
      runsTook(sql, lineage),
      waitsFrom(sql, wanted),
    ]);
    const before = new Map(past.map((row) => [row.task_id, row]));
    const { active = [] } = dag?.state ?? {};
    const claimants = pools.flatMap(({ state: { claims } }) => [...claims.values()]);
    const nameThen = (taskId: string): string =>
      [taskId, ...wasOf(taskId)].find((id) => before.has(id)) ?? taskId;
    return {
      nowMs: clock(),
      dag: dag?.state ?? NO_DAG,
      pools: new Map(
        pools.flatMap(({ state: pool, version }) => (version > 0 ? [[pool.pool, pool]] : [])),
      ),
      kinds: new Map(announced.map(({ kind }) => [kind, heard(kind)])),
      durations,
      runs: { took, ...(await queueOf(sql, state.facts, active)) },
      tookOf: await tookOfEach(
        sql,
        claimants.map((claim) => claim.dagId),
      ),
      waits,
      children,
      past: (taskId) => before.get(nameThen(taskId))?.state ?? "waiting", // tasks that never began have no row
      pastEnds: (taskId) => {
        const then = before.get(nameThen(taskId));
        const mostly = durations(taskId, false);
        if (then?.state !== "running" || then.started_at === null || mostly === undefined)
          return undefined;
        const atMs = Math.max(clock(), then.started_at.getTime() + mostly.medianMs);
        return { atMs, runs: mostly.runs };
      },
    };
  }

  async function childrenOf(wanted: readonly Child[]): Promise<Surroundings["children"]> {
    const ids = wanted.slice(0, CHILDREN_MAX).map(({ runId }) => runId);
    if (ids.length === 0) return new Map();
    const dagIds = [...new Set(wanted.map(({ dagId }) => dagId))].slice(0, CHILDREN_MAX);
    const [rows, dags] = await Promise.all([
      sql<{ run_id: string; dag_id: string; state: string }[]>`
        select run_id, dag_id, state from state_machine.run where run_id = any(${ids}::text[])`,
      loadDags(sql, versions, dagIds),
    ]);
    const byId = new Map(dags.map((dag) => [dag.state.dagId, dag.state]));
    return new Map(
      rows.map((row) => [row.run_id, { state: row.state, dag: byId.get(row.dag_id) ?? NO_DAG }]),
    );
  }

  return implementation(ExplainService, {
    async explainRun({ runId: name, task }, context) {
      authorize(context.principal, "read", `run/${name}`);
      const { runId } = await findRun(options, name);
      const { runs } = await loadRuns(sql, versions, [runId]);
      const state = runs[0]?.state;
      if (state === undefined)
        throw new RpcError(RpcCode.UNAVAILABLE, `run ${runId} was written by newer code`);
      const around = await surroundingsOf(state);
      const history = recordedOf(await reads.historyOf(db, runId));
      const view = (found: Explanation) => {
        const ref = found.task === undefined ? undefined : refNamed(found.task);
        return viewOf(found, ref === undefined ? [] : waitsOf(state.plan, history, ref));
      };
      if (task === "")
        return { runId, state: state.status, explanations: explainRun(state, around).map(view) };
      const ref = refNamed(task);
      const found = explainTask(state, ref, around);
      if (found === undefined)
        throw new RpcError(
          RpcCode.NOT_FOUND,
          `run ${runId} has no task ${quote(task)}: ${suggest(ref.taskId, [...state.plan.indexOf.keys()])}`,
        );
      return { runId, state: state.status, explanations: [view(found)] };
    },
  });
}

const timeOf = (ms: number | undefined) => (ms === undefined ? undefined : timestampFromMs(ms));

/** `load` is a task, `load[3]` an instance. */
function refNamed(label: string): { taskId: string; mapIndex: number } {
  const [, taskId = label, index] = /^([^[]+)\[(\d+)\]$/.exec(label) ?? [];
  return { taskId, mapIndex: index === undefined ? -1 : Number(index) };
}

function viewOf({ task = "", state, causes, expected }: Explanation, waits: readonly Wait[]) {
  const expectedTime = timeOf(expected?.atMs);
  const runs = expected?.by === "estimate" && expected.runs < Infinity ? expected.runs : 0;
  const init: MessageInitShape<typeof ExplanationSchema> = {
    ...{ task, state },
    causes: causes.map(({ untilMs, ...cause }) => {
      const untilTime = timeOf(untilMs);
      return { ...cause, ...(untilTime === undefined ? {} : { untilTime }) };
    }),
    ...(expectedTime === undefined ? {} : { expectedTime }),
    ...{ expectedBy: expected?.by ?? "", expectedRuns: runs },
    waits: waits.map(({ kind, text, fromMs, toMs }) => {
      const untilTime = timeOf(toMs);
      const fromTime = timestampFromMs(fromMs);
      return { kind, text, fromTime, ...(untilTime === undefined ? {} : { untilTime }) };
    }),
  };
  return init;
}
