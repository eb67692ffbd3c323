// What must hold of tasks that depend on the past: none begins before the same task ended well in the run before.
import type { Recorded, RunInit, RunState } from "../../libs/machine/src/index.ts";
import { endedWell, evolve, newRun } from "../../libs/machine/src/index.ts";
import type { ModelDatabase } from "./model-database.ts";
import { taskAt } from "./task-at.ts";

/** Whom a task waits for there: a version without it holds nobody back. */
export function endedWellIn(before: RunState, taskId: string): boolean {
  const task = taskAt(before, { taskId, mapIndex: -1 });
  return task === undefined || endedWell(task.status);
}

export function hasten(database: ModelDatabase): string | undefined {
  for (const [runId, { init, history }] of database.runs) {
    const { previousRunId } = init.facts;
    const before = previousRunId === undefined ? undefined : database.runs.get(previousRunId);
    if (before === undefined) continue;
    const held = init.plan.tasks.filter(({ dependsOnPast }) => dependsOnPast);
    for (const { id } of held) {
      const begun = history.find(({ event }) => event.type === "task_assigned" && event.t === id);
      if (begun === undefined || !before.init.plan.indexOf.has(id)) continue;
      if ((wellOf(before).get(id) ?? Infinity) > begun.atMs)
        return `H1 ${id} of run ${runId} began at ${begun.atMs}, before it ended well in run ${previousRunId ?? ""}`;
    }
  }
  return undefined;
}

interface Seen {
  readonly state: RunState;
  events: number;
  /** When each task that depends on the past ended well first. */
  readonly wellMs: Map<string, number>;
}
const known = new WeakMap<readonly Recorded[], Seen>();

/** What ends as the summary of its instances has no event of its own: so the history is followed. */
function wellOf({
  init,
  history,
}: {
  init: RunInit;
  history: readonly Recorded[];
}): Seen["wellMs"] {
  const seen = known.get(history) ?? { state: newRun(init), events: 0, wellMs: new Map() };
  known.set(history, seen);
  for (; seen.events < history.length; seen.events++) {
    const recorded = history[seen.events];
    if (recorded === undefined) continue;
    evolve(seen.state, recorded);
    for (const { id, dependsOnPast } of init.plan.tasks)
      if (dependsOnPast && !seen.wellMs.has(id) && endedWellIn(seen.state, id))
        seen.wellMs.set(id, recorded.atMs);
  }
  return seen.wellMs;
}
