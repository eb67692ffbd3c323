// Backfills and their dates: what changes them.
// Invariants:
//   D1. A date leaves `waiting` under the lock of its backfill's row: never more than max_active are starting or running.
//   D2. Each change of a date says from which state; so it ends once.
//   D3. A date is `starting`, with its run's key, before anybody says its StartRun.
import type { Sql, TransactionSql } from "postgres";
import { roomOf } from "../core/backfill.ts";
import type { BackfillDate, BackfillState, DateState, Reprocess, Turn } from "../core/backfill.ts";
import type { Json } from "../core/triggers.ts";

export interface NewBackfill {
  readonly backfillId: string;
  readonly dagId: string;
  readonly reprocess: Reprocess;
  readonly newestFirst: boolean;
  readonly maxActive: number;
  readonly params: { readonly [name: string]: Json };
  readonly pinned: { readonly number: number; readonly fingerprint: string } | undefined;
  readonly createdBy: string;
  readonly reason: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** False when it is there already. */
export async function insertBackfill(
  sql: Sql,
  backfill: NewBackfill,
  dates: readonly BackfillDate[],
  nowMs: number,
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const inserted = await tx`
      insert into backfill ${tx({
        backfill_id: backfill.backfillId,
        dag_id: backfill.dagId,
        state: "running",
        reprocess: backfill.reprocess,
        newest_first: backfill.newestFirst,
        max_active: backfill.maxActive,
        params: tx.json({ ...backfill.params }),
        pinned_number: backfill.pinned?.number ?? null,
        pinned_fingerprint: backfill.pinned?.fingerprint ?? null,
        created_by: backfill.createdBy,
        reason: backfill.reason,
        created_at: new Date(nowMs),
      })} on conflict (backfill_id) do nothing`;
    if (inserted.count === 0) return false;
    const ordered = backfill.newestFirst ? dates.toReversed() : dates;
    const skipped = ordered.map((date) => date.skipped ?? "");
    await tx`
      insert into backfill_date (backfill_id, due_at, position, logical_at, interval_start_at, run_key, state, reason,
        settled_at)
      select ${backfill.backfillId}, d.due_at, d.position, d.logical_at, d.interval_start_at, d.run_key,
        case when d.skipped = '' then 'waiting' else 'skipped' end, d.skipped,
        case when d.skipped <> '' then ${new Date(nowMs)}::timestamptz end
      from unnest(
        ${ordered.map(({ dueMs }) => iso(dueMs))}::timestamptz[],
        ${ordered.map((_, position) => position)}::int[],
        ${ordered.map(({ logicalMs }) => iso(logicalMs))}::timestamptz[],
        ${ordered.map(({ intervalStartMs }) => iso(intervalStartMs))}::timestamptz[],
        ${ordered.map(({ runKey }) => runKey)}::text[], ${skipped}::text[]
      ) as d (due_at, position, logical_at, interval_start_at, run_key, skipped)`;
    return true;
  });
}

export interface OpenBackfill {
  readonly backfillId: string;
  readonly dagId: string;
  readonly state: BackfillState;
  readonly reprocess: Reprocess;
  readonly maxActive: number;
  readonly active: number;
  readonly endsRuns: boolean;
}

const OPEN_MAX = 500;

/** Those with a date that has no outcome, oldest first. */
export async function openBackfills(sql: Sql): Promise<OpenBackfill[]> {
  const rows = await sql<OpenBackfill[]>`
    select b.backfill_id as "backfillId", b.dag_id as "dagId", b.state, b.reprocess, b.max_active as "maxActive",
      b.ends_runs as "endsRuns",
      (select count(*)::int from backfill_date d
        where d.backfill_id = b.backfill_id and d.state in ('starting', 'running')) as active
    from backfill b where b.finished_at is null order by b.created_at limit ${OPEN_MAX}`;
  return [...rows];
}

export interface WaitingDate {
  readonly dueMs: number;
  readonly runKey: string;
}

export async function waitingDates(
  sql: Sql,
  backfillId: string,
  limit: number,
): Promise<WaitingDate[]> {
  const rows = await sql<{ due_at: Date; run_key: string }[]>`
    select due_at, run_key from backfill_date
    where backfill_id = ${backfillId} and state = 'waiting' order by position limit ${limit}`;
  return rows.map((row) => ({ dueMs: row.due_at.getTime(), runKey: row.run_key }));
}

export interface DateKey {
  readonly backfillId: string;
  readonly dueMs: number;
}

/** False when it is not its turn any more: somebody else took it, it was paused, or there is no room. */
export async function takeTurn(
  sql: Sql,
  { backfillId, dueMs }: DateKey,
  { turn, runId, nowMs }: { readonly turn: Turn; readonly runId: string; readonly nowMs: number },
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const progress = await lockProgress(tx, backfillId);
    if (progress === undefined || roomOf(progress, false) === 0) return false;
    const now = new Date(nowMs);
    const where = tx`where backfill_id = ${backfillId} and due_at = ${new Date(dueMs)} and state = 'waiting'`;
    const taken =
      turn.kind === "skip"
        ? await tx`
            update backfill_date set state = 'skipped', reason = ${turn.reason}, run_id = ${turn.runId},
              settled_at = ${now} ${where}`
        : await tx`
            update backfill_date set state = 'starting', run_key = ${turn.key}, run_id = ${runId},
              rerun_of = ${turn.rerunOf ?? null}, said_at = ${now} ${where}`;
    return taken.count === 1;
  });
}

async function lockProgress(tx: TransactionSql, backfillId: string) {
  const [row] = await tx<{ state: BackfillState; max_active: number }[]>`
    select state, max_active from backfill where backfill_id = ${backfillId} for no key update`;
  if (row === undefined) return undefined;
  const [counted] = await tx<{ active: number }[]>`
    select count(*)::int as active from backfill_date
    where backfill_id = ${backfillId} and state in ('starting', 'running')`;
  return { state: row.state, maxActive: row.max_active, active: counted?.active ?? 0 };
}

/** What became of a StartRun; and who had started the run, if it was somebody else. */
export type StartedDate = DateKey &
  (
    | { readonly state: "running"; readonly runId: string; readonly reason: string }
    | { readonly state: "refused"; readonly reason: string }
  );

export async function settleDates(
  sql: Sql,
  dates: readonly StartedDate[],
  nowMs: number,
): Promise<void> {
  const runIds = dates.map((date) => (date.state === "running" ? date.runId : null));
  await sql`
    update backfill_date d set state = s.state, reason = s.reason, said_at = null, end_said_at = null,
      run_id = s.run_id, settled_at = case when s.state = 'refused' then ${new Date(nowMs)}::timestamptz end
    from unnest(
      ${dates.map(({ backfillId }) => backfillId)}::text[], ${dates.map(({ dueMs }) => iso(dueMs))}::timestamptz[],
      ${dates.map(({ state }) => state)}::text[], ${dates.map(({ reason }) => reason)}::text[], ${runIds}::text[]
    ) as s (backfill_id, due_at, state, reason, run_id)
    where d.backfill_id = s.backfill_id and d.due_at = s.due_at and d.state = 'starting'`;
}

export interface EndedRun {
  readonly runId: string;
  readonly state: Extract<DateState, "succeeded" | "failed" | "cancelled">;
  readonly reason: string;
}

/** Answers how many dates had their outcome by it. */
export async function endDates(sql: Sql, ended: EndedRun, nowMs: number): Promise<number> {
  const rows = await sql`
    update backfill_date set state = ${ended.state}, said_at = null, settled_at = ${new Date(nowMs)},
      reason = case when ${ended.reason} = '' then reason else ${ended.reason} end
    where run_id = ${ended.runId} and state in ('starting', 'running')`;
  return rows.count;
}

/** Runs whose end somebody waits for. */
export async function runsAtWork(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select distinct run_id from backfill_date where state = 'running' limit ${limit}`;
  return rows.map((row) => row.run_id);
}

/** Backfills whose last date has its outcome are over; answers how many. */
export async function finishBackfills(sql: Sql, nowMs: number): Promise<number> {
  const rows = await sql`
    update backfill b set finished_at = ${new Date(nowMs)},
      state = case when b.state = 'cancelled' then b.state else 'done' end
    where b.finished_at is null and not exists (
      select from backfill_date d where d.backfill_id = b.backfill_id and d.state in ('waiting', 'starting', 'running'))`;
  return rows.count;
}

export interface StartingDate extends DateKey {
  readonly dagId: string;
  readonly logicalMs: number;
  readonly intervalStartMs: number;
  readonly runKey: string;
  readonly rerunOf: string | undefined;
  readonly params: { readonly [name: string]: Json };
  readonly pinned: { readonly number: number; readonly fingerprint: string } | undefined;
}

interface StartingRow {
  readonly backfill_id: string;
  readonly due_at: Date;
  readonly dag_id: string;
  readonly logical_at: Date;
  readonly interval_start_at: Date;
  readonly run_key: string;
  readonly rerun_of: string | null;
  readonly params: { readonly [name: string]: Json };
  readonly pinned_number: number | null;
  readonly pinned_fingerprint: string | null;
}

/** Takes dates whose StartRun was last said before a moment, to say it again. No two replicas take the same. */
export async function claimUnsaidDates(
  sql: Sql,
  options: { readonly saidBeforeMs: number; readonly nowMs: number; readonly limit: number },
): Promise<StartingDate[]> {
  const rows = await sql<StartingRow[]>`
    update backfill_date d set said_at = ${new Date(options.nowMs)}
    from backfill b
    where b.backfill_id = d.backfill_id and (d.backfill_id, d.due_at) in (
      select backfill_id, due_at from backfill_date
      where state = 'starting' and said_at < ${new Date(options.saidBeforeMs)}
      order by said_at limit ${options.limit} for update skip locked)
    returning d.backfill_id, d.due_at, b.dag_id, d.logical_at, d.interval_start_at, d.run_key, d.rerun_of, b.params,
      b.pinned_number, b.pinned_fingerprint`;
  return rows.map(startingOf);
}

/** One that was taken just now. */
export async function startingDate(
  sql: Sql,
  { backfillId, dueMs }: DateKey,
): Promise<StartingDate | undefined> {
  const rows = await sql<StartingRow[]>`
    select d.*, b.dag_id, b.params, b.pinned_number, b.pinned_fingerprint
    from backfill_date d join backfill b using (backfill_id)
    where d.backfill_id = ${backfillId} and d.due_at = ${new Date(dueMs)} and d.state = 'starting'`;
  return rows.map(startingOf)[0];
}

function startingOf(row: StartingRow): StartingDate {
  const { pinned_number: number, pinned_fingerprint: fingerprint } = row;
  return {
    backfillId: row.backfill_id,
    dueMs: row.due_at.getTime(),
    dagId: row.dag_id,
    logicalMs: row.logical_at.getTime(),
    intervalStartMs: row.interval_start_at.getTime(),
    runKey: row.run_key,
    rerunOf: row.rerun_of ?? undefined,
    params: row.params,
    pinned: number === null || fingerprint === null ? undefined : { number, fingerprint },
  };
}
