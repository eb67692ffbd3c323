// What an expression of this run may read, with the outputs of the tasks it names.
import type { Json, Scope } from "../plan.ts";
import { slotOf } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { unhandled, verdictOf } from "./verdict.ts";
import { labelOf } from "./slots.ts";

/** `task`: the slot whose expression it is; within a mapping it reads its own index. */
export function scopeOf(
  draft: RunState,
  named: readonly number[],
  { task, atMs }: { readonly task?: TaskState | undefined; readonly atMs: number },
): Scope {
  const tasks: Record<string, { state: string; output: Json }> = {};
  for (const plan of named) {
    const planned = draft.plan.tasks[plan];
    const read = planned === undefined ? undefined : readTask(draft, plan, task);
    if (planned !== undefined && read !== undefined) tasks[planned.id] = read;
  }
  return {
    run: draft.facts,
    atMs,
    params: draft.params,
    event: draft.event,
    tasks,
    ...itemOf(draft, task),
    ...exitOf(draft, task),
  };
}

/** The item and index of an instance. */
export function itemOf(
  draft: RunState,
  task: TaskState | undefined,
): { item?: Json; index?: number } {
  const mapper = task === undefined ? undefined : draft.plan.tasks[task.plan]?.mapper;
  if (task === undefined || task.mapIndex < 0 || mapper === undefined) return {};
  return { item: draft.tasks[mapper]?.items?.[task.mapIndex] ?? null, index: task.mapIndex };
}

export function exitOf(
  draft: RunState,
  task: TaskState | undefined,
): { exit?: { state: string; failedTasks: readonly string[] } } {
  if (task === undefined || draft.plan.tasks[task.plan]?.role !== "on_exit") return {};
  const failedTasks = unhandled(draft).map(labelOf);
  const ends = draft.status === "cancelling"; // as it will: failed when it took too long
  const state = ends ? verdictOf(draft).state : failedTasks.length > 0 ? "failed" : "succeeded";
  return { exit: { state, failedTasks } };
}

function readTask(
  draft: RunState,
  plan: number,
  reader: TaskState | undefined,
): { state: string; output: Json } | undefined {
  const mapper = draft.plan.tasks[plan]?.mapper;
  const isBeside =
    reader !== undefined &&
    mapper !== undefined &&
    draft.plan.tasks[reader.plan]?.mapper === mapper &&
    reader.plan !== plan;
  const slot = slotOf(draft, plan, isBeside ? reader.mapIndex : -1);
  const read = slot === undefined ? undefined : draft.tasks[slot];
  if (read === undefined) return undefined;
  return {
    state: read.status,
    output: read.isFrame ? outputsOf(draft, plan) : (read.output ?? null),
  };
}

/** The outputs of a mapped task, by index. */
function outputsOf(draft: RunState, plan: number): Json[] {
  const planned = draft.plan.tasks[plan];
  const mapping = planned?.mapper === undefined ? undefined : draft.maps.get(planned.mapper);
  const slots = mapping?.slots[planned?.member ?? 0] ?? [];
  return slots.slice(0, mapping?.count ?? 0).map((slot) => draft.tasks[slot]?.output ?? null);
}
