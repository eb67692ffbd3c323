// How much of the ledger is not at its end: what a person should look at.
import type { Sql } from "postgres";

export async function countDeliveries(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql<{ state: string; count: number }[]>`
    select state, count(*)::int as count
    from delivery
    where state in ('claimed', 'pending', 'failed', 'unconfirmed')
    group by state`;
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
