// What people tell backfills, and the runs that a cancel ends.
// Facts that a reader may rely on:
//   O1. An order, who gave it and what follows for the dates are one transaction.
//   O2. Of replicas that look at once, one asks a run to end; the others find that it was just asked.
import type { Sql } from "postgres";
import { afterOrder } from "../core/backfill.ts";
import type { Action, BackfillState, Order } from "../core/backfill.ts";

export interface Ordered extends Order {
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

/** Undefined when there is no such backfill; the reason when it is over. */
export async function orderBackfill(
  sql: Sql,
  backfillId: string,
  o: Ordered,
): Promise<{ readonly refused?: string } | undefined> {
  return await sql.begin(async (tx) => {
    const [now] = await tx<{ state: BackfillState; endsRuns: boolean; isOver: boolean }[]>`
      select state, ends_runs as "endsRuns", finished_at is not null as "isOver"
      from backfill where backfill_id = ${backfillId} for no key update`;
    if (now === undefined) return undefined;
    const after = afterOrder(now, o);
    if ("refused" in after) return after;
    const at = new Date(o.nowMs);
    await tx`
      update backfill set state = ${after.state}, ends_runs = ${after.endsRuns}, changed_by = ${o.by},
        change_reason = ${o.reason}
      where backfill_id = ${backfillId}`;
    const keeps = o.action === "cancel" && o.keepRuns;
    await tx`
      insert into backfill_change (backfill_id, at, by, action, keep_runs, reason)
      values (${backfillId}, ${at}, ${o.by}, ${o.action}, ${keeps}, ${o.reason})`;
    if (after.state === "cancelled")
      await tx`
        update backfill_date set state = 'abandoned', reason = 'the backfill was cancelled', settled_at = ${at}
        where backfill_id = ${backfillId} and state = 'waiting'`;
    return {};
  });
}

export interface BackfillChange {
  readonly at: Date;
  readonly by: string;
  readonly action: Action;
  readonly keep_runs: boolean;
  readonly reason: string;
}

const CHANGES_MAX = 100;

/** Oldest first; of very many the newest. */
export async function changesOf(sql: Sql, backfillId: string): Promise<BackfillChange[]> {
  const rows = await sql<BackfillChange[]>`
    select at, by, action, keep_runs, reason from backfill_change
    where backfill_id = ${backfillId} order by id desc limit ${CHANGES_MAX}`;
  return rows.toReversed();
}

/** A run that is to end, and who said so. */
export interface EndingRun {
  readonly backfillId: string;
  readonly runId: string;
  readonly by: string;
  readonly reason: string;
}

/** Takes runs of cancelled backfills that were last asked to end before a moment. No two replicas take the same. */
export async function claimEndingRuns(
  sql: Sql,
  o: { readonly saidBeforeMs: number; readonly nowMs: number; readonly limit: number },
): Promise<EndingRun[]> {
  const rows = await sql<EndingRun[]>`
    update backfill_date d set end_said_at = ${new Date(o.nowMs)}
    from backfill b
    where b.backfill_id = d.backfill_id and (d.backfill_id, d.due_at) in (
      select d.backfill_id, d.due_at from backfill b join backfill_date d using (backfill_id)
      where b.finished_at is null and b.ends_runs and d.state in ('starting', 'running')
        and (d.end_said_at is null or d.end_said_at < ${new Date(o.saidBeforeMs)})
      order by d.backfill_id, d.position limit ${o.limit} for update of d skip locked)
    returning d.backfill_id as "backfillId", d.run_id as "runId", b.changed_by as by, b.change_reason as reason`;
  return [...rows];
}
