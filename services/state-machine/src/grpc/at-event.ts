// Time travel: a run as it was after so many events, from its history alone.
import { RpcCode, RpcError } from "@chasqui/chassis";
import type { Json, Plan, Recorded, RunState, TaskState } from "@chasqui/machine";
import { fold } from "@chasqui/machine";
import type { RunRecord, TaskRecord } from "./view.ts";

export interface Then {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRecord[];
}

/** `now`: the run's row; what never changes about it is taken from there. `atEvent` counts from 1. */
export function runAtEvent(
  now: RunRecord,
  plan: Plan,
  history: readonly Recorded[],
  atEvent: number,
): Then {
  if (atEvent < 1 || atEvent > history.length)
    throw new RpcError(
      RpcCode.OUT_OF_RANGE,
      `run ${now.runId}: event ${atEvent}: want one from 1 to ${history.length}`,
    );
  const { runId: id, dagId, key, logicalAt } = now;
  const facts = { id, dagId, key, logicalMs: logicalAt.getTime() };
  const init = { plan, facts, params: now.params as Json, event: now.event as Json };
  const then = history.slice(0, atEvent);
  const state = fold(init, then);
  return {
    run: {
      ...now,
      state: state.status,
      reason: state.reason ?? null,
      startedAt: dateOf(state.startedMs),
      settledAt: dateOf(state.settledMs),
      parents: state.parents,
    },
    tasks: tasksOf(id, state, then),
  };
}

/** Outputs are in the events, not in the state. */
function tasksOf(runId: string, state: RunState, history: readonly Recorded[]): TaskRecord[] {
  const outputs = new Map<string, Json>();
  for (const { event } of history)
    if (event.type === "task_succeeded" && event.output !== undefined)
      outputs.set(`${event.t} ${event.i ?? -1}`, event.output);
  return state.tasks.map((task): TaskRecord => {
    const taskId = state.plan.tasks[task.plan]?.id ?? "";
    const isDone = task.status === "succeeded";
    const output = isDone ? (outputs.get(`${taskId} ${task.mapIndex}`) ?? null) : null;
    return { runId, taskId, ...rowOf(task), output };
  });
}

function rowOf(task: TaskState): Omit<TaskRecord, "runId" | "taskId" | "output"> {
  const { mapIndex, attempt, sequence, freeRepeats, cause } = task;
  return {
    mapIndex,
    state: task.status,
    attempt,
    sequence,
    freeRepeats,
    cause,
    cancelFor: task.cancelFor ?? null,
    assignedAt: dateOf(task.assignedMs),
    acceptedAt: dateOf(task.acceptedMs),
    startedAt: dateOf(task.startedMs),
    endedAt: dateOf(task.endedMs),
    dueAt: dateOf(task.dueMs),
    failure: task.failure ?? null,
    reason: task.reason ?? null,
    link: task.link ?? null,
    more: { items: task.items, child: task.child },
  };
}

const dateOf = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));
