// Opens an incident, or changes what it says, if it still says what the change was decided from.
import type { Sql } from "postgres";
import type { Asked, Facts } from "../core/facts.ts";
import type { IncidentState } from "../core/incident-state.ts";

export interface Changed {
  readonly incidentId: string;
  readonly channel: string;
  readonly asked: Asked;
  readonly facts: Facts;
  readonly state: IncidentState;
  readonly title: string;
  readonly traceparent: string;
  /** The new one; 1 opens it. */
  readonly revision: number;
}

/** False when somebody else changed it meanwhile: load and fold again. */
export async function putIncident(sql: Sql, next: Changed): Promise<boolean> {
  // As text: what postgres.js takes as JSON is typed narrower than plain data is.
  const facts = JSON.stringify(next.facts);
  const written =
    next.revision === 1
      ? await sql`
          with named as (
            insert into channel (name, next_post_at) values (${next.channel}, clock_timestamp())
            on conflict do nothing)
          insert into incident (
            incident_id, run_id, dag_id, channel, state, title, facts, asked, revision, traceparent,
            delivery, delivery_version, posted_revision, failure_count, reason, next_at, opened_at, changed_at)
          values (
            ${next.incidentId}, ${next.facts.run.runId}, ${next.facts.run.dagId}, ${next.channel},
            ${next.state}, ${next.title}, ${facts}::text::jsonb, ${sql.json({ ...next.asked })}, 1, ${next.traceparent},
            'pending', 1, 0, 0, '', clock_timestamp(), clock_timestamp(), clock_timestamp())
          on conflict do nothing`
      : await sql`
          update incident
          set state = ${next.state}, title = ${next.title}, facts = ${facts}::text::jsonb,
            asked = ${sql.json({ ...next.asked })}, revision = ${next.revision},
            traceparent = ${next.traceparent}, changed_at = clock_timestamp()
          where incident_id = ${next.incidentId} and revision = ${next.revision - 1}`;
  return written.count === 1;
}
