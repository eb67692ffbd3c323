// A row of the table as the core knows it.
import type { Delivery, DeliveryState } from "../core/delivery.ts";
import type { Facts } from "../core/facts.ts";

export interface IncidentRow {
  readonly incident_id: string;
  readonly run_id: string;
  readonly dag_id: string;
  readonly channel: string;
  readonly state: string;
  readonly title: string;
  readonly facts: Facts;
  readonly revision: number;
  readonly traceparent: string;
  readonly delivery: DeliveryState;
  readonly delivery_version: number;
  readonly posted_revision: number;
  readonly channel_id: string | null;
  readonly message_ts: string | null;
  /** By the database's clock, the one that all replicas share. */
  readonly lease_over: boolean;
  readonly claimed_at: Date | null;
  readonly failure_count: number;
  readonly reason: string;
  readonly opened_at: Date;
  readonly changed_at: Date;
  /** The channel's id, once some message of ours is in it. */
  readonly known_channel_id: string | null;
}

export function deliveryOf(row: IncidentRow): Delivery {
  const failureCount = row.failure_count;
  switch (row.delivery) {
    case "pending":
      return { state: row.delivery, failureCount };
    case "posting":
      return { state: row.delivery, failureCount, leaseOver: row.lease_over };
    case "posted": {
      if (row.channel_id === null || row.message_ts === null)
        throw new Error(`incident ${row.incident_id} is posted nowhere`);
      const at = { channelId: row.channel_id, messageTs: row.message_ts };
      return { state: row.delivery, failureCount, at, postedRevision: row.posted_revision };
    }
    default:
      return { state: row.delivery, failureCount, reason: row.reason };
  }
}
