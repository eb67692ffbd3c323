// What the sweeper looks for: rows that still wait for somebody to hear them. Every statement is bounded.
import type { Recorded } from "@chasqui/machine";
import type { Sql } from "postgres";

const ROWS_MAX = 1_000;

/** Runs whose wake time came. */
export async function dueTimers(sql: Sql): Promise<{ runId: string; wakeMs: number }[]> {
  const rows = await sql<{ run_id: string; wake_ms: number }[]>`
    select run_id, round(extract(epoch from wake_at) * 1000)::float8 as wake_ms
    from state_machine.run where wake_at <= now() order by wake_at limit ${ROWS_MAX}`;
  return rows.map((row) => ({ runId: row.run_id, wakeMs: row.wake_ms }));
}

/** Runs with an assignment that nobody accepted, or a cancel whose end was not seen. */
export async function unacceptedOrCancelling(
  sql: Sql,
  olderMs: number,
  limit: number,
): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from (
      (select run_id, min(assigned_at) as since from state_machine.task
       where state = 'assigned' and accepted_at is null
         and assigned_at < now() - ${olderMs}::float8 * interval '1 millisecond'
       group by run_id order by since limit ${limit})
      union all
      (select run_id, min(assigned_at) from state_machine.task
       where state = 'cancelling' group by run_id limit ${limit})
    ) waiting group by run_id limit ${limit}`;
  return rows.map((row) => row.run_id);
}

export interface UnheardChild {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
}

/** Attempts that want a run of another DAG and did not hear that it is there, or how it ended. */
export async function unheardChildren(
  sql: Sql,
  olderMs: number,
  limit: number,
): Promise<UnheardChild[]> {
  return sql<UnheardChild[]>`
    select t.run_id as "runId", t.task_id as "taskId", t.map_index as "mapIndex"
    from state_machine.task t left join state_machine.run c on c.run_id = t.more->'child'->>'runId'
    where jsonb_exists(t.more, 'child') and t.state in ('assigned', 'running')
      and case when t.state = 'assigned' then t.accepted_at else c.settled_at end
        < now() - ${olderMs}::float8 * interval '1 millisecond'
    limit ${limit}`;
}

export interface HeldRow {
  readonly runId: string;
  readonly dagId: string;
  readonly fingerprint: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

const HELD_MAX = 20_000;

/** Attempts that a runner accepted before a moment and that have not ended, oldest first; runs have no runner. */
export async function heldAttempts(sql: Sql, beforeMs: number): Promise<HeldRow[]> {
  return sql<HeldRow[]>`
    select t.run_id as "runId", r.dag_id as "dagId", r.fingerprint, t.task_id as "taskId",
      t.map_index as "mapIndex", t.attempt
    from state_machine.task t join state_machine.run r using (run_id)
    where t.state in ('assigned', 'running') and t.accepted_at is not null and t.attempt > 0
      and (t.more is null or not jsonb_exists(t.more, 'child'))
      and t.accepted_at < to_timestamp(${beforeMs}::float8 / 1000)
    order by t.accepted_at limit ${HELD_MAX}`;
}

/** Runs that hold a slot of their DAG and have not begun. */
export async function admittedButQueued(
  sql: Sql,
  olderMs: number,
): Promise<{ runId: string; version: number }[]> {
  const rows = await sql<{ run_id: string; version: number }[]>`
    select r.run_id, r.version from state_machine.dag d join state_machine.run r on r.run_id = any(d.active)
    where r.state = 'queued' and r.last_at < now() - ${olderMs}::float8 * interval '1 millisecond'
    limit ${ROWS_MAX}`;
  return rows.map((row) => ({ runId: row.run_id, version: row.version }));
}

/**
 * Runs that have begun and hold no slot of their DAG: reopened ones wait for it, or were let go by an admission from
 * before. A backfill's runs hold none.
 */
export async function begunWithoutSlot(sql: Sql, olderMs: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select r.run_id from state_machine.run r
    left join (select unnest(active) as run_id from state_machine.dag) a using (run_id)
    where a.run_id is null and r.settled_at is null and r.started_at is not null
      and case when r.state = 'queued' then r.last_at when r.cause_kind <> 'backfill' then r.started_at end
        < now() - ${olderMs}::float8 * interval '1 millisecond'
    limit ${ROWS_MAX}`;
  return rows.map((row) => row.run_id);
}

/** Settled runs that still hold a slot of their DAG. */
export async function settledButActive(sql: Sql, olderMs: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select r.run_id from state_machine.dag d join state_machine.run r on r.run_id = any(d.active)
    where r.settled_at < now() - ${olderMs}::float8 * interval '1 millisecond' limit ${ROWS_MAX}`;
  return rows.map((row) => row.run_id);
}

/** Runs with a task that is in line for a pool which does not know of it, or has given it its slots unheard. */
export async function queuedUnheard(sql: Sql, olderMs: number, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select t.run_id from state_machine.task t
    where t.state = 'queued' and jsonb_array_length(t.more->'claims') > 0
      and to_timestamp((t.more->>'turnMs')::float8 / 1000) < now() - ${olderMs}::float8 * interval '1 millisecond'
      and not exists (
        select from state_machine.pool_claim c
        where c.run_id = t.run_id and c.task_id = t.task_id and c.map_index = t.map_index
          and c.attempt = t.attempt and c.granted_at is null)
    group by t.run_id limit ${limit}`;
  return rows.map((row) => row.run_id);
}

/** Runs with a task that waits for the run before, which does not know of it, or has its good end unheard. */
export async function heldUnheard(sql: Sql, olderMs: number, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select t.run_id from state_machine.task t join state_machine.run r using (run_id)
    left join state_machine.task p
      on p.run_id = r.previous_run_id and p.task_id = t.task_id and p.map_index = -1
    where t.state = 'queued' and coalesce(jsonb_array_length(t.more->'claims'), 0) = 0
      and r.last_at < now() - ${olderMs}::float8 * interval '1 millisecond'
      and (p.run_id is null or not jsonb_exists(coalesce(p.more->'listeners', '[]'), t.run_id)
        or p.state in ('succeeded', 'skipped', 'removed'))
    group by t.run_id limit ${limit}`;
  return rows.map((row) => row.run_id);
}

export interface DeadClaim {
  readonly pool: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

/** Claims whose attempt is not current any more, or neither works nor is in line. */
export async function deadClaims(sql: Sql): Promise<DeadClaim[]> {
  const rows = await sql<
    { pool: string; run_id: string; task_id: string; map_index: number; attempt: number }[]
  >`
    select c.pool, c.run_id, c.task_id, c.map_index, c.attempt from state_machine.pool_claim c
    left join state_machine.task t
      on t.run_id = c.run_id and t.task_id = c.task_id and t.map_index = c.map_index
    where t.attempt is distinct from c.attempt
      or t.state not in ('queued', 'assigned', 'running', 'cancelling', 'awaiting_approval')
    limit ${ROWS_MAX}`;
  return rows.map((row) => ({
    pool: row.pool,
    runId: row.run_id,
    taskId: row.task_id,
    mapIndex: row.map_index,
    attempt: row.attempt,
  }));
}

/** Pools of limits that nobody needs any more: a concurrency key can name ever new ones. */
export async function dropIdlePools(sql: Sql): Promise<void> {
  await sql`
    delete from state_machine.pool p where p.pool in (
      select i.pool from state_machine.pool i
      where position('/' in i.pool) > 0 and i.changed_at < now() - interval '1 day'
        and not exists (select from state_machine.pool_claim c where c.pool = i.pool)
      order by i.pool limit ${ROWS_MAX} for update skip locked)`;
}

export interface Behind {
  readonly runId: string;
  readonly version: number;
  readonly events: readonly Recorded[];
}

/** Commits whose events were not (known to be) published, oldest first in each run. */
export async function eventsBehind(sql: Sql, olderMs: number): Promise<Behind[]> {
  const rows = await sql<{ run_id: string; version: number; events: string }[]>`
    select e.run_id, e.version, e.events from (
      select run_id, announced_version from state_machine.run
      where announced_version < version and last_at < now() - ${olderMs}::float8 * interval '1 millisecond'
        and last_at > now() - interval '30 days'
      order by last_at limit 100) r
    join state_machine.run_event e on e.run_id = r.run_id and e.version > r.announced_version
    order by e.run_id, e.version limit ${ROWS_MAX}`;
  return rows.map((row) => ({
    runId: row.run_id,
    version: row.version,
    events: JSON.parse(row.events) as Recorded[],
  }));
}

export async function noteAnnounced(
  sql: Sql,
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  if (versions.size === 0) return;
  await sql`
    update state_machine.run r set announced_version = greatest(r.announced_version, i.version)
    from unnest(${[...versions.keys()]}::text[], ${[...versions.values()]}::int[]) as i(run_id, version)
    where r.run_id = i.run_id`;
}

/** Runs that have not settled, in pages by id. */
export async function unsettledRuns(sql: Sql, after: string, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from state_machine.run
    where settled_at is null and run_id > ${after} order by run_id limit ${limit}`;
  return rows.map((row) => row.run_id);
}
