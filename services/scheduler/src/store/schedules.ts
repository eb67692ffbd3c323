// The rows of `schedule`: what this service knows about each DAG, shared by its replicas.
import type { Sql, TransactionSql } from "postgres";
import type { Earlier, KnownDag, TickPolicy } from "../core/learn.ts";
import type { TriggerRule } from "../core/rules.ts";
import type { Timing } from "../timing.ts";

export interface StoredDag extends KnownDag {
  /** The fence: a tick is recorded only by who knows the newest. */
  readonly revision: number;
}

const CONTINUOUS_MAX = 1_000;

interface ScheduleRow {
  dag_id: string;
  revision: string;
  version: number;
  applied_at: Date;
  paused: boolean;
  paused_at: Date | null;
  retired: boolean;
  was: string[];
  timezone: string;
  timing: Timing | null;
  policy: TickPolicy;
  dynamic_at: Date | null;
  rules: TriggerRule[];
  params: KnownDag["params"] | null;
  handled_at: Date;
}

/** A page of everything, by id. */
export async function loadSchedules(
  sql: Sql,
  { afterDagId = "", limit = 500 }: { readonly afterDagId?: string; readonly limit?: number } = {},
): Promise<StoredDag[]> {
  const rows = await sql<ScheduleRow[]>`
    select * from schedule where dag_id > ${afterDagId} order by dag_id limit ${limit}`;
  return rows.map(toStoredDag);
}

/** What was told about since a moment. Most of it is known already, so the rows themselves are not read. */
export async function toldSince(
  sql: Sql,
  sinceMs: number,
): Promise<{ readonly dagId: string; readonly revision: number; readonly handledMs: number }[]> {
  const rows = await sql<{ dag_id: string; revision: string; handled_at: Date }[]>`
    select dag_id, revision, handled_at from schedule where told_at >= ${new Date(sinceMs)}`;
  return rows.map((row) => ({
    dagId: row.dag_id,
    revision: Number(row.revision),
    handledMs: row.handled_at.getTime(),
  }));
}

export async function loadSchedulesOf(sql: Sql, dagIds: readonly string[]): Promise<StoredDag[]> {
  const rows = await sql<ScheduleRow[]>`
    select * from schedule where dag_id = any(${[...dagIds]}::text[])`;
  return rows.map(toStoredDag);
}

/** The schedules whose runs follow each other. */
export async function loadContinuous(sql: Sql): Promise<StoredDag[]> {
  const rows = await sql<ScheduleRow[]>`
    select * from schedule where timing -> 'continuous' = 'true' order by dag_id limit ${CONTINUOUS_MAX}`;
  return rows.map(toStoredDag);
}

/** The next due time that no cron gives. The row is locked by the same transaction. */
export async function moveDynamic(tx: TransactionSql, dagId: string, dueMs: number): Promise<void> {
  await tx`
    update schedule set dynamic_at = ${new Date(dueMs)}, revision = revision + 1 where dag_id = ${dagId}`;
}

/** Locks the row, so that what is decided from it still holds when it is written. */
export async function lockSchedule(
  tx: TransactionSql,
  dagId: string,
): Promise<{ dag: StoredDag; toldMs: number } | undefined> {
  const [row] = await tx<(ScheduleRow & { told_at: Date })[]>`
    select * from schedule where dag_id = ${dagId} for no key update`;
  return row && { dag: toStoredDag(row), toldMs: row.told_at.getTime() };
}

/** False when another replica inserted it first. */
export async function insertSchedule(
  tx: TransactionSql,
  dag: KnownDag,
  toldMs: number,
): Promise<boolean> {
  const inserted = await tx`
    insert into schedule ${tx({ dag_id: dag.dagId, revision: 1, ...columnsOf(tx, dag, toldMs) })}
    on conflict (dag_id) do nothing`;
  return inserted.count === 1;
}

/** Answers the new revision. The row is locked by the same transaction. */
export async function updateSchedule(
  tx: TransactionSql,
  dag: KnownDag,
  toldMs: number,
): Promise<number> {
  const [row] = await tx<{ revision: string }[]>`
    update schedule set ${tx(columnsOf(tx, dag, toldMs))}, revision = revision + 1
    where dag_id = ${dag.dagId} returning revision`;
  if (row === undefined) throw new Error(`schedule of DAG ${dag.dagId} vanished under its lock`);
  return Number(row.revision);
}

/** What the earlier names of a DAG, and theirs, left behind. */
export async function earlierOf(
  tx: TransactionSql,
  { was, appliedMs }: Pick<KnownDag, "was" | "appliedMs">,
): Promise<Earlier> {
  const [row] = await tx<{ ended_at: Date | null; newest_due_at: Date | null }[]>`
    with recursive name (dag_id) as (
      select unnest(${[...was]}::text[])
      union
      select unnest(s.was) from name join schedule s using (dag_id))
    select (select max(applied_at) from schedule join name using (dag_id) where retired) as ended_at,
      (select max(due_at) from tick join name using (dag_id)) as newest_due_at`;
  return {
    endedMs: row?.ended_at?.getTime() ?? appliedMs,
    newestDueMs: row?.newest_due_at?.getTime(),
  };
}

/** Forgets DAGs that are no longer listed, unless somebody asked for one since the list was asked for. */
export async function forgetSchedules(
  sql: Sql,
  listed: readonly string[],
  askedMs: number,
): Promise<string[]> {
  const rows = await sql<{ dag_id: string }[]>`
    delete from schedule where dag_id <> all(${[...listed]}::text[]) and told_at < ${new Date(askedMs)}
    returning dag_id`;
  return rows.map((row) => row.dag_id);
}

const dateOrNull = (ms: number | undefined): Date | null =>
  ms === undefined ? null : new Date(ms);

function columnsOf(tx: TransactionSql, dag: KnownDag, toldMs: number) {
  return {
    version: dag.version,
    applied_at: new Date(dag.appliedMs),
    paused: dag.paused,
    paused_at: dateOrNull(dag.pausedMs),
    retired: dag.retired,
    was: [...dag.was],
    timezone: dag.timezone,
    timing: dag.timing === undefined ? null : tx.json(JSON.parse(JSON.stringify(dag.timing))),
    policy: tx.json({ ...dag.policy }),
    dynamic_at: dateOrNull(dag.dynamicMs),
    rules: tx.json(JSON.parse(JSON.stringify(dag.rules))),
    params: dag.params === undefined ? null : tx.json({ ...dag.params }),
    handled_at: new Date(dag.handledMs),
    told_at: new Date(toldMs),
  };
}

function toStoredDag(row: ScheduleRow): StoredDag {
  return {
    dagId: row.dag_id,
    revision: Number(row.revision),
    version: row.version,
    appliedMs: row.applied_at.getTime(),
    paused: row.paused,
    pausedMs: row.paused_at?.getTime(),
    retired: row.retired,
    was: row.was,
    timezone: row.timezone,
    timing: row.timing ?? undefined,
    policy: row.policy,
    dynamicMs: row.dynamic_at?.getTime(),
    rules: row.rules,
    params: row.params ?? undefined,
    handledMs: row.handled_at.getTime(),
  };
}
