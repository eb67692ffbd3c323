// Incidents for people and programs, newest first.
import type { Sql } from "postgres";
import type { IncidentRow } from "./incident-row.ts";

export async function listIncidents(
  sql: Sql,
  filter: { readonly runId: string; readonly limit: number },
): Promise<IncidentRow[]> {
  return await sql<IncidentRow[]>`
    select *, false as lease_over, null as known_channel_id
    from incident
    where ${filter.runId} = '' or run_id = ${filter.runId}
    order by opened_at desc, incident_id
    limit ${filter.limit}`;
}

/** One incident, for who lost a race about it. */
export async function loadRow(sql: Sql, incidentId: string): Promise<IncidentRow | undefined> {
  const [row] = await sql<IncidentRow[]>`
    select *, coalesce(lease_until <= clock_timestamp(), true) as lease_over, null as known_channel_id
    from incident where incident_id = ${incidentId}`;
  return row;
}

/** How many are not shown as they are, by delivery state. */
export async function countUnshown(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql<{ delivery: string; count: number }[]>`
    select delivery, count(*)::int as count
    from incident
    where delivery <> 'posted' or posted_revision < revision
    group by delivery`;
  return Object.fromEntries(rows.map(({ delivery, count }) => [delivery, count]));
}
