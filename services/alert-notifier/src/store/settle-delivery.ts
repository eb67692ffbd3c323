// Writes what became of a step with a row, and when row and channel are looked at again.
import type { Sql } from "postgres";
import type { Next } from "../core/delivery.ts";

export interface Settled {
  readonly incidentId: string;
  readonly channel: string;
  /** What the row's delivery_version must still be. */
  readonly version: number;
  readonly next: Next;
}

/** False when somebody else wrote meanwhile. */
export async function settleDelivery(
  sql: Sql,
  { incidentId, channel, version, next }: Settled,
): Promise<boolean> {
  const { delivery, rowAfterMs, channelAfterMs } = next;
  const at = delivery.state === "posted" ? delivery.at : undefined;
  const channelId = at?.channelId ?? null;
  const written = await sql`
    with told as (
      update channel
      set channel_id = coalesce(${channelId}, channel_id),
        next_post_at = greatest(next_post_at,
          clock_timestamp() + ${Math.ceil(channelAfterMs)}::int * interval '1 millisecond')
      where name = ${channel})
    update incident
    set delivery = ${delivery.state}, delivery_version = delivery_version + 1,
      posted_revision = ${delivery.state === "posted" ? sql`least(revision, ${delivery.postedRevision})` : 0},
      channel_id = ${channelId}, message_ts = ${at?.messageTs ?? null},
      failure_count = ${delivery.failureCount}, reason = ${"reason" in delivery ? delivery.reason : ""},
      next_at = clock_timestamp() + ${Math.ceil(rowAfterMs)}::int * interval '1 millisecond',
      lease_until = null
    where incident_id = ${incidentId} and delivery_version = ${version}`;
  return written.count === 1;
}
