// How long tasks and runs of a DAG took lately, under whatever name it had.
import { medianOf } from "@chasqui/machine";
import type { Durations, Took } from "@chasqui/machine";
import type { Sql } from "postgres";

/** Runs that are looked at, newest first; of each task so many successes count. */
const RUNS_MAX = 20;
const SAMPLES_MAX = 10;

interface Sample {
  readonly task_id: string;
  readonly is_instance: boolean;
  readonly took: number[];
}

/** `wasOf`: earlier ids of a task. */
export async function durationsOf(
  sql: Sql,
  dagIds: readonly string[],
  wasOf: (taskId: string) => readonly string[],
): Promise<Durations> {
  const rows = await sql<Sample[]>`
    select task_id, is_instance, array_agg(took order by n) as took from (
      select t.task_id, t.map_index >= 0 as is_instance,
        extract(epoch from t.ended_at - t.started_at)::float8 * 1000 as took,
        row_number() over (partition by t.task_id, t.map_index >= 0 order by r.created_at desc) as n
      from (select run_id, created_at from state_machine.run
            where dag_id = any(${[...dagIds]}::text[]) and state in ('succeeded', 'failed')
            order by created_at desc limit ${RUNS_MAX}) r
      join state_machine.task t using (run_id)
      where t.state = 'succeeded' and t.started_at is not null and t.ended_at >= t.started_at) s
    where n <= ${SAMPLES_MAX} group by task_id, is_instance`;
  const samples = new Map(rows.map((row) => [`${row.task_id} ${row.is_instance}`, row.took]));
  return (taskId, isInstance) =>
    tookOf([taskId, ...wasOf(taskId)].flatMap((id) => samples.get(`${id} ${isInstance}`) ?? []));
}

/** DAGs whose tasks are looked at because they hold slots of a pool. */
const DAGS_MAX = 20;

/** Of the tasks of several DAGs, by their names now. */
export async function tookOfEach(
  sql: Sql,
  dagIds: readonly string[],
): Promise<(dagId: string, taskId: string, isInstance: boolean) => Took | undefined> {
  const ids = [...new Set(dagIds)].slice(0, DAGS_MAX);
  const each = await Promise.all(ids.map((id) => durationsOf(sql, [id], () => [])));
  const byId = new Map(ids.map((id, index) => [id, each[index]]));
  return (dagId, taskId, isInstance) => byId.get(dagId)?.(taskId, isInstance);
}

/** Of whole runs that succeeded, from their start. */
export async function runsTook(sql: Sql, dagIds: readonly string[]): Promise<Took | undefined> {
  const rows = await sql<{ took: number }[]>`
    select extract(epoch from settled_at - started_at)::float8 * 1000 as took from state_machine.run
    where dag_id = any(${[...dagIds]}::text[]) and state = 'succeeded' and started_at is not null
    order by created_at desc limit ${SAMPLES_MAX}`;
  return tookOf(rows.map(({ took }) => took));
}

function tookOf(all: readonly number[]): Took | undefined {
  const samples = all.slice(0, SAMPLES_MAX);
  const medianMs = medianOf(samples);
  return medianMs === undefined ? undefined : { medianMs, runs: samples.length };
}
