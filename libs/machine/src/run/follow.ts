// What follows from a decision, as data; somebody else performs it after the commit.
// The rule for saying again: a redelivered message says again only what the *current* state still wants, of what it
// once caused. So nothing that was overtaken is ever said, and nothing that is still wanted is lost.
import type { Recorded } from "./events.ts";
import type { Stray } from "./messages.ts";
import type { RunState } from "./state.ts";
import { isSettled } from "./state.ts";

export type RunEffect =
  | { readonly kind: "assign"; readonly task: number; readonly attempt: number }
  | {
      readonly kind: "cancel";
      readonly taskId: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: "continue" }
  | { readonly kind: "tell_dag" };

/** What the new events cause. */
export function effectsOf(
  state: RunState,
  events: readonly Recorded[],
  strays: readonly Stray[],
): RunEffect[] {
  const effects: RunEffect[] = strays.map(strayEffect);
  for (const { event } of events) {
    if (event.type === "task_assigned") {
      const task = state.plan.indexOf.get(event.t);
      if (task !== undefined && isWanted(state, task, event.a))
        effects.push({ kind: "assign", task, attempt: event.a });
    } else if (event.type === "task_cancelling") {
      effects.push({
        kind: "cancel",
        taskId: event.t,
        attempt: event.a,
        reason: reasonOf(event.for),
      });
    } else if (event.type === "run_settled") effects.push({ kind: "tell_dag" });
  }
  if (state.ready.length > 0 && state.status === "running") effects.push({ kind: "continue" });
  return effects;
}

/** What a message that was decided before once caused and the state still wants. */
export function stillWanted(state: RunState, cause: string): RunEffect[] {
  const effects: RunEffect[] = [];
  for (const [index, task] of state.tasks.entries()) {
    if (task.cause !== cause) continue;
    const effect = wantedOf(state, index);
    if (effect !== undefined) effects.push(effect);
  }
  if (state.settledBy === cause) effects.push({ kind: "tell_dag" });
  if (state.ready.length > 0 && state.status === "running") effects.push({ kind: "continue" });
  return effects;
}

/**
 * Everything the state wants now: for the sweeper. With `accepted`, assignments that a runner has taken over are said
 * again, too: after the loss of a stream nobody knows whether the runner's answer is among what was lost.
 */
export function allWanted(state: RunState, options: { readonly accepted: boolean }): RunEffect[] {
  const effects: RunEffect[] = [];
  for (const [index, task] of state.tasks.entries()) {
    const isHeld = options.accepted && (task.status === "assigned" || task.status === "running");
    const effect = isHeld
      ? { kind: "assign" as const, task: index, attempt: task.attempt }
      : wantedOf(state, index);
    if (effect !== undefined) effects.push(effect);
  }
  if (isSettled(state.status)) effects.push({ kind: "tell_dag" });
  if (state.ready.length > 0 && state.status === "running") effects.push({ kind: "continue" });
  return effects;
}

function wantedOf(state: RunState, index: number): RunEffect | undefined {
  const task = state.tasks[index];
  const planned = state.plan.tasks[index];
  if (task === undefined || planned === undefined) return undefined;
  if (isWanted(state, index, task.attempt))
    return { kind: "assign", task: index, attempt: task.attempt };
  if (task.status !== "cancelling") return undefined;
  return {
    kind: "cancel",
    taskId: planned.id,
    attempt: task.attempt,
    reason: reasonOf(task.cancelFor ?? "run"),
  };
}

/** An assignment is wanted while its attempt is current and no runner has accepted it. */
function isWanted(state: RunState, index: number, attempt: number): boolean {
  const task = state.tasks[index];
  return task?.status === "assigned" && task.acceptedMs === undefined && task.attempt === attempt;
}

const strayEffect = (stray: Stray): RunEffect => ({
  kind: "cancel",
  taskId: stray.taskId,
  attempt: stray.attempt,
  reason: "the attempt is not current any more",
});
const reasonOf = (why: "run" | "timeout"): string =>
  why === "run" ? "the run was cancelled" : "the attempt took longer than its timeout";

/** May a runner go on with this attempt? Ended, superseded or unknown: no. */
export function isClaimable(state: RunState, taskId: string, attempt: number): boolean {
  const index = state.plan.indexOf.get(taskId);
  const task = index === undefined ? undefined : state.tasks[index];
  return (
    task !== undefined &&
    task.attempt === attempt &&
    (task.status === "assigned" || task.status === "running")
  );
}
