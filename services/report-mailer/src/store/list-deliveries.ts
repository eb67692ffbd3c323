// The ledger for people and programs: by run, report or period, in a stable order.
import type { Sql } from "postgres";
import type { DeliveryRow } from "./delivery-row.ts";

export interface DeliveryFilter {
  /** Empty means every one; so for the others. */
  readonly runId: string;
  readonly report: string;
  readonly period: string;
  readonly limit: number;
}

export async function listDeliveries(sql: Sql, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return await sql<DeliveryRow[]>`
    select *, 0 as lease_left_ms
    from delivery
    where (${filter.runId} = '' or run_id = ${filter.runId})
      and (${filter.report} = '' or report = ${filter.report})
      and (${filter.period} = '' or period = ${filter.period})
    order by report, period, recipient_key
    limit ${filter.limit}`;
}
