// Statements about events that are collected for one run. All but the looks are under the group's lock.
// Invariants:
//   P1. An event's row is `waiting` exactly as long as its group counts it.
//   P2. A group that closes leaves one row that asks for the run, and the others led by it.
import type { Sql, TransactionSql } from "postgres";
import type { Group, Identity, Member } from "../core/groups.ts";
import type { RunEvent } from "../core/triggers.ts";
import type { TriggerKey } from "./triggers.ts";

/** Which group: the trigger rule of a DAG, and the key that its events share. */
export interface Place {
  readonly dagId: string;
  readonly rule: string;
  readonly key: string;
}

/** What a waiting row keeps of its event. */
export interface WaitingEvent extends RunEvent {
  readonly publishedMs: number;
  readonly sequence?: number;
  readonly leaves: readonly number[];
  readonly bytes: number;
  readonly traceparent?: string | undefined;
}

export type WaitingMember = Member & { readonly waits: WaitingEvent };

interface GroupRow {
  opened_at: Date;
  due_at: Date | null;
  closed_at: Date | null;
  met: number[];
  count: number;
  bytes: number;
  lead_source: string;
  lead_id: string;
}

export async function loadGroup(
  tx: TransactionSql,
  { dagId, rule, key }: Place,
): Promise<Group | "closed" | undefined> {
  const [row] = await tx<GroupRow[]>`
    select * from trigger_group where dag_id = ${dagId} and rule = ${rule} and key = ${key}`;
  if (row === undefined) return undefined;
  if (row.closed_at !== null) return "closed";
  return {
    openedMs: row.opened_at.getTime(),
    dueMs: row.due_at?.getTime(),
    met: row.met,
    count: row.count,
    bytes: row.bytes,
    lead: { source: row.lead_source, id: row.lead_id },
  };
}

export async function putGroup(
  tx: TransactionSql,
  { dagId, rule, key }: Place,
  group: Group,
  reason: string,
): Promise<void> {
  const row = {
    dag_id: dagId,
    rule,
    key,
    opened_at: new Date(group.openedMs),
    due_at: group.dueMs === undefined ? null : new Date(group.dueMs),
    closed_at: null,
    met: [...group.met],
    count: group.count,
    bytes: group.bytes,
    lead_source: group.lead.source,
    lead_id: group.lead.id,
    reason,
  };
  await tx`
    insert into trigger_group ${tx(row)}
    on conflict (dag_id, rule, key) do update set ${tx(row)}`;
}

export async function deleteGroup(tx: TransactionSql, place: Place): Promise<void> {
  await tx`
    delete from trigger_group
    where dag_id = ${place.dagId} and rule = ${place.rule} and key = ${place.key}`;
}

/** A keyed group whose run was asked for: who comes later joins it. */
export async function closeKeyed(tx: TransactionSql, place: Place, nowMs: number): Promise<void> {
  await tx`
    update trigger_group set closed_at = ${new Date(nowMs)}, due_at = null, count = 0, bytes = 0
    where dag_id = ${place.dagId} and rule = ${place.rule} and key = ${place.key}`;
}

/** In the order in which they were published. */
export async function loadMembers(tx: TransactionSql, place: Place): Promise<WaitingMember[]> {
  const rows = await tx<{ source: string; id: string; received_at: Date; waits: WaitingEvent }[]>`
    select source, id, received_at, waits from trigger
    where dag_id = ${place.dagId} and rule = ${place.rule} and group_key = ${place.key} and outcome = 'waiting'
    order by (waits ->> 'publishedMs')::float8, (waits ->> 'sequence')::float8, received_at, source, id`;
  return rows.map(({ source, id, received_at, waits }) => ({
    source,
    id,
    receivedMs: received_at.getTime(),
    leaves: waits.leaves,
    bytes: waits.bytes,
    waits,
  }));
}

/** Members that will not be in a run. */
export async function giveUp(
  tx: TransactionSql,
  dagId: string,
  members: readonly Identity[],
  why: { readonly outcome: "filtered" | "rejected" | "rate-limited"; readonly reason: string },
): Promise<void> {
  await tx`
    update trigger t set outcome = ${why.outcome}, reason = ${why.reason}, waits = null
    from unnest(${members.map(({ source }) => source)}::text[], ${members.map(({ id }) => id)}::text[]) as m (source, id)
    where t.source = m.source and t.id = m.id and t.dag_id = ${dagId} and t.outcome = 'waiting'`;
}

/** P2. */
export async function askTogether(
  tx: TransactionSql,
  lead: TriggerKey,
  members: readonly Identity[],
  ask: { readonly runKey: string; readonly start: Uint8Array; readonly nowMs: number },
): Promise<void> {
  const { source, id, dagId } = lead;
  const others = members.filter((member) => member.source !== source || member.id !== id);
  const together = `${members.length} events together`;
  await tx`
    update trigger set outcome = 'starting', run_key = ${ask.runKey}, start = ${Buffer.from(ask.start)},
      said_at = ${new Date(ask.nowMs)}, waits = null, reason = ${members.length === 1 ? "" : together}
    where source = ${source} and id = ${id} and dag_id = ${dagId} and outcome = 'waiting'`;
  if (others.length === 0) return;
  await tx`
    update trigger t set outcome = 'starting', run_key = ${ask.runKey}, waits = null,
      lead_source = ${source}, lead_id = ${id}, reason = ${`${together}: with ${source} ${id}`}
    from unnest(${others.map((one) => one.source)}::text[], ${others.map((one) => one.id)}::text[]) as m (source, id)
    where t.source = m.source and t.id = m.id and t.dag_id = ${dagId} and t.outcome = 'waiting'`;
}

/** Groups whose time has come, the longest due first. */
export async function listDue(sql: Sql, nowMs: number, limit: number): Promise<Place[]> {
  const rows = await sql<{ dag_id: string; rule: string; key: string }[]>`
    select dag_id, rule, key from trigger_group
    where due_at <= ${new Date(nowMs)} order by due_at limit ${limit}`;
  return rows.map(({ dag_id, rule, key }) => ({ dagId: dag_id, rule, key }));
}

/** Open groups of triggers that their DAG no longer has. */
export async function listOrphans(sql: Sql, limit: number): Promise<Place[]> {
  const rows = await sql<{ dag_id: string; rule: string; key: string }[]>`
    select dag_id, rule, key from trigger_group g
    where closed_at is null and not exists (
      select from schedule s, jsonb_array_elements(s.rules) r
      where s.dag_id = g.dag_id and r ->> 'id' = g.rule)
    limit ${limit}`;
  return rows.map(({ dag_id, rule, key }) => ({ dagId: dag_id, rule, key }));
}

/** Does the DAG have this rule, as the database knows it? */
export async function hasRule(tx: TransactionSql, { dagId, rule }: Place): Promise<boolean> {
  const rows = await tx`
    select from schedule s, jsonb_array_elements(s.rules) r
    where s.dag_id = ${dagId} and r ->> 'id' = ${rule}`;
  return rows.length > 0;
}
