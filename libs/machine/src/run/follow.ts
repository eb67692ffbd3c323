// What follows from a decision, as data; somebody else performs it after the commit.
// The rule for saying again: a redelivered message says again only what the *current* state still wants, of what it
// once caused. So nothing that was overtaken is ever said, and nothing that is still wanted is lost.
import type { Recorded, RunEvent } from "./events.ts";
import { hasMore } from "./go-on.ts";
import type { Stray } from "./messages.ts";
import { slotNamed } from "./slots.ts";
import type { CancelFor, Claim, RunState, TaskState } from "./state.ts";
import { isFinalTask, isSettled } from "./state.ts";

export type RunEffect =
  | { readonly kind: "assign"; readonly slot: number; readonly attempt: number }
  | {
      readonly kind: "cancel";
      readonly taskId: string;
      readonly mapIndex: number;
      readonly attempt: number;
      readonly reason: string;
    }
  /** To a pool: an attempt is in line for slots, or needs them no more. */
  | {
      readonly kind: "acquire";
      readonly slot: number;
      readonly attempt: number;
      readonly claim: Claim;
    }
  | {
      readonly kind: "release";
      readonly slot: number;
      readonly attempt: number;
      readonly claim: Claim;
    }
  | { readonly kind: "continue" }
  | { readonly kind: "tell_dag" }
  /** To the DAG: a settled run was reopened and wants a slot of its own again. */
  | { readonly kind: "ask_dag" };

/** What the new events cause. */
export function effectsOf(
  state: RunState,
  events: readonly Recorded[],
  strays: readonly Stray[],
): RunEffect[] {
  const effects: RunEffect[] = strays.map(strayEffect);
  for (const { event } of events) addEffects(state, event, effects);
  if (hasMore(state)) effects.push({ kind: "continue" });
  return effects;
}

function addEffects(state: RunState, event: RunEvent, effects: RunEffect[]): void {
  switch (event.type) {
    case "run_settled":
      return void effects.push({ kind: "tell_dag" });
    case "run_reopened":
      return void effects.push({ kind: "ask_dag" });
    case "run_cancelling":
    case "run_timed_out":
      for (const [slot, task] of state.tasks.entries()) addReleases(slot, task, effects);
      return;
    case "task_assigned":
    case "task_queued":
    case "slot_granted":
    case "task_cancelling": {
      const slot = slotNamed(state, event.t, event.i ?? -1);
      const effect = slot === undefined ? undefined : wantedOf(state, slot);
      if (effect !== undefined && effect.attempt === event.a && !isSaid(effects, effect))
        effects.push(effect);
      return;
    }
    case "task_succeeded":
    case "attempt_failed":
    case "task_cancelled":
    case "task_skipped":
    case "task_marked": {
      const slot = slotNamed(state, event.t, event.i ?? -1);
      const task = slot === undefined ? undefined : state.tasks[slot];
      if (slot !== undefined && task !== undefined) addReleases(slot, task, effects);
      return;
    }
    default:
      return;
  }
}

/** Of several events about one slot only the last state counts: it is said once. */
const isSaid = (effects: readonly RunEffect[], effect: RunEffect): boolean => {
  const last = effects.at(-1);
  return (
    last !== undefined &&
    "slot" in last &&
    "slot" in effect &&
    last.kind === effect.kind &&
    last.slot === effect.slot
  );
};

function addReleases(slot: number, task: TaskState, effects: RunEffect[]): void {
  if (task.claims.length === 0 || !(isFinalTask(task.status) || task.status === "retrying")) return;
  for (const claim of task.claims)
    effects.push({ kind: "release", slot, attempt: task.attempt, claim });
}

/** What a message that was decided before once caused and the state still wants. */
export function stillWanted(state: RunState, cause: string): RunEffect[] {
  const effects: RunEffect[] = [];
  for (const [slot, task] of state.tasks.entries()) {
    if (task.cause !== cause) continue;
    const effect = wantedOf(state, slot);
    if (effect !== undefined) effects.push(effect);
  }
  if (state.settledBy === cause) effects.push({ kind: "tell_dag" });
  if (isReopened(state)) effects.push({ kind: "ask_dag" });
  if (hasMore(state)) effects.push({ kind: "continue" });
  return effects;
}

/** It had begun, and waits for a slot of its DAG again. */
export const isReopened = (state: RunState): boolean =>
  state.status === "queued" && state.startedMs !== undefined;

/**
 * Everything the state wants now: for the sweeper. With `accepted`, assignments that a runner has taken over are said
 * again, too: after the loss of a stream nobody knows whether the runner's answer is among what was lost.
 */
export function allWanted(state: RunState, options: { readonly accepted: boolean }): RunEffect[] {
  const effects: RunEffect[] = [];
  for (const [slot, task] of state.tasks.entries()) {
    const isHeld =
      options.accepted &&
      !task.isFrame &&
      (task.status === "assigned" || task.status === "running");
    const effect = isHeld
      ? { kind: "assign" as const, slot, attempt: task.attempt }
      : wantedOf(state, slot);
    if (effect !== undefined) effects.push(effect);
  }
  if (isSettled(state.status)) effects.push({ kind: "tell_dag" });
  if (isReopened(state)) effects.push({ kind: "ask_dag" });
  if (hasMore(state)) effects.push({ kind: "continue" });
  return effects;
}

type Wanted = Extract<RunEffect, { attempt: number }>;

/** What a slot wants of the outside now. */
function wantedOf(state: RunState, slot: number): Wanted | undefined {
  const task = state.tasks[slot];
  if (task === undefined) return undefined;
  const { attempt } = task;
  if (task.status === "assigned" && task.acceptedMs === undefined)
    return { kind: "assign", slot, attempt };
  if (task.status === "queued") {
    const claim = task.claims[task.granted];
    return claim === undefined ? undefined : { kind: "acquire", slot, attempt, claim };
  }
  if (task.status !== "cancelling") return undefined;
  return {
    kind: "cancel",
    taskId: state.plan.tasks[task.plan]?.id ?? "",
    mapIndex: task.mapIndex,
    attempt,
    reason: reasonOf(task.cancelFor ?? "run"),
  };
}

const strayEffect = ({ taskId, mapIndex, attempt }: Stray): RunEffect => ({
  kind: "cancel",
  taskId,
  mapIndex,
  attempt,
  reason: "the attempt is not current any more",
});

const reasons: Readonly<Record<CancelFor, string>> = {
  run: "the run was cancelled",
  timeout: "the attempt took longer than it may",
  clear: "somebody wants the task done again",
  mark: "somebody said what the task is",
};
const reasonOf = (why: CancelFor): string => reasons[why];

/** May a runner go on with this attempt? Ended, superseded or unknown: no. */
export function isClaimable(state: RunState, { taskId, mapIndex, attempt }: Stray): boolean {
  const slot = slotNamed(state, taskId, mapIndex);
  const task = slot === undefined ? undefined : state.tasks[slot];
  return (
    task !== undefined &&
    task.attempt === attempt &&
    (task.status === "assigned" || task.status === "running")
  );
}
