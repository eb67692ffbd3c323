// Slots by name: a task of the plan, or one instance of it.
import type { Named } from "./events.ts";
import type { RunState, TaskState } from "./state.ts";

export function slotOf(draft: RunState, plan: number, mapIndex: number): number | undefined {
  if (mapIndex < 0) return plan;
  const planned = draft.plan.tasks[plan];
  if (planned?.mapper === undefined) return undefined;
  return draft.maps.get(planned.mapper)?.slots[planned.member]?.[mapIndex];
}

export function slotNamed(draft: RunState, taskId: string, mapIndex: number): number | undefined {
  const plan = draft.plan.indexOf.get(taskId);
  return plan === undefined ? undefined : slotOf(draft, plan, mapIndex);
}

/** How events name a slot. */
export function nameOf(draft: RunState, task: TaskState): Named {
  const t = draft.plan.tasks[task.plan]?.id ?? "";
  return task.mapIndex < 0 ? { t } : { t, i: task.mapIndex };
}

/** How people read it: `load`, `load[3]`. */
export const labelOf = ({ t, i }: Named): string => (i === undefined ? t : `${t}[${i}]`);
