// Commits a batch in one statement and says who won. An error of the data itself is narrowed down by halves, so that
// one bad message harms only itself.
import { isDataError } from "@chasqui/chassis";
import type { Sql } from "postgres";
import type { Batch } from "../core/batch.ts";
import { fullStatement, hotStatement } from "./commit.sql.ts";
import { parametersOf } from "./encode.ts";

export interface Winners {
  readonly runs: ReadonlySet<string>;
  readonly dags: ReadonlySet<string>;
}

/** The statement refused the data of these aggregates; the others of the batch are committed. */
export interface Committed extends Winners {
  readonly refused: ReadonlyMap<string, string>;
}

type Changes = Pick<Batch, "runs" | "dags">;

export async function commit(sql: Sql, changes: Changes): Promise<Committed> {
  const refused = new Map<string, string>();
  const winners = { runs: new Set<string>(), dags: new Set<string>() };
  await commitPart(sql, changes, winners, refused);
  return { ...winners, refused };
}

async function commitPart(
  sql: Sql,
  changes: Changes,
  winners: { runs: Set<string>; dags: Set<string> },
  refused: Map<string, string>,
): Promise<void> {
  if (changes.runs.size + changes.dags.size === 0) return;
  const statement = changes.dags.size === 0 ? hotStatement : fullStatement;
  try {
    const rows = await sql.unsafe<{ kind: "run" | "created" | "dag"; id: string }[]>(
      statement.text,
      parametersOf(changes, statement.relations),
      { prepare: true },
    );
    for (const row of rows) (row.kind === "dag" ? winners.dags : winners.runs).add(row.id);
  } catch (thrown) {
    if (!isDataError(thrown)) throw thrown;
    const parts = halves(changes);
    if (parts === undefined) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      for (const id of [...changes.runs.keys(), ...changes.dags.keys()]) refused.set(id, why);
      return;
    }
    for (const part of parts) await commitPart(sql, part, winners, refused);
  }
}

/** A DAG and the runs it creates stay together: they are one commit. */
function halves({ runs, dags }: Changes): [Changes, Changes] | undefined {
  const groups: Changes[] = [...dags].map(([dagId, change]) => ({
    dags: new Map([[dagId, change]]),
    runs: new Map([...runs].filter(([, run]) => run.created && run.run.meta.dagId === dagId)),
  }));
  for (const [runId, change] of runs)
    if (!change.created) groups.push({ dags: new Map(), runs: new Map([[runId, change]]) });
  if (groups.length < 2) return undefined;
  const middle = groups.length >> 1;
  return [merge(groups.slice(0, middle)), merge(groups.slice(middle))];
}

const merge = (groups: readonly Changes[]): Changes => ({
  runs: new Map(groups.flatMap(({ runs }) => [...runs])),
  dags: new Map(groups.flatMap(({ dags }) => [...dags])),
});
