// What follows from a decision, as data; somebody else performs it after the commit.
// The rule for saying again: a redelivered message says again only what the *current* state still wants, of what it
// once caused. So nothing that was overtaken is ever said, and nothing that is still wanted is lost.
import type { Parent } from "./children.ts";
import type { Recorded, RunEvent } from "./events.ts";
import { hasMore } from "./go-on.ts";
import type { Stray, TaskRef } from "./messages.ts";
import { slotNamed } from "./slots.ts";
import type { CancelFor, Claim, RunState, TaskState } from "./state.ts";
import { isHeld, isOutside, isSettled } from "./state.ts";

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
      readonly taskId: string;
      readonly mapIndex: number;
      readonly attempt: number;
      readonly pool: string;
      /** Of what was granted though nobody wants it: which request that was. */
      readonly place?: number;
    }
  /** To the run before, and back: what became of a task there? */
  | {
      readonly kind: "ask_past";
      readonly slot: number;
      readonly attempt: number;
      readonly previousRunId: string;
    }
  | {
      readonly kind: "tell_past";
      readonly to: string;
      readonly task: string;
      /** Id of the question that it answers at once. */
      readonly asked?: string;
    }
  /** To the task of another run that started this one or waits for it: how it stands. */
  | { readonly kind: "tell_parent"; readonly parent: Parent }
  | { readonly kind: "continue" }
  | {
      readonly kind: "tell_dag";
      /** Id of the admission that it answers at once. */
      readonly asked?: string;
    }
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
    case "run_created":
      if (event.parent !== undefined) effects.push({ kind: "tell_parent", parent: event.parent });
      return;
    case "parent_joined":
    case "parent_left":
      return void effects.push({ kind: "tell_parent", parent: event.parent });
    case "run_settled":
      effects.push({ kind: "tell_dag" });
      return addParents(state, effects);
    case "run_reopened":
      return void effects.push({ kind: "ask_dag" });
    case "run_cancelling":
    case "run_timed_out":
      for (const task of state.tasks) addReleases(state, task, effects);
      return;
    case "tasks_cleared":
      for (const { t, i } of event.list)
        addReleases(state, state.tasks[slotNamed(state, t, i ?? -1) ?? -1], effects);
      return;
    case "task_held": {
      const effect = wantedOf(state, slotNamed(state, event.t, event.i ?? -1) ?? -1);
      if (effect !== undefined) effects.push(effect);
      return;
    }
    case "past_told":
      for (const to of event.to) effects.push({ kind: "tell_past", to, task: event.t });
      return;
    case "task_assigned":
    case "child_named":
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
      addReleases(state, state.tasks[slotNamed(state, event.t, event.i ?? -1) ?? -1], effects);
      return;
    }
    default:
      return;
  }
}

/** Whoever waits for the run is told; who only started it heard that it exists. */
function addParents(state: RunState, effects: RunEffect[]): void {
  for (const parent of state.parents)
    if (parent.wait) effects.push({ kind: "tell_parent", parent });
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

/** Who neither works nor is in line needs nothing of the pools that his last attempt asked. */
function addReleases(state: RunState, task: TaskState | undefined, effects: RunEffect[]): void {
  if (task === undefined || task.claims.length === 0) return;
  if (isOutside(task) || task.status === "queued") return;
  const { mapIndex, attempt, claims } = task;
  const taskId = state.plan.tasks[task.plan]?.id ?? "";
  for (const { pool } of claims) effects.push({ kind: "release", taskId, mapIndex, attempt, pool });
}

/** Attempts of a task that can have come and gone before a message comes again. */
const EARLIER_MAX = 10;

/** The next attempt may begin before a message comes again that ended an earlier one and never told its pools. */
function addEarlier(
  state: RunState,
  task: TaskState | undefined,
  named: number | undefined,
  effects: RunEffect[],
): void {
  if (task === undefined || task.claims.length === 0) return;
  const { mapIndex, claims } = task;
  const taskId = state.plan.tasks[task.plan]?.id ?? "";
  const last = Math.min(task.attempt - 1, named ?? Infinity);
  for (let attempt = named ?? Math.max(1, task.attempt - EARLIER_MAX); attempt <= last; attempt++)
    for (const { pool } of claims)
      effects.push({ kind: "release", taskId, mapIndex, attempt, pool });
}

/**
 * What a message that was decided before once caused and the state still wants. A message about one task, or attempt, can
 * only have released what that held.
 */
export function stillWanted(
  state: RunState,
  cause: string,
  about?: TaskRef & { readonly attempt?: number },
): RunEffect[] {
  const effects: RunEffect[] = [];
  const slot = about === undefined ? undefined : slotNamed(state, about.taskId, about.mapIndex);
  for (const task of about === undefined ? state.tasks : [state.tasks[slot ?? -1]]) {
    addReleases(state, task, effects);
    addEarlier(state, task, about?.attempt, effects);
  }
  for (const [slot, task] of state.tasks.entries()) {
    if (task.cause !== cause) continue;
    const effect = wantedOf(state, slot);
    if (effect !== undefined) effects.push(effect);
    const taskId = state.plan.tasks[task.plan]?.id ?? "";
    for (const to of task.told) effects.push({ kind: "tell_past", to, task: taskId });
  }
  if (state.settledBy === cause) {
    effects.push({ kind: "tell_dag" });
    addParents(state, effects);
  }
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

type Wanted = Exclude<Extract<RunEffect, { attempt: number }>, { kind: "release" }>;

/** What a slot wants of the outside now. */
function wantedOf(state: RunState, slot: number): Wanted | undefined {
  const task = state.tasks[slot];
  if (task === undefined) return undefined;
  const { attempt } = task;
  if (task.status === "assigned" && (task.acceptedMs === undefined || task.child !== undefined))
    return { kind: "assign", slot, attempt };
  const { previousRunId } = state.facts;
  if (isHeld(task))
    return previousRunId === undefined
      ? undefined
      : { kind: "ask_past", slot, attempt, previousRunId };
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
