// Commits a batch in one statement and says who won. An error of the data itself is narrowed down by halves, so that
// one bad message harms only itself.
import { isDataError } from "@chasqui/chassis";
import type { Sql } from "postgres";
import type { Batch } from "../core/batch.ts";
import { statementFor } from "./commit.sql.ts";
import { parametersOf, rowsOf } from "./encode.ts";
import { poolKey } from "../core/aggregates.ts";

export interface Winners {
  readonly runs: ReadonlySet<string>;
  readonly dags: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
}

/** The statement refused the data of these aggregates; the others of the batch are committed. */
export interface Committed extends Winners {
  readonly refused: ReadonlyMap<string, string>;
}

type Changes = Pick<Batch, "runs" | "dags" | "pools">;

export async function commit(sql: Sql, changes: Changes): Promise<Committed> {
  const refused = new Map<string, string>();
  const winners = { runs: new Set<string>(), dags: new Set<string>(), pools: new Set<string>() };
  await commitPart(sql, changes, winners, refused);
  return { ...winners, refused };
}

async function commitPart(
  sql: Sql,
  changes: Changes,
  winners: { runs: Set<string>; dags: Set<string>; pools: Set<string> },
  refused: Map<string, string>,
): Promise<void> {
  if (changes.runs.size + changes.dags.size + changes.pools.size === 0) return;
  const rows = rowsOf(changes);
  const statement = statementFor(rows);
  try {
    const won = await sql.unsafe<{ kind: keyof typeof wonBy; id: string }[]>(
      statement.text,
      parametersOf(rows, statement.relations),
      { prepare: true },
    );
    for (const row of won) winners[wonBy[row.kind]].add(row.id);
  } catch (thrown) {
    if (!isDataError(thrown)) throw thrown;
    const parts = halves(changes);
    if (parts === undefined) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      const pools = [...changes.pools.keys()].map(poolKey);
      for (const id of [...changes.runs.keys(), ...changes.dags.keys(), ...pools])
        refused.set(id, why);
      return;
    }
    for (const part of parts) await commitPart(sql, part, winners, refused);
  }
}

const wonBy = { run: "runs", created: "runs", dag: "dags", pool: "pools" } as const;

/** A DAG and the runs it creates stay together: they are one commit. */
function halves({ runs, dags, pools }: Changes): [Changes, Changes] | undefined {
  const none: Changes = { runs: new Map(), dags: new Map(), pools: new Map() };
  const groups: Changes[] = [...dags].map(([dagId, change]) => ({
    ...none,
    dags: new Map([[dagId, change]]),
    runs: new Map([...runs].filter(([, run]) => run.created && run.run.meta.dagId === dagId)),
  }));
  for (const [runId, change] of runs)
    if (!change.created) groups.push({ ...none, runs: new Map([[runId, change]]) });
  for (const [pool, change] of pools) groups.push({ ...none, pools: new Map([[pool, change]]) });
  if (groups.length < 2) return undefined;
  const middle = groups.length >> 1;
  return [merge(groups.slice(0, middle)), merge(groups.slice(middle))];
}

const merge = (groups: readonly Changes[]): Changes => ({
  runs: new Map(groups.flatMap(({ runs }) => [...runs])),
  dags: new Map(groups.flatMap(({ dags }) => [...dags])),
  pools: new Map(groups.flatMap(({ pools }) => [...pools])),
});
