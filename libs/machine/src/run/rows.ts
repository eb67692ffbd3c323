// A run's state rebuilt from its rows. Tasks without a row have never left `waiting` (or were cancelled with their
// run before they did); counters and the ready list follow from the tasks, so they are never stored.
import type { RunInit } from "./fold.ts";
import { newRun } from "./fold.ts";
import { addOutcome } from "./evolve.ts";
import { ruleVerdict } from "./rules.ts";
import type { RunState, RunStatus, TaskState } from "./state.ts";
import { isFinalTask } from "./state.ts";

export interface RunRow {
  readonly status: RunStatus;
  readonly reason: string | undefined;
  readonly startedMs: number | undefined;
  readonly settledMs: number | undefined;
  readonly lastMs: number;
  readonly wakeMs: number | undefined;
  readonly settledBy: string | undefined;
}
export type TaskRow = { readonly taskId: string } & Omit<TaskState, "upstream">;

export function restore(init: RunInit, row: RunRow, taskRows: readonly TaskRow[]): RunState {
  const state = newRun(init);
  Object.assign(state, row);
  for (const { taskId, ...columns } of taskRows) {
    const index = init.plan.indexOf.get(taskId);
    const task = index === undefined ? undefined : state.tasks[index];
    if (task === undefined) throw new Error(`run ${init.facts.id}: row of unknown task ${taskId}`);
    Object.assign(task, columns);
  }
  // Only a cancelled run can leave its untouched tasks behind; its one event cancelled them all.
  if (state.status !== "queued" && state.status !== "running") cancelRest(state);
  recount(state);
  return state;
}

function cancelRest(state: RunState): void {
  for (const task of state.tasks) if (task.status === "waiting") task.status = "cancelled";
}

function recount(state: RunState): void {
  const { plan, tasks } = state;
  state.unfinished = tasks.reduce((n, task) => (isFinalTask(task.status) ? n : n + 1), 0);
  if (state.status !== "running") return; // counters matter to a running run alone
  for (const [index, task] of tasks.entries()) {
    if (!isFinalTask(task.status)) continue;
    for (const next of plan.tasks[index]?.next ?? []) {
      const downstream = tasks[next];
      if (downstream !== undefined) addOutcome(downstream, task.status);
    }
  }
  for (const [index, task] of tasks.entries()) {
    const planned = plan.tasks[index];
    if (planned === undefined || task.status !== "waiting") continue;
    if (ruleVerdict(planned.rule, task.upstream, planned.needs.length) !== "wait")
      state.ready.push(index);
  }
}
