// ReportService: the delivery ledger for people and programs.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { authorize, implementation, type ServiceImplementation } from "@chasqui/chassis";
import { DeliveryState, ReportService } from "@chasqui/contracts";
import type { Sql } from "postgres";
import type { DeliveryState as State } from "./core/delivery.ts";
import { listDeliveries } from "./store/list-deliveries.ts";

const PAGE_DEFAULT = 1_000;
const PAGE_MAX = 10_000;

/** A mail that surely was not sent and waits is shown as claimed, with the reason. */
const STATES = {
  claimed: DeliveryState.CLAIMED,
  pending: DeliveryState.CLAIMED,
  sent: DeliveryState.SENT,
  left_out: DeliveryState.LEFT_OUT,
  failed: DeliveryState.FAILED,
  unconfirmed: DeliveryState.UNCONFIRMED,
} as const satisfies Record<State, DeliveryState>;

export function reportService(sql: Sql): ServiceImplementation {
  return implementation(ReportService, {
    async listDeliveries({ runId, report, period, pageSize }, context) {
      authorize(context.principal, "read", `report/${report}`);
      const limit = Math.min(pageSize === 0 ? PAGE_DEFAULT : pageSize, PAGE_MAX);
      const rows = await listDeliveries(sql, { runId, report, period, limit });
      return {
        deliveries: rows.map((row) => ({
          report: row.report,
          period: row.period,
          recipientKey: row.recipient_key,
          address: row.address,
          state: STATES[row.state],
          reason: row.reason,
          messageId: row.message_id ?? "",
          runId: row.run_id,
          time: timestampFromDate(row.changed_at),
        })),
      };
    },
  });
}
