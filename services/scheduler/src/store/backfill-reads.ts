// Backfills as people see them.
import type { Sql } from "postgres";
import type { BackfillState, DateState, Reprocess } from "../core/backfill.ts";
import type { Json } from "../core/triggers.ts";

export interface BackfillRecord {
  readonly backfill_id: string;
  readonly dag_id: string;
  readonly state: BackfillState;
  readonly reprocess: Reprocess;
  readonly newest_first: boolean;
  readonly max_active: number;
  readonly params: { readonly [name: string]: Json };
  readonly pinned_number: number | null;
  readonly created_by: string;
  readonly reason: string;
  readonly created_at: Date;
  readonly changed_by: string;
  readonly change_reason: string;
  readonly ends_runs: boolean;
  readonly finished_at: Date | null;
  readonly counts: { readonly [state: string]: number };
  readonly first_ms: number;
  readonly last_ms: number;
}

export interface BackfillQuestion {
  readonly backfillId?: string;
  readonly dagId?: string;
  readonly open?: boolean;
  readonly limit: number;
}

/** Newest first. */
export async function listBackfills(sql: Sql, o: BackfillQuestion): Promise<BackfillRecord[]> {
  const { backfillId = "", dagId = "", open = false, limit } = o;
  const rows = await sql<BackfillRecord[]>`
    select b.*, c.counts, c.first_ms, c.last_ms
    from (
      select * from backfill
      where (${backfillId} = '' or backfill_id = ${backfillId}) and (${dagId} = '' or dag_id = ${dagId})
        and (not ${open} or finished_at is null)
      order by created_at desc, backfill_id limit ${limit}) b
    cross join lateral (
      select jsonb_object_agg(s.state, s.n) as counts, min(s.first_ms) as first_ms, max(s.last_ms) as last_ms
      from (
        select state, count(*)::int as n,
          round(extract(epoch from min(logical_at)) * 1000)::float8 as first_ms,
          round(extract(epoch from max(logical_at)) * 1000)::float8 as last_ms
        from backfill_date d where d.backfill_id = b.backfill_id group by state) s) c
    order by b.created_at desc, b.backfill_id`;
  return [...rows];
}

export interface DateRecord {
  readonly due_at: Date;
  readonly logical_at: Date;
  readonly state: DateState;
  readonly run_id: string | null;
  readonly run_key: string;
  readonly reason: string;
}

/** In the order of their turn. */
export async function datesOfBackfill(
  sql: Sql,
  backfillId: string,
  { limit, isOpen = false }: { readonly limit: number; readonly isOpen?: boolean },
): Promise<DateRecord[]> {
  const withoutOutcome = sql`and state in ('waiting', 'starting', 'running')`;
  const rows = await sql<DateRecord[]>`
    select due_at, logical_at, state, run_id, run_key, reason from backfill_date
    where backfill_id = ${backfillId} ${isOpen ? withoutOutcome : sql``}
    order by position limit ${limit}`;
  return [...rows];
}

/** Deletes backfills that were over before a moment, with their dates. */
export async function forgetBackfills(
  sql: Sql,
  { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number },
): Promise<number> {
  const rows = await sql`
    with gone as (
      delete from backfill where backfill_id in (
        select backfill_id from backfill where finished_at < ${new Date(beforeMs)} limit ${limit})
      returning backfill_id),
    changes as (delete from backfill_change c using gone where c.backfill_id = gone.backfill_id)
    delete from backfill_date d using gone where d.backfill_id = gone.backfill_id`;
  return rows.count;
}
