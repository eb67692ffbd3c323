// What an explanation looks at beside its run: who waits for whom, and the queue of its DAG.
import type { Child, RunFacts, Waits } from "@chasqui/machine";
import type { Sql } from "postgres";

/** A circle of runs may be as long as they may start each other. */
const STEPS_MAX = 10;
const RUNS_MAX = 100;

/** From the runs that are waited for onward: which tasks of theirs wait for which other runs. */
export async function waitsFrom(sql: Sql, wanted: readonly Child[]): Promise<Waits[]> {
  const found: Waits[] = [];
  const seen = new Set<string>();
  let ids = wanted.flatMap(({ runId, wait }) => (wait ? [runId] : []));
  for (let step = 0; step < STEPS_MAX && ids.length > 0 && seen.size < RUNS_MAX; step++) {
    for (const id of ids) seen.add(id);
    const rows = await sql<Waits[]>`
      select t.run_id as "runId", r.dag_id as "dagId",
        case when t.map_index < 0 then t.task_id else t.task_id || '[' || t.map_index || ']' end as task,
        t.more->'child'->>'runId' as "forRunId"
      from state_machine.task t join state_machine.run r using (run_id)
      where t.run_id = any(${ids}::text[]) and t.state in ('assigned', 'running')
        and jsonb_exists(t.more, 'child') and (t.more->'child'->>'wait')::boolean
      limit ${RUNS_MAX}`;
    found.push(...rows);
    ids = [...new Set(rows.map(({ forRunId }) => forRunId))].filter((id) => !seen.has(id));
  }
  return found;
}

/** Since when the active runs are at work, in their order, and how many wait before a run. */
export async function queueOf(
  sql: Sql,
  { id, dagId }: Pick<RunFacts, "id" | "dagId">,
  active: readonly string[],
): Promise<{ startedMs: (number | undefined)[]; before: number }> {
  const rows = await sql<{ run_id: string; started_at: Date | null }[]>`
    select run_id, started_at from state_machine.run where run_id = any(${[...active]}::text[])`;
  const startedMs = new Map(rows.map((row) => [row.run_id, row.started_at?.getTime()]));
  const [row] = await sql<{ before: number }[]>`
    select count(*)::int as before from state_machine.run q, state_machine.run me
    where me.run_id = ${id} and q.dag_id = ${dagId} and q.state = 'queued' and q.cause_kind <> 'backfill'
      and q.run_id <> all(${[...active]}::text[]) and (q.created_at, q.run_id) < (me.created_at, me.run_id)`;
  return { startedMs: active.map((one) => startedMs.get(one)), before: row?.before ?? 0 };
}
