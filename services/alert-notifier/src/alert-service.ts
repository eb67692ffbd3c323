// AlertService: incidents for people and programs.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { authorize, implementation, type ServiceImplementation } from "@chasqui/chassis";
import { AlertService } from "@chasqui/contracts";
import type { Sql } from "postgres";
import type { IncidentRow } from "./store/incident-row.ts";
import { listIncidents } from "./store/list-incidents.ts";

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

export function alertService(sql: Sql): ServiceImplementation {
  return implementation(AlertService, {
    async listIncidents({ runId, pageSize }, context) {
      authorize(context.principal, "read", `run/${runId === "" ? "*" : runId}`);
      const limit = Math.min(pageSize === 0 ? PAGE_DEFAULT : pageSize, PAGE_MAX);
      const rows = await listIncidents(sql, { runId, limit });
      return {
        incidents: rows.map((row) => ({
          incidentId: row.incident_id,
          runId: row.run_id,
          dagId: row.dag_id,
          channel: row.channel,
          state: row.state,
          title: row.title,
          messageTs: row.message_ts ?? "",
          time: timestampFromDate(row.changed_at),
          delivery: deliveryText(row),
        })),
      };
    },
  });
}

/** posted, pending, unconfirmed or failed, with the reason. */
export function deliveryText(
  row: Pick<IncidentRow, "delivery" | "reason" | "posted_revision" | "revision">,
): string {
  switch (row.delivery) {
    case "posted":
      return row.posted_revision < row.revision ? "posted, an edit is pending" : "posted";
    case "pending":
    case "posting":
      return "pending";
    case "refused":
      return `failed: ${row.reason}`;
    case "unconfirmed":
      return `unconfirmed: ${row.reason}`;
  }
}
