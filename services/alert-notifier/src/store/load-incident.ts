// What an incident says, for a notice that may change it.
import type { Sql } from "postgres";
import type { Facts } from "../core/facts.ts";

export interface Said {
  readonly facts: Facts;
  readonly revision: number;
}

export async function loadIncident(sql: Sql, incidentId: string): Promise<Said | undefined> {
  const [row] = await sql<Said[]>`
    select facts, revision from incident where incident_id = ${incidentId}`;
  return row;
}
