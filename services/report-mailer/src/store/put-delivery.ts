// Writes one step of one recipient, if the row is still what the step was decided from.
// Invariant: of two writers that believed the same version exactly one succeeds, however they race.
import type { Sql } from "postgres";
import type { Delivery, DeliveryKey } from "../core/delivery.ts";

/** False when somebody else wrote meanwhile: load and decide again. */
export async function putDelivery(sql: Sql, key: DeliveryKey, next: Delivery): Promise<boolean> {
  const leaseMs = next.state === "claimed" ? next.leaseLeftMs : null;
  const written = await sql`
    insert into delivery (
      report, period, recipient_key, version, state, address, message_id, reason, evidence,
      lease_until, sent_at, run_id, task_id, attempt_id, changed_at)
    values (
      ${key.report}, ${key.period}, ${key.recipientKey}, ${next.version}, ${next.state},
      ${next.state === "left_out" ? "" : next.address},
      ${next.state === "left_out" ? null : next.messageId},
      ${"reason" in next ? next.reason : ""},
      ${sql.json("evidence" in next ? next.evidence : {})},
      clock_timestamp() + ${leaseMs}::int * interval '1 millisecond',
      ${next.state === "sent" ? sql`clock_timestamp()` : null},
      ${next.runId}, ${next.taskId}, ${next.attemptId}, clock_timestamp())
    on conflict (report, period, recipient_key) do update set
      version = excluded.version, state = excluded.state, address = excluded.address,
      message_id = excluded.message_id, reason = excluded.reason, evidence = excluded.evidence,
      lease_until = excluded.lease_until, sent_at = excluded.sent_at, run_id = excluded.run_id,
      task_id = excluded.task_id, attempt_id = excluded.attempt_id, changed_at = excluded.changed_at
    where delivery.version = excluded.version - 1`;
  return written.count === 1;
}
