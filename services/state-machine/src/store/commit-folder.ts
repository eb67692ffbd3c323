// Commits a change of a whole folder in one transaction: all of its DAGs or none. Every DAG that the change names is
// locked and must be as it was read, also those that it left as they were.
import type { Sql } from "postgres";
import type { DagChange } from "../core/batch.ts";
import { statementFor } from "./commit.sql.ts";
import { parametersOf, rowsOf } from "./encode.ts";

/** `read`: the versions that the decision was made from. False: some DAG moved meanwhile, and nothing was written. */
export async function commitFolder(
  sql: Sql,
  read: ReadonlyMap<string, number>,
  changes: ReadonlyMap<string, DagChange>,
): Promise<boolean> {
  return sql.begin(async (transaction) => {
    // In the order of ids, as every other commit locks: nobody waits in a circle.
    const rows = await transaction<{ dag_id: string; version: number }[]>`
      select dag_id, version from state_machine.dag where dag_id = any(${[...read.keys()]}::text[])
      order by dag_id for update`;
    const isAsRead =
      rows.length === read.size && rows.every((row) => read.get(row.dag_id) === row.version);
    if (!isAsRead || changes.size === 0) return isAsRead;
    const written = rowsOf({ runs: new Map(), dags: new Map(changes), pools: new Map() });
    const statement = statementFor(written);
    const won = await transaction.unsafe(
      statement.text,
      parametersOf(written, statement.relations),
      { prepare: true },
    );
    if (won.length !== changes.size)
      throw new Error(`${won.length} of ${changes.size} DAGs changed, though all were locked`);
    return true;
  });
}
