// The tick ledger's statements.
// Invariants:
//   S1. A DAG's due time has at most one row; whoever inserts it is the only one to say its StartRun first.
//   S2. A row is recorded only by who knows the schedule's newest revision, and the schedule's `handled_at`
//       moves in the same statement.
//   S3. A row leaves `firing` once: for a run that exists, or for the reason why there is none.
import type { Sql, TransactionSql } from "postgres";

// postgres.js takes an array of dates for one date, and an array of texts for what the statement says.
const iso = (ms: number): string => new Date(ms).toISOString();

export interface TickKey {
  readonly dagId: string;
  readonly dueMs: number;
}

/** What the run of a tick is about and how it is called. Its interval ends when the tick is due. */
export interface TickStart {
  readonly logicalMs: number;
  readonly intervalStartMs: number;
  readonly runKey: string;
}

export type FiringTick = TickKey & TickStart;

/** A due time and its outcome. */
export type TickOutcome = { readonly dueMs: number } & (
  | { readonly outcome: "firing"; readonly start: TickStart }
  | { readonly outcome: "skipped" | "missed" | "suppressed"; readonly reason: string }
);

export type NewTick = TickOutcome & { readonly dagId: string; readonly revision: number };

export interface RecordedTicks {
  /** Rows that are ours to say. */
  readonly firing: readonly FiringTick[];
  /** DAGs whose schedule changed: nothing was recorded for them. */
  readonly stale: readonly string[];
}

interface TickKeyRow {
  readonly dag_id: string;
  readonly due_at: Date;
}

interface TickRow extends TickKeyRow {
  readonly logical_at: Date;
  readonly interval_start_at: Date;
  readonly run_key: string;
}

const firingOf = (row: TickRow): FiringTick => ({
  dagId: row.dag_id,
  dueMs: row.due_at.getTime(),
  logicalMs: row.logical_at.getTime(),
  intervalStartMs: row.interval_start_at.getTime(),
  runKey: row.run_key,
});

const columns = "dag_id, due_at, logical_at, interval_start_at, run_key";
const inserted = `${columns}, outcome, reason, recorded_at, said_at, settled_at`;

/** The arrays of `due`, a column each. */
function dueColumns(sql: Sql | TransactionSql, ticks: readonly TickOutcome[]) {
  const starts = ticks.map((tick) => (tick.outcome === "firing" ? tick.start : undefined));
  return sql`
    ${ticks.map((tick) => iso(tick.dueMs))}::timestamptz[],
    ${ticks.map((tick) => tick.outcome)}::text[],
    ${ticks.map((tick) => (tick.outcome === "firing" ? "" : tick.reason))}::text[],
    ${starts.map((start) => (start === undefined ? null : iso(start.logicalMs)))}::timestamptz[],
    ${starts.map((start) => (start === undefined ? null : iso(start.intervalStartMs)))}::timestamptz[],
    ${starts.map((start) => start?.runKey ?? null)}::text[]`;
}
const dueNames = "due_at, outcome, reason, logical_at, interval_start_at, run_key";

/** The values of `inserted`, from `due`. */
const insertedValues = (sql: Sql | TransactionSql, now: Date) => sql`
  ${sql.unsafe(columns)}, outcome, reason, ${now},
  case when outcome = 'firing' then ${now}::timestamptz end,
  case when outcome <> 'firing' then ${now}::timestamptz end`;

export async function recordTicks(
  sql: Sql,
  ticks: readonly NewTick[],
  nowMs: number,
): Promise<RecordedTicks> {
  const rows = await sql<(TickRow & { stale: boolean })[]>`
    with due as (
      select * from unnest(
        ${ticks.map((tick) => tick.dagId)}::text[], ${ticks.map((tick) => tick.revision)}::bigint[],
        ${dueColumns(sql, ticks)}
      ) as d (dag_id, revision, ${sql.unsafe(dueNames)})
    ), known as (
      select s.dag_id
      from schedule s join (select distinct dag_id, revision from due) d using (dag_id, revision)
      order by s.dag_id for no key update of s
    ), recorded as (
      insert into tick (${sql.unsafe(inserted)})
      select ${insertedValues(sql, new Date(nowMs))} from due join known using (dag_id)
      on conflict do nothing
      returning *
    ), moved as (
      update schedule s set handled_at = greatest(s.handled_at, d.newest)
      from (select dag_id, max(due_at) as newest from due join known using (dag_id) group by dag_id) d
      where s.dag_id = d.dag_id
    )
    select ${sql.unsafe(columns)}, false as stale from recorded where outcome = 'firing'
    union all
    select distinct dag_id, null::timestamptz, null::timestamptz, null::timestamptz, null::text, true
    from due where dag_id not in (select dag_id from known)`;
  return {
    firing: rows.filter((row) => !row.stale).map(firingOf),
    stale: rows.filter((row) => row.stale).map((row) => row.dag_id),
  };
}

/** For a schedule that this transaction has locked. Answers which firing rows are new. */
export async function recordTicksOfLocked(
  tx: TransactionSql,
  dagId: string,
  ticks: readonly TickOutcome[],
  nowMs: number,
): Promise<FiringTick[]> {
  const rows = await tx<TickRow[]>`
    with due as (
      select ${dagId} as dag_id, d.* from unnest(${dueColumns(tx, ticks)}) as d (${tx.unsafe(dueNames)})
    ), recorded as (
      insert into tick (${tx.unsafe(inserted)})
      select ${insertedValues(tx, new Date(nowMs))} from due
      on conflict do nothing
      returning *
    )
    select ${tx.unsafe(columns)} from recorded where outcome = 'firing' order by due_at`;
  return rows.map(firingOf);
}

export interface NewestTick extends TickKey {
  readonly outcome: "firing" | "fired" | "skipped" | "missed" | "suppressed";
  readonly runId: string | undefined;
  /** Of the run that was asked for. */
  readonly runKey: string | undefined;
}

/** Of a DAG's due times with a row the last. */
export async function newestTick(
  sql: Sql | TransactionSql,
  dagId: string,
): Promise<NewestTick | undefined> {
  const [row] = await sql<
    (TickKeyRow & {
      outcome: NewestTick["outcome"];
      run_id: string | null;
      run_key: string | null;
    })[]
  >`
    select dag_id, due_at, outcome, run_id, run_key from tick
    where dag_id = ${dagId} order by due_at desc limit 1`;
  if (row === undefined) return undefined;
  const { outcome, run_id, run_key } = row;
  const key = { dagId: row.dag_id, dueMs: row.due_at.getTime() };
  return { ...key, outcome, runId: run_id ?? undefined, runKey: run_key ?? undefined };
}

/** Due times that a pause suppressed, oldest first; those that met an earlier run had asked for one. */
export async function suppressedTicks(
  tx: TransactionSql,
  dagId: string,
  sinceMs: number,
): Promise<number[]> {
  const rows = await tx<{ due_at: Date }[]>`
    select due_at from tick
    where dag_id = ${dagId} and outcome = 'suppressed' and run_key is null
      and due_at >= ${new Date(sinceMs)}
    order by due_at`;
  return rows.map((row) => row.due_at.getTime());
}

/** Suppressed due times that run after all; those that start no run keep their row. */
export async function reviveTicks(
  tx: TransactionSql,
  dagId: string,
  ticks: readonly { readonly dueMs: number; readonly start: TickStart }[],
  nowMs: number,
): Promise<FiringTick[]> {
  const rows = await tx<TickRow[]>`
    update tick t set outcome = 'firing', reason = '', said_at = ${new Date(nowMs)}, settled_at = null,
      logical_at = r.logical_at, interval_start_at = r.interval_start_at, run_key = r.run_key
    from unnest(
      ${ticks.map((tick) => iso(tick.dueMs))}::timestamptz[],
      ${ticks.map((tick) => iso(tick.start.logicalMs))}::timestamptz[],
      ${ticks.map((tick) => iso(tick.start.intervalStartMs))}::timestamptz[],
      ${ticks.map((tick) => tick.start.runKey)}::text[]
    ) as r (due_at, logical_at, interval_start_at, run_key)
    where t.dag_id = ${dagId} and t.due_at = r.due_at and t.outcome = 'suppressed'
    returning t.*`;
  return rows.map(firingOf).toSorted((a, b) => a.dueMs - b.dueMs);
}

/** Takes rows whose StartRun was last said before a moment, to say it again. No two replicas take the same. */
export async function claimUnsaidTicks(
  sql: Sql,
  options: { readonly saidBeforeMs: number; readonly nowMs: number; readonly limit: number },
): Promise<FiringTick[]> {
  const rows = await sql<TickRow[]>`
    update tick set said_at = ${new Date(options.nowMs)}
    where (dag_id, due_at) in (
      select dag_id, due_at from tick
      where outcome = 'firing' and said_at < ${new Date(options.saidBeforeMs)}
      order by said_at, due_at limit ${options.limit} for update skip locked)
    returning *`;
  return rows.map(firingOf);
}

export type SettledTick = TickKey &
  /** The reason is empty, or says who had started the run before. */
  (
    | { readonly outcome: "fired"; readonly runId: string; readonly reason: string }
    | { readonly outcome: "skipped" | "suppressed"; readonly reason: string }
  );

export async function settleTicks(
  sql: Sql,
  ticks: readonly SettledTick[],
  nowMs: number,
): Promise<void> {
  const runIds = ticks.map((tick) => (tick.outcome === "fired" ? tick.runId : null));
  const reasons = ticks.map((tick) => tick.reason);
  await sql`
    update tick t set outcome = s.outcome, run_id = s.run_id, reason = s.reason,
      said_at = null, settled_at = ${new Date(nowMs)}
    from unnest(
      ${ticks.map((tick) => tick.dagId)}::text[],
      ${ticks.map((tick) => iso(tick.dueMs))}::timestamptz[],
      ${ticks.map((tick) => tick.outcome)}::text[], ${runIds}::text[], ${reasons}::text[]
    ) as s (dag_id, due_at, outcome, run_id, reason)
    where t.dag_id = s.dag_id and t.due_at = s.due_at and t.outcome = 'firing'`;
}
