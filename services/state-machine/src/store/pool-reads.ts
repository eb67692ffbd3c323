// What people ask of pools.
import type { Sql } from "postgres";

export interface PoolSummary {
  readonly pool: string;
  readonly size: number;
  readonly declared: number | null;
  readonly used: number;
  readonly waiting: number;
}

const POOLS_MAX = 1_000;

/** The installation's own pools; with `limits` also those of DAGs' limits that somebody needs now. */
export const listPools = (sql: Sql, { limits }: { limits: boolean }): Promise<PoolSummary[]> =>
  sql<PoolSummary[]>`
    select p.pool, p.size, p.declared, coalesce(c.used, 0)::int as used, coalesce(c.waiting, 0)::int as waiting
    from state_machine.pool p
    left join (
      select pool, sum(taken) as used, count(*) filter (where granted_at is null) as waiting
      from state_machine.pool_claim group by pool) c using (pool)
    where position('/' in p.pool) = 0 or (${limits} and c.pool is not null)
    order by p.pool limit ${POOLS_MAX}`;

/** Names of the installation's own pools. */
export async function poolNames(sql: Sql): Promise<string[]> {
  const rows = await sql<{ pool: string }[]>`
    select pool from state_machine.pool where position('/' in pool) = 0 order by pool`;
  return rows.map((row) => row.pool);
}
