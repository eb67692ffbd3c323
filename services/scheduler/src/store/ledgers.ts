// What people ask the ledgers, newest first, and what the ledgers forget.
import type { Database } from "@chasqui/chassis";
import type { Sql } from "postgres";

export interface TickRecord {
  readonly dagId: string;
  readonly dueAt: Date;
  readonly outcome: string;
  readonly runId: string | null;
  readonly reason: string;
}

export interface TriggerRecord {
  readonly source: string;
  readonly id: string;
  readonly dagId: string;
  readonly subject: string;
  readonly receivedAt: Date;
  readonly outcome: string;
  readonly runId: string | null;
  readonly reason: string;
}

/** What is not said asks for all. */
export interface TriggerQuestion {
  readonly source?: string;
  readonly id?: string;
  /** A DAG's names; empty asks for all. */
  readonly dagIds?: readonly string[];
  readonly outcome?: string;
  readonly limit: number;
}

// drizzle is loaded by the first question: a scheduler that nobody asks does without it.
export async function listTicks(
  database: Database,
  options: { readonly dagIds: readonly string[]; readonly limit: number },
): Promise<TickRecord[]> {
  const [db, { desc, inArray }, { tick }] = await Promise.all([
    database.drizzle(),
    import("drizzle-orm"),
    import("./schema.ts"),
  ]);
  const where = options.dagIds.length === 0 ? undefined : inArray(tick.dagId, [...options.dagIds]);
  return db.select().from(tick).where(where).orderBy(desc(tick.dueAt)).limit(options.limit);
}

export async function listTriggers(
  database: Database,
  options: TriggerQuestion,
): Promise<TriggerRecord[]> {
  const [db, { and, asc, desc, eq, inArray, sql }, { trigger, triggerGroup }] = await Promise.all([
    database.drizzle(),
    import("drizzle-orm"),
    import("./schema.ts"),
  ]);
  const { source = "", id = "", dagIds = [], outcome = "" } = options;
  const wanted = [
    ...(source === "" ? [] : [eq(trigger.source, source)]),
    ...(id === "" ? [] : [eq(trigger.id, id)]),
    ...(dagIds.length === 0 ? [] : [inArray(trigger.dagId, [...dagIds])]),
    ...(outcome === "" ? [] : [eq(trigger.outcome, outcome)]),
  ];
  // What waits is told as its group knows it now: others may have come since.
  const inGroup = and(
    eq(trigger.outcome, "waiting"),
    eq(triggerGroup.dagId, trigger.dagId),
    eq(triggerGroup.rule, trigger.rule),
    eq(triggerGroup.key, trigger.groupKey),
  );
  return db
    .select({
      source: trigger.source,
      id: trigger.id,
      dagId: trigger.dagId,
      subject: trigger.subject,
      receivedAt: trigger.receivedAt,
      outcome: trigger.outcome,
      runId: trigger.runId,
      reason: sql<string>`coalesce(${triggerGroup.reason}, ${trigger.reason})`,
    })
    .from(trigger)
    .leftJoin(triggerGroup, inGroup)
    .where(and(...wanted))
    .orderBy(desc(trigger.receivedAt), asc(trigger.dagId))
    .limit(options.limit);
}

/** Deletes what settled before a moment, at most so many rows of each ledger; answers how many. */
export async function forgetSettled(
  sql: Sql,
  options: { readonly beforeMs: number; readonly limit: number },
): Promise<number> {
  const before = new Date(options.beforeMs);
  const ticks = await sql`
    delete from tick where (dag_id, due_at) in (
      select dag_id, due_at from tick where settled_at < ${before} limit ${options.limit})`;
  const triggers = await sql`
    delete from trigger where (source, id, dag_id) in (
      select source, id, dag_id from trigger
      where received_at < ${before} and outcome not in ('starting', 'waiting') limit ${options.limit})`;
  const groups = await sql`
    delete from trigger_group where (dag_id, rule, key) in (
      select dag_id, rule, key from trigger_group where closed_at < ${before} limit ${options.limit})`;
  return ticks.count + triggers.count + groups.count;
}
