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

// drizzle is loaded by the first question: a scheduler that nobody asks does without it.
export async function listTicks(
  database: Database,
  options: { readonly dagId: string; readonly limit: number },
): Promise<TickRecord[]> {
  const [db, { desc, eq }, { tick }] = await Promise.all([
    database.drizzle(),
    import("drizzle-orm"),
    import("./schema.ts"),
  ]);
  const where = options.dagId === "" ? undefined : eq(tick.dagId, options.dagId);
  return db.select().from(tick).where(where).orderBy(desc(tick.dueAt)).limit(options.limit);
}

export async function listTriggers(
  database: Database,
  options: { readonly source: string; readonly id: string; readonly limit: number },
): Promise<TriggerRecord[]> {
  const [db, { and, asc, desc, eq }, { trigger }] = await Promise.all([
    database.drizzle(),
    import("drizzle-orm"),
    import("./schema.ts"),
  ]);
  const bySource = options.source === "" ? undefined : eq(trigger.source, options.source);
  const byId = options.id === "" ? undefined : eq(trigger.id, options.id);
  return db
    .select()
    .from(trigger)
    .where(and(bySource, byId))
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
      where received_at < ${before} and outcome <> 'starting' limit ${options.limit})`;
  return ticks.count + triggers.count;
}
