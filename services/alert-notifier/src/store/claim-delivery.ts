// Makes the next step with a row one process's own, and takes the channel's turn for it.
// Invariant: a row's first post is claimed before Slack hears of it, and by one process.
import type { Sql } from "postgres";
import type { IncidentRow } from "./incident-row.ts";

export interface Claim {
  readonly step: "post" | "edit" | "look_up";
  readonly leaseMs: number;
  readonly paceMs: number;
}

/** False when somebody else took the row or the channel's turn. */
export async function claimDelivery(
  sql: Sql,
  row: IncidentRow,
  { step, leaseMs, paceMs }: Claim,
): Promise<boolean> {
  const isPost = step === "post";
  const written = await sql`
    with turn as (
      update channel set next_post_at = clock_timestamp() + ${paceMs}::int * interval '1 millisecond'
      where name = ${row.channel} and next_post_at <= clock_timestamp()
      returning name)
    update incident i
    set delivery_version = delivery_version + 1,
      delivery = ${isPost ? "posting" : row.delivery},
      claimed_at = ${isPost ? sql`clock_timestamp()` : sql`claimed_at`},
      reason = ${isPost ? "" : row.reason},
      lease_until = clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'
    from turn
    where i.incident_id = ${row.incident_id} and i.delivery_version = ${row.delivery_version}
      and i.channel = turn.name`;
  return written.count === 1;
}
