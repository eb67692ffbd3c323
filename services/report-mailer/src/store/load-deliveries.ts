// What the ledger says about recipients of one report and period.
import type { Sql } from "postgres";
import type { Delivery } from "../core/delivery.ts";
import { type DeliveryRow, parseDelivery } from "./delivery-row.ts";

export async function loadDeliveries(
  sql: Sql,
  about: { readonly report: string; readonly period: string; readonly keys: readonly string[] },
): Promise<Map<string, Delivery>> {
  const rows = await sql<DeliveryRow[]>`
    select *,
      greatest(0, ceil(extract(epoch from lease_until - clock_timestamp()) * 1000))::int as lease_left_ms
    from delivery
    where report = ${about.report} and period = ${about.period} and recipient_key = any(${[...about.keys]})`;
  return new Map(rows.map((row) => [row.recipient_key, parseDelivery(row)]));
}
