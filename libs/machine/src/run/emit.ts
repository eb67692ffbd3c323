// How a decision says what happened.
import type { RunEvent } from "./events.ts";
import type { RunState } from "./state.ts";
import { isOutside } from "./state.ts";

/** Collects events; each is applied to the draft as it is emitted. */
export type Emit = (event: RunEvent) => void;

/** Asks everything that may be at work outside to end. */
export function cancelOutside(draft: RunState, emit: Emit): void {
  for (const [index, task] of draft.tasks.entries()) {
    const planned = draft.plan.tasks[index];
    if (planned !== undefined && isOutside(task.status))
      emit({ type: "task_cancelling", t: planned.id, a: task.attempt, for: "run" });
  }
}
