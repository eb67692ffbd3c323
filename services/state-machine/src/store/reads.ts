// What people and programs ask for: runs, tasks, histories, DAGs. Cold paths, written with drizzle.
import { and, asc, desc, eq, gt, gte, inArray, like, lt, ne, or, sql as raw } from "drizzle-orm";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { audit, dag, dagVersion, run, runEvent, task } from "./schema.ts";

type Db = PostgresJsDatabase;
export type RunRecord = typeof run.$inferSelect;
export type TaskRecord = typeof task.$inferSelect;

export async function runById(db: Db, runId: string): Promise<RunRecord | undefined> {
  const [row] = await db.select().from(run).where(eq(run.runId, runId)).limit(1);
  return row;
}

/** At most two, so that an ambiguous prefix is seen. */
export function runsByPrefix(db: Db, prefix: string): Promise<RunRecord[]> {
  return db
    .select()
    .from(run)
    .where(like(run.runId, `${prefix.replaceAll(/[\\%_]/g, "\\$&")}%`))
    .limit(2);
}

/** Of a DAG under any of these names. */
export async function newestRun(
  db: Db,
  dagIds: readonly string[],
  key?: string,
): Promise<RunRecord | undefined> {
  const ofDag = inArray(run.dagId, [...dagIds]);
  const [row] = await db
    .select()
    .from(run)
    .where(key === undefined ? ofDag : and(ofDag, eq(run.key, key)))
    .orderBy(desc(run.createdAt))
    .limit(1);
  return row;
}

/** Keys of a DAG's runs that begin so. */
export async function keysBeginning(
  db: Db,
  dagId: string,
  prefix: string,
): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ key: run.key })
    .from(run)
    .where(and(eq(run.dagId, dagId), like(run.key, `${prefix.replaceAll(/[\\%_]/g, "\\$&")}%`)));
  return new Set(rows.map(({ key }) => key));
}

export const tasksOf = (db: Db, runId: string): Promise<TaskRecord[]> =>
  db.select().from(task).where(eq(task.runId, runId));

export async function taskOf(
  db: Db,
  key: { runId: string; taskId: string; mapIndex: number },
): Promise<TaskRecord | undefined> {
  const { runId, taskId, mapIndex } = key;
  const [row] = await db
    .select()
    .from(task)
    .where(and(eq(task.runId, runId), eq(task.taskId, taskId), eq(task.mapIndex, mapIndex)));
  return row;
}

/** The page after (createdAt, runId), newest first. */
export function listRuns(
  db: Db,
  filter: {
    /** Every DAG when there is none. */
    dagIds: readonly string[];
    states: RunRecord["state"][];
    after: { at: Date; runId: string } | undefined;
    /** From then on, and before then. */
    logical: { from: Date | undefined; until: Date | undefined };
  },
  limit: number,
): Promise<RunRecord[]> {
  const { after, logical } = filter;
  return db
    .select()
    .from(run)
    .where(
      and(
        filter.dagIds.length === 0 ? undefined : inArray(run.dagId, [...filter.dagIds]),
        filter.states.length === 0 ? undefined : inArray(run.state, filter.states),
        logical.from === undefined ? undefined : gte(run.logicalAt, logical.from),
        logical.until === undefined ? undefined : lt(run.logicalAt, logical.until),
        after === undefined
          ? undefined
          : or(
              lt(run.createdAt, after.at),
              and(eq(run.createdAt, after.at), lt(run.runId, after.runId)),
            ),
      ),
    )
    .orderBy(desc(run.createdAt), desc(run.runId))
    .limit(limit);
}

/** The page from (settledAt, runId), oldest first. */
export function listSettled(
  db: Db,
  from: { at: Date; afterRunId: string | undefined },
  limit: number,
): Promise<RunRecord[]> {
  const { at, afterRunId } = from;
  const since =
    afterRunId === undefined
      ? gte(run.settledAt, at)
      : raw`(${run.settledAt}, ${run.runId}) > (${at.toISOString()}::timestamptz, ${afterRunId})`;
  return db
    .select()
    .from(run)
    .where(since)
    .orderBy(asc(run.settledAt), asc(run.runId))
    .limit(limit);
}

export const redTasks = (db: Db, runIds: string[]): Promise<TaskRecord[]> =>
  db
    .select()
    .from(task)
    .where(and(inArray(task.runId, runIds), ne(task.state, "succeeded")));

/** All of it, or so many commits after one. */
export function historyOf(
  db: Db,
  runId: string,
  { after = 0, limit }: { readonly after?: number; readonly limit?: number } = {},
) {
  const rows = db
    .select()
    .from(runEvent)
    .where(and(eq(runEvent.runId, runId), gt(runEvent.version, after)))
    .orderBy(asc(runEvent.version));
  return limit === undefined ? rows : rows.limit(limit);
}

export function listDags(db: Db, { after = "", limit }: { after?: string; limit?: number } = {}) {
  const rows = db
    .select()
    .from(dag)
    .where(and(ne(dag.number, 0), gt(dag.dagId, after)))
    .orderBy(asc(dag.dagId));
  return limit === undefined ? rows : rows.limit(limit);
}

export async function dagById(db: Db, dagId: string) {
  const [row] = await db
    .select()
    .from(dag)
    .where(and(eq(dag.dagId, dagId), ne(dag.number, 0)));
  return row;
}

/** The current version's number of each DAG that is there. */
export async function dagNumbers(
  db: Db,
  dagIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .select({ dagId: dag.dagId, number: dag.number })
    .from(dag)
    .where(inArray(dag.dagId, [...dagIds]));
  return new Map(rows.map(({ dagId, number }) => [dagId, number]));
}

export async function versionOf(db: Db, dagId: string, number: number) {
  const [row] = await db
    .select()
    .from(dagVersion)
    .where(and(eq(dagVersion.dagId, dagId), eq(dagVersion.number, number)));
  return row;
}

/** When a retired DAG was. The audit's own time is that of its transaction, a moment later. */
export async function retiredMs(db: Db, dagId: string): Promise<number | undefined> {
  const [row] = await db
    .select({ atMs: raw<number>`(${audit.detail} ->> 'at_ms')::float8` })
    .from(audit)
    .where(and(eq(audit.resource, `dag/${dagId}`), eq(audit.action, "retired")))
    .orderBy(desc(audit.at), desc(audit.id))
    .limit(1);
  return row?.atMs;
}

/** Newest first. */
export const versionsOf = (db: Db, dagIds: readonly string[]) =>
  db
    .select()
    .from(dagVersion)
    .where(inArray(dagVersion.dagId, [...dagIds]))
    .orderBy(desc(dagVersion.appliedAt), desc(dagVersion.number))
    .limit(1_000);

export interface Audited {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly reason: string;
  readonly detail: unknown;
}
export const writeAudit = (db: Db, entry: Audited) => db.insert(audit).values(entry);
