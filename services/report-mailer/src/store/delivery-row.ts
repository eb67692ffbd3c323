// A row of the table as the core knows it. The table's own checks make the states whole; a row that is not one of
// them is our own mistake.
import type { Delivery, DeliveryState, Evidence } from "../core/delivery.ts";

export interface DeliveryRow {
  readonly report: string;
  readonly period: string;
  readonly recipient_key: string;
  readonly version: number;
  readonly state: DeliveryState;
  readonly address: string;
  readonly message_id: string | null;
  readonly reason: string;
  readonly evidence: Evidence;
  readonly run_id: string;
  readonly task_id: string;
  readonly attempt_id: string;
  /** By the database's clock, the one that all replicas share. */
  readonly lease_left_ms: number;
  readonly changed_at: Date;
}

export function parseDelivery(row: DeliveryRow): Delivery {
  const common = {
    version: row.version,
    runId: row.run_id,
    taskId: row.task_id,
    attemptId: row.attempt_id,
  };
  if (row.state === "left_out") return { state: row.state, ...common, reason: row.reason };
  if (row.message_id === null)
    throw new Error(`delivery ${row.recipient_key} is ${row.state} without a Message-ID`);
  const mailed = { ...common, address: row.address, messageId: row.message_id };
  switch (row.state) {
    case "claimed":
      return { state: row.state, ...mailed, leaseLeftMs: row.lease_left_ms };
    case "sent":
      return { state: row.state, ...mailed, evidence: row.evidence };
    default:
      return { state: row.state, ...mailed, reason: row.reason, evidence: row.evidence };
  }
}
