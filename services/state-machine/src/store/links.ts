// Which runs start which, of the DAGs that are there.
import type { DagLinks } from "@chasqui/dag";
import type { Sql } from "postgres";

/** Of the current versions that say anything; retired ones say nothing. */
export async function linkedDags(sql: Sql): Promise<DagLinks[]> {
  const rows = await sql<{ links: DagLinks }[]>`
    select links from state_machine.dag join state_machine.dag_spec using (dag_id, fingerprint)
    where number > 0 and not retired and links is not null`;
  return rows.map(({ links }) => links);
}
