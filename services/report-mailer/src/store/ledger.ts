// The delivery ledger in PostgreSQL.
import type { Sql } from "postgres";
import type { Ledger } from "../ports/ledger.ts";
import { loadDeliveries } from "./load-deliveries.ts";
import { putDelivery } from "./put-delivery.ts";

export function postgresLedger(
  sql: Sql,
  about: { readonly report: string; readonly period: string },
): Ledger {
  return {
    load: (keys) => loadDeliveries(sql, { ...about, keys }),
    put: (recipientKey, next) => putDelivery(sql, { ...about, recipientKey }, next),
  };
}
