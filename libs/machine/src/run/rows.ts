// A run's state rebuilt from its rows. Tasks without a row have never left `waiting` (or were cancelled with their
// run before they did); counters, mappings and the ready list follow from the tasks, so they are never stored.
import { isInner } from "../plan.ts";
import { stayingInCancel } from "./evolve-run.ts";
import type { Parent } from "./children.ts";
import type { RunInit } from "./fold.ts";
import { newRun } from "./fold.ts";
import { growTo } from "./mapping.ts";
import { recount } from "./recount.ts";
import { slotNamed } from "./slots.ts";
import type { RunState, RunStatus, TaskState } from "./state.ts";
import { isSettled } from "./state.ts";

export interface RunRow {
  readonly status: RunStatus;
  readonly reason: string | undefined;
  readonly startedMs: number | undefined;
  readonly settledMs: number | undefined;
  readonly lastMs: number;
  readonly wakeMs: number | undefined;
  readonly settledBy: string | undefined;
  readonly parents: readonly Parent[];
}
export type TaskRow = { readonly taskId: string } & Omit<
  TaskState,
  "plan" | "isFrame" | "upstream" | "upstreamTotal"
>;

export function restore(init: RunInit, row: RunRow, taskRows: readonly TaskRow[]): RunState {
  const state = newRun(init);
  Object.assign(state, row);
  for (const taskRow of taskRows) if (taskRow.mapIndex < 0) take(state, taskRow);
  growMappings(state, taskRows);
  for (const taskRow of taskRows) if (taskRow.mapIndex >= 0) take(state, taskRow);
  for (const [mapper, mapping] of state.maps)
    mapping.count = state.tasks[mapper]?.items?.length ?? 0;
  if (state.status !== "queued" && state.status !== "running") cancelRest(state);
  for (const [slot, { listeners }] of state.tasks.entries())
    if (listeners.length > 0) state.listening.add(slot);
  recount(state);
  state.touched.clear();
  return state;
}

function take(state: RunState, { taskId, ...columns }: TaskRow): void {
  const slot = slotNamed(state, taskId, columns.mapIndex);
  const task = slot === undefined ? undefined : state.tasks[slot];
  if (task === undefined)
    throw new Error(`run ${state.facts.id}: row of unknown task ${taskId} ${columns.mapIndex}`);
  Object.assign(task, columns);
}

/** Instances: as many as there are items, and those of a longer list before, which have rows. */
function growMappings(state: RunState, taskRows: readonly TaskRow[]): void {
  const counts = new Map<number, number>();
  const atLeast = (mapper: number, count: number): void => {
    counts.set(mapper, Math.max(counts.get(mapper) ?? 0, count));
  };
  for (const [plan, { items }] of state.tasks.entries())
    if (items !== undefined) atLeast(plan, items.length);
  for (const { taskId, mapIndex } of taskRows) {
    const mapper = state.plan.tasks[state.plan.indexOf.get(taskId) ?? -1]?.mapper;
    if (mapIndex >= 0 && mapper !== undefined) atLeast(mapper, mapIndex + 1);
  }
  for (const [mapper, count] of counts) growTo(state, mapper, count);
}

/** Only a cancelled run can leave its untouched tasks behind; its one event cancelled them all. */
function cancelRest(state: RunState): void {
  const stays = isSettled(state.status) ? () => false : stayingInCancel(state);
  for (const task of state.tasks) {
    if (task.status !== "waiting") continue;
    const isOver = !stays(task);
    const planned = state.plan.tasks[task.plan];
    const isFrame =
      planned !== undefined &&
      isInner(planned, task.plan) &&
      task.mapIndex < 0 &&
      hasItems(state, planned.mapper);
    if (isOver && !isFrame) task.status = "cancelled";
  }
}

const hasItems = (state: RunState, mapper: number | undefined): boolean =>
  mapper !== undefined && state.tasks[mapper]?.items !== undefined;
