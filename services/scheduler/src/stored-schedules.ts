// What is stored about DAGs, read page by page: ten thousand rows at once are a hundred megabytes for a moment.
import type { Sql } from "postgres";
import type { Registry } from "./registry.ts";
import { loadSchedules, loadSchedulesOf, toldSince } from "./store/schedules.ts";
import type { StoredDag } from "./store/schedules.ts";

type Put = (dags: readonly StoredDag[]) => void;

const PAGE_MAX = 200;

export async function loadAll(sql: Sql, put: Put): Promise<void> {
  for (let afterDagId: string | undefined = ""; afterDagId !== undefined;) {
    const page: StoredDag[] = await loadSchedules(sql, { afterDagId, limit: PAGE_MAX });
    put(page);
    afterDagId = page.at(-1)?.dagId;
  }
}

/** What other replicas learned since a moment; how far a known schedule has come is all that is read of it. */
export async function loadNewer(
  { sql, registry }: { readonly sql: Sql; readonly registry: Pick<Registry, "get"> },
  sinceMs: number,
  put: Put,
): Promise<void> {
  const newer = (await toldSince(sql, sinceMs)).flatMap(({ dagId, revision, handledMs }) => {
    const known = registry.get(dagId);
    if (known === undefined || known.dag.revision < revision) return [dagId];
    known.handled(handledMs);
    return [];
  });
  for (let first = 0; first < newer.length; first += PAGE_MAX)
    put(await loadSchedulesOf(sql, newer.slice(first, first + PAGE_MAX)));
}
