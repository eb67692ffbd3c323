// The oldest incident that wants something of Slack now, and when the next one will.
import type { Sql } from "postgres";
import type { IncidentRow } from "./incident-row.ts";

export async function loadDue(sql: Sql): Promise<IncidentRow | undefined> {
  const [row] = await sql<IncidentRow[]>`
    select i.*, c.channel_id as known_channel_id,
      coalesce(i.lease_until <= clock_timestamp(), true) as lease_over
    from incident i join channel c on c.name = i.channel
    where (i.delivery <> 'posted' or i.posted_revision < i.revision)
      and i.next_at <= clock_timestamp()
      and c.next_post_at <= clock_timestamp()
      and coalesce(i.lease_until <= clock_timestamp(), true)
    order by i.opened_at, i.incident_id
    limit 1`;
  return row;
}

/** Milliseconds until something is due; undefined when nothing waits. */
export async function nextDueMs(sql: Sql): Promise<number | undefined> {
  const [row] = await sql<{ ms: number | null }[]>`
    select min(greatest(0, ceil(extract(epoch from
      greatest(i.next_at, c.next_post_at, coalesce(i.lease_until, i.next_at)) - clock_timestamp()) * 1000)))::float8 as ms
    from incident i join channel c on c.name = i.channel
    where i.delivery <> 'posted' or i.posted_revision < i.revision`;
  return row?.ms ?? undefined;
}
