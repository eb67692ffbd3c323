// What must hold of a DAG that is paused: what somebody orders comes about once, however often it is heard. And of one
// that pauses itself: it does with the N-th counted failure in a row, never before, and then
// nothing begins until somebody resumes it. Told from its history and the ends of its runs alone.
import { AUTO_PAUSE } from "../../libs/machine/src/index.ts";
import type { DagEvent } from "../../libs/machine/src/index.ts";
import type { ModelDatabase } from "./model-database.ts";

export function wronglyPaused(database: ModelDatabase): string | undefined {
  for (const [dagId, { dag, events, orders }] of database.dags) {
    const twice = orders.find((order) => orders.includes(`${order}:again`));
    if (twice !== undefined) return `D2 ${dagId}: ${twice} came about twice`;
    const { autoPauseAfter } = dag.facts;
    if (autoPauseAfter === 0) continue;
    const problem = walk(database, events, autoPauseAfter);
    if (problem !== undefined) return `D2 ${dagId} ${problem}`;
  }
  return undefined;
}

function walk(
  database: ModelDatabase,
  events: readonly DagEvent[],
  autoPauseAfter: number,
): string | undefined {
  let failures = 0;
  let isPaused = false;
  for (const event of events) {
    if (event.type === "paused_set") {
      if (event.by === AUTO_PAUSE && failures !== autoPauseAfter)
        return `paused itself after ${failures} failures: want ${autoPauseAfter}`;
      isPaused = event.paused;
      failures = 0;
      continue;
    }
    if (event.type === "run_failed") continue; // in the same commit, before it is paused
    if (failures >= autoPauseAfter) return `was not paused by failure ${failures}`;
    const begins = event.type === "run_admitted" || (event.type === "run_taken" && event.admitted);
    if (begins && isPaused) return `let run ${event.runId} begin while it was paused`;
    if (event.type === "run_released" && !isPaused)
      failures = failuresAfter(database, event.runId, failures);
  }
  return failures >= autoPauseAfter ? `was not paused by failure ${failures}` : undefined;
}

function failuresAfter(database: ModelDatabase, runId: string, failures: number): number {
  const cause = database.runs.get(runId)?.meta.causeKind;
  if (cause !== "schedule" && cause !== "trigger") return failures;
  const status = database.state(runId)?.status;
  if (status === "succeeded") return 0;
  return status === "failed" ? failures + 1 : failures;
}
