// depends_on_past: a task waits until it ended well in the run before. The run before is asked by a message, notes who
// asks, and tells him when the task succeeded or was skipped, be it after a person cleared it. Nobody polls, and a run
// that is reopened for that needs no free slot of its DAG, so the two never wait for each other.
import type { Emit } from "./emit.ts";
import type { RunDecision, RunMessage } from "./messages.ts";
import { moved, nothing } from "./messages.ts";
import { nameOf } from "./slots.ts";
import { goAhead } from "./start-task.ts";
import type { RunState } from "./state.ts";
import { endedWell, isHeld, isSettled } from "./state.ts";

export function decideAsked(
  draft: RunState,
  { task: asked, was = [], by }: Extract<RunMessage, { kind: "past_asked" }>,
  emit: Emit,
  cause: string,
): RunDecision {
  const taskId = [asked, ...was].find((id) => draft.plan.indexOf.has(id)) ?? asked;
  const task = draft.tasks[draft.plan.indexOf.get(taskId) ?? -1];
  if (task === undefined || endedWell(task.status))
    // an older version may not have had it
    return {
      ...{ kind: "nothing", why: `${taskId} is no obstacle`, strays: [] },
      answers: [{ kind: "tell_past", to: by, task: taskId, asked: cause }],
    };
  if (task.listeners.includes(by)) return nothing(`${by} is told when ${taskId} ends well`);
  emit({ type: "past_noted", ...nameOf(draft, task), by });
  return moved;
}

export function decidePastDone(
  draft: RunState,
  { task: taskId }: Extract<RunMessage, { kind: "past_done" }>,
  emit: Emit,
  atMs: number,
): RunDecision {
  if (isSettled(draft.status)) return nothing(`the run is ${draft.status}`);
  const held = draft.tasks.filter((task) => {
    const planned = draft.plan.tasks[task.plan];
    return isHeld(task) && (planned?.id === taskId || planned?.was?.includes(taskId) === true);
  });
  if (held.length === 0) return nothing(`${taskId} does not wait for the run before`);
  for (const task of held) {
    const planned = draft.plan.tasks[task.plan];
    if (planned !== undefined) goAhead(draft, task, planned, emit, atMs);
  }
  return moved;
}

/** After every decision: who waits for a task that has ended well is told. */
export function tellPast(draft: RunState, emit: Emit): void {
  for (const slot of [...draft.listening]) {
    const task = draft.tasks[slot];
    if (task !== undefined && endedWell(task.status))
      emit({ type: "past_told", ...nameOf(draft, task), to: task.listeners });
  }
}
