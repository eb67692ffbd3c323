// Aggregates from their rows. The run's version is read before its tasks: if another replica commits in between, the
// version is the older one, the fence fails, and the run is read again.
import type { Sql } from "postgres";
import type { Json, Plan, VersionFacts } from "@chasqui/machine";
import { newDag, newPool, restore } from "@chasqui/machine";
import type { CachedDag, CachedPool, CachedRun, PreviousRun } from "../core/aggregates.ts";
import { FORMAT } from "../core/aggregates.ts";
import type { CauseKind } from "../core/inbound.ts";
import { poolOf } from "./encode-pool.ts";
import type { PoolRecord } from "./encode-pool.ts";
import type { RunRecord, TaskRecord } from "./encode.ts";
import { runRowOf, taskRowOf } from "./encode.ts";
import type { Versions } from "./versions.ts";

/** A row written by newer code: this replica leaves it alone, and the message waits for one that knows it. */
export class NewerFormatError extends Error {
  override readonly name = "NewerFormatError";
}

interface RunSelected extends RunRecord {
  readonly run_id: string;
  readonly dag_id: string;
  readonly dag_number: number;
  readonly fingerprint: string;
  readonly key: string;
  readonly version: number;
  readonly announced_version: number;
  readonly format: number;
  readonly cause_kind: CauseKind;
  readonly cause_by: string;
  readonly params: Json;
  readonly event: Json;
  readonly rerun_of: string | null;
  readonly traceparent: string | null;
  readonly trace_id: string;
  readonly traced: boolean;
  readonly logical_ms: number;
  readonly interval_start_ms: number;
  readonly interval_end_ms: number;
  readonly created_ms: number;
  readonly previous_run_id: string | null;
}

const ms = (sql: Sql, column: string) =>
  sql.unsafe(
    `round(extract(epoch from ${column}) * 1000)::float8 as ${column.replace(/_at$/, "_ms")}`,
  );

/** The runs that exist among the ids. Runs of a newer format are named in `newer`. */
export async function loadRuns(
  sql: Sql,
  versions: Versions,
  runIds: readonly string[],
): Promise<{ runs: CachedRun[]; newer: string[] }> {
  if (runIds.length === 0) return { runs: [], newer: [] };
  const ids = [...runIds];
  // One after the other: at once they would go over two connections, and tasks older than the version pass its fence.
  const runs = await sql<RunSelected[]>`
      select run_id, dag_id, dag_number, fingerprint, key, state, version, announced_version, format, reason,
        cause_kind, cause_by, params, event, rerun_of, traceparent, trace_id, traced, settled_by, parents, previous_run_id,
        ${ms(sql, "started_at")}, ${ms(sql, "settled_at")}, ${ms(sql, "last_at")}, ${ms(sql, "wake_at")},
        ${ms(sql, "logical_at")}, ${ms(sql, "created_at")}, ${ms(sql, "interval_start_at")}, ${ms(sql, "interval_end_at")}
      from state_machine.run where run_id = any(${ids}::text[])`;
  if (runs.length === 0) return { runs: [], newer: [] };
  const tasks = await sql<TaskRecord[]>`
      select run_id, task_id, map_index, more, state, attempt, sequence, free_repeats, cause, cancel_for, failure, reason, link,
        output, ${ms(sql, "assigned_at")}, ${ms(sql, "accepted_at")}, ${ms(sql, "started_at")},
        ${ms(sql, "ended_at")}, ${ms(sql, "due_at")}
      from state_machine.task where run_id = any(${ids}::text[])`;
  const tasksOf = Map.groupBy(tasks, (task) => task.run_id);
  const known = runs.filter((row) => row.format <= FORMAT);
  const plans = await Promise.all(known.map((row) => versions.plan(row.dag_id, row.fingerprint)));
  return {
    runs: known.map((row, i) => toRun(row, plans[i], tasksOf.get(row.run_id) ?? [])),
    newer: runs.filter((row) => row.format > FORMAT).map((row) => row.run_id),
  };
}

function toRun(row: RunSelected, plan: Plan | undefined, tasks: readonly TaskRecord[]): CachedRun {
  if (plan === undefined)
    throw new Error(
      `run ${row.run_id}: DAG ${row.dag_id} has no stored version ${row.fingerprint}`,
    );
  const interval = { startMs: row.interval_start_ms, endMs: row.interval_end_ms };
  const facts = {
    ...{ id: row.run_id, dagId: row.dag_id, key: row.key, logicalMs: row.logical_ms },
    ...{ interval, cause: row.cause_kind },
    ...(row.previous_run_id === null ? {} : { previousRunId: row.previous_run_id }),
  };
  const init = { plan, facts, params: row.params, event: row.event };
  const rows = tasks.map((task) => {
    const index = plan.indexOf.get(task.task_id);
    return taskRowOf(task, index !== undefined && plan.tasks[index]?.outputNamed === true);
  });
  return {
    state: restore(init, runRowOf(row), rows),
    version: row.version,
    announced: row.announced_version,
    fresh: true,
    meta: {
      runId: row.run_id,
      dagId: row.dag_id,
      dagNumber: row.dag_number,
      key: row.key,
      logicalMs: row.logical_ms,
      interval,
      createdMs: row.created_ms,
      causeKind: row.cause_kind,
      by: row.cause_by,
      params: row.params,
      event: row.event,
      rerunOf: row.rerun_of ?? undefined,
      traceparent: row.traceparent ?? undefined,
      traceId: row.trace_id,
      traced: row.traced,
    },
  };
}

interface DagSelected {
  readonly dag_id: string;
  readonly version: number;
  readonly format: number;
  readonly number: number;
  readonly fingerprint: string;
  readonly paused: boolean;
  readonly paused_by: string;
  readonly pause_reason: string;
  readonly retired: boolean;
  readonly has_waiting: boolean;
  readonly active: string[];
  readonly reopened: Readonly<Record<string, number>>;
  readonly failing: string[];
  /** Of its current version. */
  readonly spec: Buffer | null;
}

/** The DAGs that exist among the ids, with the plan of their current version: one round trip, however cold they are. */
export async function loadDags(
  sql: Sql,
  versions: Versions,
  dagIds: readonly string[],
): Promise<CachedDag[]> {
  if (dagIds.length === 0) return [];
  const rows = await sql<DagSelected[]>`
    select d.dag_id, version, format, number, d.fingerprint, paused, paused_by, pause_reason, retired, has_waiting,
      active, reopened, failing, s.spec
    from state_machine.dag d left join state_machine.dag_spec s using (dag_id, fingerprint)
    where d.dag_id = any(${[...dagIds]}::text[])`;
  return Promise.all(
    rows.map(async (row): Promise<CachedDag> => {
      if (row.format > FORMAT)
        throw new NewerFormatError(`DAG ${row.dag_id}: format ${row.format} is newer`);
      const { number, fingerprint, spec } = row;
      const stored =
        number === 0 ? undefined : await versions.get(row.dag_id, fingerprint, spec ?? undefined);
      const state = Object.assign(newDag(row.dag_id), {
        number,
        fingerprint,
        paused: row.paused,
        pausedBy: row.paused_by,
        pauseReason: row.pause_reason,
        retired: row.retired,
        hasWaiting: row.has_waiting,
        active: row.active,
        reopened: new Map(Object.entries(row.reopened)),
        failing: row.failing,
        ...(stored === undefined ? {} : rulesOf(stored.facts)),
      });
      return { state, version: row.version, fresh: true, plan: stored?.plan, waiting: [] };
    }),
  );
}

const rulesOf = ({ maxActiveRuns, overlap, autoPauseAfter }: VersionFacts) => ({
  maxActiveRuns,
  overlap,
  autoPauseAfter,
});

/** Queued runs of a DAG that hold no slot, oldest first. */
export async function loadWaiting(sql: Sql, dag: CachedDag, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from state_machine.run
    where dag_id = ${dag.state.dagId} and state = 'queued' and cause_kind <> 'backfill' and run_id <> all(${dag.state.active}::text[])
    order by created_at, run_id limit ${limit}`;
  return rows.map((row) => row.run_id);
}

/** The pools with their claims, in one statement, so that both are of one moment; version 0 where there is no row. */
export async function loadPools(sql: Sql, pools: readonly string[]): Promise<CachedPool[]> {
  if (pools.length === 0) return [];
  const rows = await sql<PoolRecord[]>`
    select p.pool, p.version::float8 as version, p.format, p.size, p.declared,
      p.asked::float8 as asked, p.served::float8 as served, p.turns,
      (select json_agg(json_build_object(
          'attempt_id', c.attempt_id, 'run_id', c.run_id, 'dag_id', c.dag_id, 'task_id', c.task_id,
          'map_index', c.map_index, 'attempt', c.attempt, 'slots', c.slots, 'taken', c.taken,
          'priority', c.priority, 'place', c.place,
          'asked_ms', round(extract(epoch from c.asked_at) * 1000)::float8,
          'granted_ms', round(extract(epoch from c.granted_at) * 1000)::float8))
        from state_machine.pool_claim c where c.pool = p.pool) as claims
    from state_machine.pool p where p.pool = any(${[...pools]}::text[])`;
  const byName = new Map(rows.map((row) => [row.pool, row]));
  return pools.map((pool): CachedPool => {
    const row = byName.get(pool);
    if (row === undefined) return { state: newPool(pool), version: 0, fresh: true };
    if (row.format > FORMAT)
      throw new NewerFormatError(`pool ${pool}: format ${row.format} is newer`);
    return { state: poolOf(row), version: row.version, fresh: true };
  });
}

/** The run of a DAG, under whatever name it had, that comes before a logical time. */
export async function loadPrevious(
  sql: Sql,
  dagIds: readonly string[],
  logicalMs: number,
): Promise<PreviousRun | undefined> {
  const [row] = await sql<{ run_id: string; logical_ms: number }[]>`
    select run_id, ${ms(sql, "logical_at")} from state_machine.run
    where dag_id = any(${[...dagIds]}::text[]) and logical_at < to_timestamp(${logicalMs}::float8 / 1000)
    order by logical_at desc, created_at desc limit 1`;
  return row === undefined ? undefined : { runId: row.run_id, logicalMs: row.logical_ms };
}

/** Did a message move the run before? */
export async function isInHistory(sql: Sql, runId: string, messageId: string): Promise<boolean> {
  const recorded = `"cause":${JSON.stringify(messageId)}`;
  const rows = await sql`
    select from state_machine.run_event
    where run_id = ${runId} and position(${recorded} in events) > 0 limit 1`;
  return rows.length > 0;
}

/** Did a message change one of these DAGs or pools before? */
export async function isAudited(
  sql: Sql,
  resources: readonly string[],
  messageId: string,
): Promise<boolean> {
  const rows = await sql`
    select from state_machine.audit
    where resource = any(${[...resources]}::text[]) and cause = ${messageId} limit 1`;
  return rows.length > 0;
}

/** Versions of the rows now: what was decided from a cache is believed only if it is current. */
export async function currentVersions(
  sql: Sql,
  ids: { runs: readonly string[]; dags: readonly string[]; pools: readonly string[] },
): Promise<Record<"runs" | "dags" | "pools", Map<string, number>>> {
  const rows = await sql<{ kind: string; id: string; version: number }[]>`
    select 'run' as kind, run_id as id, version from state_machine.run where run_id = any(${[...ids.runs]}::text[])
    union all
    select 'dag', dag_id, version from state_machine.dag where dag_id = any(${[...ids.dags]}::text[])
    union all
    select 'pool', pool, version::float8 from state_machine.pool where pool = any(${[...ids.pools]}::text[])`;
  const pick = (kind: string) =>
    new Map(rows.filter((row) => row.kind === kind).map((row) => [row.id, row.version]));
  return { runs: pick("run"), dags: pick("dag"), pools: pick("pool") };
}
