// How a decision says what happened.
import { outlivesCancel } from "../plan.ts";
import type { RunEvent } from "./events.ts";
import { nameOf } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isOutside } from "./state.ts";

/** Collects events; each is applied to the draft as it is emitted. */
export type Emit = (event: RunEvent) => void;

/** The run that it wants was not told to end with its teardowns. */
export const hasChildAtWork = (task: TaskState): boolean =>
  task.child?.wait === true && isOutside(task) && !task.cancelNow;

/** Asks what may be at work outside to end; teardowns and on-exit tasks only when it is to be now. */
export function cancelOutside(draft: RunState, emit: Emit, { now }: { now: boolean }): void {
  for (const task of draft.tasks) {
    const planned = draft.plan.tasks[task.plan];
    if (planned === undefined || !isOutside(task)) continue;
    if (!now && outlivesCancel(planned)) continue;
    const passesOn = now && hasChildAtWork(task);
    if (task.status === "cancelling" && task.cancelFor === "run" && !passesOn) continue;
    const how = { for: "run" as const, ...(passesOn ? { now } : {}) };
    emit({ type: "task_cancelling", ...nameOf(draft, task), a: task.attempt, ...how });
  }
}
