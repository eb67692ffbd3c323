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

export interface NewTick extends TickKey {
  readonly revision: number;
  readonly outcome: "firing" | "skipped" | "missed" | "suppressed";
  readonly reason: string;
}

export interface RecordedTicks {
  /** Rows that are ours to say. */
  readonly firing: readonly TickKey[];
  /** DAGs whose schedule changed: nothing was recorded for them. */
  readonly stale: readonly string[];
}

export async function recordTicks(
  sql: Sql,
  ticks: readonly NewTick[],
  nowMs: number,
): Promise<RecordedTicks> {
  const now = new Date(nowMs);
  const rows = await sql<{ dag_id: string; due_at: Date | null }[]>`
    with due as (
      select * from unnest(
        ${ticks.map((tick) => tick.dagId)}::text[], ${ticks.map((tick) => tick.revision)}::bigint[],
        ${ticks.map((tick) => iso(tick.dueMs))}::timestamptz[],
        ${ticks.map((tick) => tick.outcome)}::text[], ${ticks.map((tick) => tick.reason)}::text[]
      ) as d (dag_id, revision, due_at, outcome, reason)
    ), known as (
      select s.dag_id
      from schedule s join (select distinct dag_id, revision from due) d using (dag_id, revision)
      order by s.dag_id for no key update of s
    ), recorded as (
      insert into tick (dag_id, due_at, outcome, reason, recorded_at, said_at, settled_at)
      select dag_id, due_at, outcome, reason, ${now},
        case when outcome = 'firing' then ${now}::timestamptz end,
        case when outcome <> 'firing' then ${now}::timestamptz end
      from due join known using (dag_id)
      on conflict do nothing
      returning dag_id, due_at, outcome
    ), moved as (
      update schedule s set handled_at = greatest(s.handled_at, d.newest)
      from (select dag_id, max(due_at) as newest from due join known using (dag_id) group by dag_id) d
      where s.dag_id = d.dag_id
    )
    select dag_id, due_at from recorded where outcome = 'firing'
    union all
    select distinct dag_id, null::timestamptz from due where dag_id not in (select dag_id from known)`;
  const firing: TickKey[] = [];
  const stale: string[] = [];
  for (const row of rows)
    if (row.due_at === null) stale.push(row.dag_id);
    else firing.push({ dagId: row.dag_id, dueMs: row.due_at.getTime() });
  return { firing, stale };
}

/** For a schedule that this transaction has locked. Answers which firing rows are new. */
export async function recordTicksOfLocked(
  tx: TransactionSql,
  dagId: string,
  ticks: readonly Omit<NewTick, "dagId" | "revision">[],
  nowMs: number,
): Promise<TickKey[]> {
  const now = new Date(nowMs);
  const rows = await tx<{ due_at: Date }[]>`
    with recorded as (
      insert into tick (dag_id, due_at, outcome, reason, recorded_at, said_at, settled_at)
      select ${dagId}, due_at, outcome, reason, ${now},
        case when outcome = 'firing' then ${now}::timestamptz end,
        case when outcome <> 'firing' then ${now}::timestamptz end
      from unnest(
        ${ticks.map((tick) => iso(tick.dueMs))}::timestamptz[],
        ${ticks.map((tick) => tick.outcome)}::text[], ${ticks.map((tick) => tick.reason)}::text[]
      ) as d (due_at, outcome, reason)
      on conflict do nothing
      returning due_at, outcome
    )
    select due_at from recorded where outcome = 'firing' order by due_at`;
  return rows.map((row) => ({ dagId, dueMs: row.due_at.getTime() }));
}

/** Due times that a pause suppressed, oldest first. */
export async function suppressedTicks(
  tx: TransactionSql,
  dagId: string,
  sinceMs: number,
): Promise<number[]> {
  const rows = await tx<{ due_at: Date }[]>`
    select due_at from tick
    where dag_id = ${dagId} and outcome = 'suppressed' and due_at >= ${new Date(sinceMs)}
    order by due_at`;
  return rows.map((row) => row.due_at.getTime());
}

/** Suppressed due times that run after all. */
export async function reviveTicks(
  tx: TransactionSql,
  dagId: string,
  dueMs: readonly number[],
  nowMs: number,
): Promise<TickKey[]> {
  const rows = await tx<{ due_at: Date }[]>`
    update tick set outcome = 'firing', reason = '', said_at = ${new Date(nowMs)}, settled_at = null
    where dag_id = ${dagId} and outcome = 'suppressed'
      and due_at = any(${dueMs.map(iso)}::timestamptz[])
    returning due_at`;
  return rows
    .map((row) => ({ dagId, dueMs: row.due_at.getTime() }))
    .toSorted((a, b) => a.dueMs - b.dueMs);
}

/** Takes rows whose StartRun was last said before a moment, to say it again. No two replicas take the same. */
export async function claimUnsaidTicks(
  sql: Sql,
  options: { readonly saidBeforeMs: number; readonly nowMs: number; readonly limit: number },
): Promise<TickKey[]> {
  const rows = await sql<{ dag_id: string; due_at: Date }[]>`
    update tick set said_at = ${new Date(options.nowMs)}
    where (dag_id, due_at) in (
      select dag_id, due_at from tick
      where outcome = 'firing' and said_at < ${new Date(options.saidBeforeMs)}
      order by said_at, due_at limit ${options.limit} for update skip locked)
    returning dag_id, due_at`;
  return rows.map((row) => ({ dagId: row.dag_id, dueMs: row.due_at.getTime() }));
}

export type SettledTick = TickKey &
  (
    | { readonly outcome: "fired"; readonly runId: string }
    | { readonly outcome: "skipped"; readonly reason: string }
  );

export async function settleTicks(
  sql: Sql,
  ticks: readonly SettledTick[],
  nowMs: number,
): Promise<void> {
  const runIds = ticks.map((tick) => (tick.outcome === "fired" ? tick.runId : null));
  const reasons = ticks.map((tick) => (tick.outcome === "fired" ? "" : tick.reason));
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
