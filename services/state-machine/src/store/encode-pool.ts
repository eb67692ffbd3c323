// Pools as the arrays of the statement, and rows as pools.
import type { PoolClaim, PoolState } from "@chasqui/machine";
import { poolRowOf, restorePool } from "@chasqui/machine";
import type { PoolChange } from "../core/batch.ts";
import type { Rows } from "./cells.ts";
import { clean, json } from "./cells.ts";

/** The first version is the clock's: a pool that is made again never meets a cache of its predecessor. */
export const nextVersionOf = ({ pool, atMs }: Pick<PoolChange, "pool" | "atMs">): number =>
  pool.version === 0 ? Math.round(atMs) : pool.version + 1;

export function addPool(rows: Rows, change: PoolChange): void {
  const { pool, atMs, sizes } = change;
  const { state, version } = pool;
  const { size, declared = null, asked, served, turns } = poolRowOf(state);
  const moving = [nextVersionOf(change), size, declared, asked, served, json(turns), atMs];
  rows.pool.push([state.pool, version, ...moving]);
  for (const attemptId of state.touched) {
    const claim = state.claims.get(attemptId);
    if (claim === undefined) rows.gone.push([state.pool, attemptId]);
    else rows.claim.push([state.pool, ...cellsOf(claim)]);
  }
  for (const { from, to, by, note, cause } of sizes) {
    const detail = json({ from, to });
    if (by !== "")
      rows.pool_audit.push([state.pool, clean(by), "pool_set", clean(note), detail, clean(cause)]);
  }
}

const cellsOf = (claim: PoolClaim) => [
  claim.attemptId,
  claim.runId,
  claim.dagId,
  claim.taskId,
  claim.mapIndex,
  claim.attempt,
  claim.slots,
  claim.taken,
  claim.priority,
  claim.order,
  claim.askedMs,
  claim.grantedMs ?? null,
];

/** A row of `pool` with its claims, as load.ts selects them. */
export interface PoolRecord {
  readonly pool: string;
  readonly version: number;
  readonly format: number;
  readonly size: number;
  readonly declared: number | null;
  readonly asked: number;
  readonly served: number;
  readonly turns: Readonly<Record<string, number>>;
  readonly claims: readonly ClaimRecord[] | null;
}
interface ClaimRecord {
  readonly attempt_id: string;
  readonly run_id: string;
  readonly dag_id: string;
  readonly task_id: string;
  readonly map_index: number;
  readonly attempt: number;
  readonly slots: number;
  readonly taken: number;
  readonly priority: number;
  readonly place: number;
  readonly asked_ms: number;
  readonly granted_ms: number | null;
}

export const poolOf = (row: PoolRecord): PoolState =>
  restorePool(
    {
      pool: row.pool,
      size: row.size,
      declared: row.declared ?? undefined,
      asked: row.asked,
      served: row.served,
      turns: row.turns,
    },
    (row.claims ?? []).map(claimOf),
  );

const claimOf = (row: ClaimRecord): PoolClaim => ({
  attemptId: row.attempt_id,
  runId: row.run_id,
  dagId: row.dag_id,
  taskId: row.task_id,
  mapIndex: row.map_index,
  attempt: row.attempt,
  slots: row.slots,
  taken: row.taken,
  priority: row.priority,
  order: row.place,
  askedMs: row.asked_ms,
  grantedMs: row.granted_ms ?? undefined,
});
