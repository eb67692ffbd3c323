// The open questions, from the rows of their tasks.
import type { Approval } from "@chasqui/machine";
import type { Sql } from "postgres";

export interface OpenApproval {
  readonly runId: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly approval: Approval;
  readonly dueMs: number | null;
  /** How many there are in all. */
  readonly total: number;
}

/** Oldest first. Empty ids: of every DAG, of every run. */
export const openApprovals = (
  sql: Sql,
  { dagId, runId, limit }: { dagId: string; runId: string; limit: number },
): Promise<OpenApproval[]> => sql<OpenApproval[]>`
  select t.run_id as "runId", r.dag_id as "dagId", t.task_id as "taskId", t.map_index as "mapIndex",
    t.attempt, t.more->'approval' as approval,
    round(extract(epoch from t.due_at) * 1000)::float8 as "dueMs", (count(*) over ())::int as total
  from state_machine.task t join state_machine.run r using (run_id)
  where t.state = 'awaiting_approval'
    and (${dagId} = '' or r.dag_id = ${dagId}) and (${runId} = '' or t.run_id = ${runId})
  order by t.started_at, t.run_id, t.task_id, t.map_index limit ${limit}`;
