// The scheduler's ledger and the runs, as their tables have them: all of it, without pages.
import type { World } from "@chasqui/sandbox";
import postgres from "postgres";

export interface LedgerRow {
  readonly dueMs: number;
  readonly outcome: string;
  readonly runId: string | null;
}

async function read<T>(world: World, ask: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(world.postgres.url("chasqui"), { max: 1, onnotice: () => {} });
  try {
    return await ask(sql);
  } finally {
    await sql.end();
  }
}

/** Every row of the tick ledger, by due time. */
export const ledgerOf = (world: World): Promise<LedgerRow[]> =>
  read(world, async (sql) => [
    ...(await sql<LedgerRow[]>`
        select (extract(epoch from due_at) * 1000)::float8 as "dueMs", outcome, run_id as "runId"
        from scheduler.tick order by due_at`),
  ]);

/** Every run there is, by its logical time. */
export const runsOf = (
  world: World,
): Promise<{ runId: string; logicalMs: number; state: string }[]> =>
  read(world, async (sql) => [
    ...(await sql<{ runId: string; logicalMs: number; state: string }[]>`
        select run_id as "runId", (extract(epoch from logical_at) * 1000)::float8 as "logicalMs", state
        from state_machine.run order by logical_at`),
  ]);
