// A DAG with its earlier names: whose runs and versions are its history.
import type { Sql } from "postgres";
import { ancestorsOf } from "../core/lineage.ts";
import type { Versions } from "./versions.ts";

/** No chain of renames is longer; a circle ends by itself. */
const STEPS_MAX = 20;

/** The DAG first, then its earlier names as its current version and theirs say. */
export async function lineageOf(
  sql: Sql,
  versions: Pick<Versions, "get">,
  dagId: string,
): Promise<string[]> {
  const was = new Map<string, readonly string[]>();
  let unknown = [dagId];
  for (let step = 0; unknown.length > 0 && step < STEPS_MAX; step++) {
    const rows = await sql<{ dag_id: string; fingerprint: string }[]>`
      select dag_id, fingerprint from state_machine.dag
      where dag_id = any(${unknown}::text[]) and number > 0`;
    for (const id of unknown) was.set(id, []);
    for (const row of rows)
      was.set(row.dag_id, (await versions.get(row.dag_id, row.fingerprint))?.spec.was ?? []);
    unknown = [...new Set([...was.values()].flat())].filter((id) => !was.has(id));
  }
  return [dagId, ...ancestorsOf(dagId, (id) => was.get(id))];
}
