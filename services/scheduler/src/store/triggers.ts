// The trigger ledger's statements.
// Invariants:
//   S1. A trigger is recorded once per DAG: (source, id, dag) is the key. Only a dead one is decided anew.
//   S2. A row leaves `starting` once: for a run that exists, or for the reason why there is none.
import type { Sql, TransactionSql } from "postgres";
import type { WaitingEvent } from "./groups.ts";

export interface TriggerKey {
  readonly source: string;
  readonly id: string;
  /** "" for a trigger that no DAG is bound to, or that could not be read. */
  readonly dagId: string;
}

export type NewTrigger = TriggerKey &
  (
    | { readonly outcome: "starting"; readonly runKey: string; readonly start: Uint8Array }
    | { readonly outcome: "filtered" | "unbound" | "dead"; readonly reason: string }
  );

/**
 * Records what a message means. Answers the StartRuns that are still to be said, of this delivery or an earlier one;
 * both in one statement, for it sees the table as it was before.
 */
export async function recordTriggers(
  sql: Sql,
  subject: string,
  triggers: readonly NewTrigger[],
  nowMs: number,
): Promise<{ readonly key: TriggerKey; readonly start: Uint8Array }[]> {
  const now = new Date(nowMs);
  const of = <T>(read: (start: Extract<NewTrigger, { outcome: "starting" }>) => T): (T | null)[] =>
    triggers.map((trigger) => (trigger.outcome === "starting" ? read(trigger) : null));
  const reasons = triggers.map((trigger) => ("reason" in trigger ? trigger.reason : ""));
  const { source, id } = onlyIdentity(triggers);
  const rows = await sql<{ dag_id: string; start: Uint8Array }[]>`
    with told as (
      select * from unnest(
        ${triggers.map((trigger) => trigger.dagId)}::text[],
        ${triggers.map((trigger) => trigger.outcome)}::text[], ${reasons}::text[],
        ${of((start) => start.runKey)}::text[],
        ${of((start) => Buffer.from(start.start).toString("hex"))}::text[]
      ) as t (dag_id, outcome, reason, run_key, start)
    ), replaced as (
      delete from trigger
      where source = ${source} and id = ${id} and dag_id = ''
        and exists (select from told where dag_id <> '')
    ), recorded as (
      insert into trigger (source, id, dag_id, subject, received_at, outcome, reason, run_key, start, said_at)
      select ${source}, ${id}, dag_id, ${subject}, ${now}, outcome, reason, run_key, decode(start, 'hex'),
        case when outcome = 'starting' then ${now}::timestamptz end
      from told
      on conflict (source, id, dag_id) do update set
        subject = excluded.subject, received_at = excluded.received_at, outcome = excluded.outcome,
        reason = excluded.reason, run_key = excluded.run_key, start = excluded.start, said_at = excluded.said_at
      where trigger.outcome = 'dead'
      returning dag_id, start
    )
    select dag_id, start from recorded where start is not null
    union all
    select dag_id, start from trigger
    where source = ${source} and id = ${id} and outcome = 'starting' and start is not null
    order by dag_id`;
  return rows.map((row) => ({ key: { source, id, dagId: row.dag_id }, start: row.start }));
}

/** Does the ledger know what became of it? A dead one is decided anew. */
export async function isRecorded(tx: TransactionSql, key: TriggerKey): Promise<boolean> {
  const rows = await tx`
    select from trigger
    where source = ${key.source} and id = ${key.id} and dag_id = ${key.dagId} and outcome <> 'dead'`;
  return rows.length > 0;
}

export type CollectedTrigger =
  | { readonly outcome: "waiting"; readonly reason: string; readonly waits: WaitingEvent }
  | { readonly outcome: "filtered" | "rate-limited"; readonly reason: string }
  | { readonly outcome: "starting"; readonly runKey: string; readonly start: Uint8Array };

/** One row, of a trigger that `isRecorded` did not know under the same lock. */
export async function insertTrigger(
  tx: TransactionSql,
  key: TriggerKey,
  about: {
    readonly subject: string;
    readonly rule: string;
    readonly groupKey: string;
    readonly nowMs: number;
  },
  became: CollectedTrigger,
): Promise<void> {
  const isStarting = became.outcome === "starting";
  const now = new Date(about.nowMs);
  const row = {
    source: key.source,
    id: key.id,
    dag_id: key.dagId,
    subject: about.subject,
    received_at: now,
    outcome: became.outcome,
    reason: isStarting ? "" : became.reason,
    run_key: isStarting ? became.runKey : null,
    start: isStarting ? Buffer.from(became.start) : null,
    said_at: isStarting ? now : null,
    rule: about.rule,
    group_key: about.groupKey,
    waits: became.outcome === "waiting" ? tx.json(JSON.parse(JSON.stringify(became.waits))) : null,
  };
  const inserted = await tx`
    insert into trigger ${tx(row)}
    on conflict (source, id, dag_id) do update set ${tx(row)} where trigger.outcome = 'dead'`;
  if (inserted.count !== 1)
    throw new Error(`trigger ${key.source} ${key.id}, DAG ${key.dagId}: recorded by somebody else`);
  await tx`
    delete from trigger
    where source = ${key.source} and id = ${key.id} and dag_id = '' and ${key.dagId} <> ''`;
}

/** A trigger that was given up; nothing, when the ledger knows it already. */
export async function recordDeadTrigger(
  sql: Sql,
  subject: string,
  { key, reason, nowMs }: { key: TriggerKey; reason: string; nowMs: number },
): Promise<void> {
  await sql`
    insert into trigger (source, id, dag_id, subject, received_at, outcome, reason)
    select ${key.source}, ${key.id}, ${key.dagId}, ${subject}, ${new Date(nowMs)}, 'dead', ${reason}
    where not exists (select from trigger where source = ${key.source} and id = ${key.id})
    on conflict do nothing`;
}

function onlyIdentity(triggers: readonly NewTrigger[]): { source: string; id: string } {
  const [first] = triggers;
  if (first === undefined) throw new Error("no trigger to record: want one or more");
  return first;
}

/** Takes rows whose StartRun was last said before a moment, to say it again. No two replicas take the same. */
export async function claimUnsaidTriggers(
  sql: Sql,
  options: { readonly saidBeforeMs: number; readonly nowMs: number; readonly limit: number },
): Promise<{ readonly key: TriggerKey; readonly start: Uint8Array }[]> {
  const rows = await sql<{ source: string; id: string; dag_id: string; start: Uint8Array }[]>`
    update trigger set said_at = ${new Date(options.nowMs)}
    where (source, id, dag_id) in (
      select source, id, dag_id from trigger
      where outcome = 'starting' and start is not null and said_at < ${new Date(options.saidBeforeMs)}
      order by said_at limit ${options.limit} for update skip locked)
    returning source, id, dag_id, start`;
  return rows.map((row) => ({
    key: { source: row.source, id: row.id, dagId: row.dag_id },
    start: row.start,
  }));
}

export type SettledTrigger = TriggerKey &
  (
    | { readonly outcome: "started" | "joined" | "paused-queued"; readonly runId: string }
    | { readonly outcome: "rejected"; readonly reason: string }
  );

/** Together with those that they lead. */
export async function settleTriggers(sql: Sql, triggers: readonly SettledTrigger[]): Promise<void> {
  const runIds = triggers.map((trigger) => ("runId" in trigger ? trigger.runId : null));
  const reasons = triggers.map((trigger) => ("reason" in trigger ? trigger.reason : ""));
  await sql`
    update trigger t set outcome = s.outcome, run_id = s.run_id,
      reason = case when s.reason = '' then t.reason else s.reason end, start = null, said_at = null
    from unnest(
      ${triggers.map((trigger) => trigger.source)}::text[],
      ${triggers.map((trigger) => trigger.id)}::text[],
      ${triggers.map((trigger) => trigger.dagId)}::text[],
      ${triggers.map((trigger) => trigger.outcome)}::text[], ${runIds}::text[], ${reasons}::text[]
    ) as s (source, id, dag_id, outcome, run_id, reason)
    where t.dag_id = s.dag_id and t.outcome = 'starting'
      and ((t.source = s.source and t.id = s.id) or (t.lead_source = s.source and t.lead_id = s.id))`;
}
