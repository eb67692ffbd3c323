// What must hold of runs that tasks of other runs want: each is somebody's, once, and works only while it is waited for.
import type { Parent, RunState, TaskState } from "../../libs/machine/src/index.ts";
import { isOutside, isSettled, starterOf } from "../../libs/machine/src/index.ts";
import type { ModelDatabase } from "./model-database.ts";
import { taskAt } from "./task-at.ts";

export function strayChild(database: ModelDatabase): string | undefined {
  const childOf = new Map<string, string>();
  for (const runId of database.runs.keys()) {
    const state = database.state(runId);
    const starter = state === undefined ? undefined : starterOf(state);
    if (state === undefined || starter === undefined) continue;
    const wanted = `attempt ${starter.attempt} of ${starter.taskId} in run ${starter.runId}`;
    const other = childOf.get(wanted);
    if (other !== undefined) return `C1 ${wanted} has two children: ${other} and ${runId}`;
    childOf.set(wanted, runId);
    const task = taskOf(database, starter);
    if (task?.attempt === starter.attempt && task.child?.runId !== runId)
      return `C1 run ${runId} is the child of ${wanted}, which does not know it`;
    if (isOrphan(database, state, starter))
      return `C2 run ${runId} is ${state.status}, and nobody waits for it any more`;
  }
  return undefined;
}

/** An attempt that waits ends after its child; so whoever works has somebody who waits. */
const isOrphan = (database: ModelDatabase, state: RunState, starter: Parent): boolean =>
  starter.wait &&
  !isSettled(state.status) &&
  state.parents.every((parent) => {
    const task = taskOf(database, parent);
    return task?.attempt !== parent.attempt || !isOutside(task);
  });

const taskOf = (database: ModelDatabase, parent: Parent): TaskState | undefined =>
  taskAt(database.state(parent.runId), parent);
