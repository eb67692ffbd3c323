// A DAG with its earlier names: whose runs and versions are its history.
import type { Sql } from "postgres";
import type { NamedDag } from "../core/lineage.ts";
import { ancestorsOf } from "../core/lineage.ts";

/** No chain of renames is longer; a circle ends by itself. */
const STEPS_MAX = 20;

/** The DAG first, then its earlier names as its current version and theirs say. */
export async function lineageOf(sql: Sql, dagId: string): Promise<string[]> {
  const was = new Map<string, readonly string[]>();
  let unknown = [dagId];
  for (let step = 0; unknown.length > 0 && step < STEPS_MAX; step++) {
    const rows = await sql<NamedDag[]>`
      select dag_id as id, was from state_machine.dag join state_machine.dag_spec using (dag_id, fingerprint)
      where dag_id = any(${unknown}::text[]) and number > 0`;
    for (const id of unknown) was.set(id, []);
    for (const row of rows) was.set(row.id, row.was);
    unknown = [...new Set([...was.values()].flat())].filter((id) => !was.has(id));
  }
  return [dagId, ...ancestorsOf(dagId, (id) => was.get(id))];
}

/** Every DAG with the earlier names that its current version says. */
export const namedDags = (sql: Sql): Promise<(NamedDag & { readonly retired: boolean })[]> =>
  sql<(NamedDag & { readonly retired: boolean })[]>`
    select dag_id as id, retired, was from state_machine.dag join state_machine.dag_spec using (dag_id, fingerprint)
    where number > 0`;
