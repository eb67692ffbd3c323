// Every stored run of a database again from nothing but its history, compared byte for byte with what lives: the state
// that a decider loads from the rows, and the run as people read it. Whoever finds a difference names the run.
import { create, toJsonString } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import { RunSchema } from "../../libs/contracts/src/index.ts";
import { sortKeys } from "../../libs/dag/src/index.ts";
import { fold, snapshotOf } from "../../libs/machine/src/index.ts";
import { runAtEvent } from "../../services/state-machine/src/grpc/at-event.ts";
import { historyEntries, recordedOf } from "../../services/state-machine/src/grpc/history.ts";
import { runView, taskViews } from "../../services/state-machine/src/grpc/view.ts";
import type { CachedRun } from "../../services/state-machine/src/core/aggregates.ts";
import { loadRuns } from "../../services/state-machine/src/store/load.ts";
import * as reads from "../../services/state-machine/src/store/reads.ts";
import { openVersions } from "../../services/state-machine/src/store/versions.ts";
import { faultsOfTrace } from "./rebuilt-trace.ts";

export interface Replayed {
  readonly runs: number;
  readonly events: number;
  /** The two texts of each run that is not what its history says. */
  readonly differences: readonly { runId: string; lives: string; replayed: string }[];
  /** What is wrong with the traces that their histories give. */
  readonly traceFaults: readonly string[];
}

/** `vars`: the environment's, as the state machine knows them. All is read as of one moment, whoever is at work. */
export async function replayAll(url: string, vars: JsonObject = {}): Promise<Replayed> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe("begin isolation level repeatable read, read only"); // of the one connection
    const versions = openVersions(sql, vars);
    const ids = await sql<{ run_id: string }[]>`select run_id from state_machine.run order by 1`;
    const { runs, newer } = await loadRuns(
      sql,
      versions,
      ids.map((row) => row.run_id),
    );
    if (newer.length > 0) throw new Error(`runs of a newer format: ${newer.join()}`);
    let events = 0;
    const differences: Replayed["differences"][number][] = [];
    const traceFaults: string[] = [];
    for (const run of runs) {
      const { lives, replayed, count, faults } = await bothOf(sql, run);
      traceFaults.push(...faults);
      events += count;
      if (lives !== replayed) differences.push({ runId: run.meta.runId, lives, replayed });
    }
    return { runs: runs.length, events, differences, traceFaults };
  } finally {
    await sql.end();
  }
}

async function bothOf(sql: Sql, { state, meta: { runId } }: CachedRun) {
  const db = drizzle(sql);
  const row = await reads.runById(db, runId);
  if (row === undefined) throw new Error(`run ${runId} is gone`);
  const stored = await reads.historyOf(db, runId);
  const history = recordedOf(stored);
  const { plan, facts, params, event } = state;
  const then = runAtEvent(row, plan, history, history.length);
  const view = runView(row, taskViews(row, plan, await reads.tasksOf(db, runId)));
  return {
    count: history.length,
    faults: faultsOfTrace(view, historyEntries(stored)),
    lives: textOf(snapshotOf(state), view),
    replayed: textOf(
      snapshotOf(fold({ plan, facts, params, event }, history)),
      runView(then.run, taskViews(then.run, plan, then.tasks)),
    ),
  };
}

/** PostgreSQL keeps JSON by its meaning, not by the order of its keys: so does this text. */
function textOf(snapshot: unknown, view: ReturnType<typeof runView>): string {
  const plain: JsonValue = JSON.parse(
    `{"state":${JSON.stringify(snapshot)},"view":${toJsonString(RunSchema, create(RunSchema, view))}}`,
  );
  return JSON.stringify(sortKeys(plain), undefined, 1);
}
