// What a run does by itself after each message: start what became ready, and settle when nothing is left.
// A run starts at most ASSIGN_MAX tasks in one decision, so that one large run does not hold up the others;
// it goes on by a message to itself.
import type { Plan } from "../plan.ts";
import type { Emit } from "./emit.ts";
import { sortReady } from "./ready.ts";
import { startTask } from "./start-task.ts";
import type { RunState } from "./state.ts";
import { isFinalTask } from "./state.ts";
import { verdictOf } from "./verdict.ts";

export const ASSIGN_MAX = 1_000;

export function goOn(draft: RunState, emit: Emit, atMs: number): void {
  if (draft.status === "queued") return;
  const started = startReady(draft, emit, atMs, ASSIGN_MAX);
  const room = ASSIGN_MAX - started;
  if (startExits(draft, emit, atMs, room)) startReady(draft, emit, atMs, room); // the instances of a mapped one
  if (draft.unfinished > 0) return;
  const verdict = verdictOf(draft);
  emit({
    type: "run_settled",
    state: verdict.state,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
  });
}

/** Something could start now if one decision did not have its limit. */
export const hasMore = (state: RunState): boolean =>
  state.ready.length > 0 &&
  (state.status === "running" || state.status === "cancelling") &&
  hasRoom(state);

function hasRoom({ plan, active }: RunState): boolean {
  return plan.maxActiveTasks === 0 || active < plan.maxActiveTasks;
}

function startReady(draft: RunState, emit: Emit, atMs: number, max: number): number {
  sortReady(draft); // who goes first has the room that is left, and asks its pools first
  let next = 0; // an index, not shift(): a fan-out of 10,000 stays linear
  let started = 0;
  for (; next < draft.ready.length && started < max && hasRoom(draft); next++, started++) {
    const slot = draft.ready[next];
    if (slot !== undefined && draft.tasks[slot]?.status === "waiting")
      startTask(draft, slot, emit, atMs);
  }
  draft.ready.splice(0, next);
  return started;
}

/** Asked after every decision: looked for once in a plan, or a run of 10,000 tasks would look at each as often. */
function exitsOf(plan: Plan): readonly number[] {
  let exits = knownExits.get(plan);
  if (exits === undefined) {
    exits = plan.tasks.flatMap(({ role }, index) => (role === "on_exit" ? [index] : []));
    knownExits.set(plan, exits);
  }
  return exits;
}
const knownExits = new WeakMap<Plan, readonly number[]>();

/** On-exit tasks start when nothing else is left. Answers whether it was so. */
function startExits(draft: RunState, emit: Emit, atMs: number, room: number): boolean {
  if (draft.unfinished === 0 || draft.ready.length > 0) return false;
  const exits = exitsOf(draft.plan);
  if (exits.length < draft.unfinished) return false;
  const left = exits.filter((slot) => !isFinalTask(draft.tasks[slot]?.status ?? "removed"));
  if (left.length === 0 || left.length < draft.unfinished) return false;
  for (const slot of left.slice(0, Math.max(0, room)))
    if (draft.tasks[slot]?.status === "waiting" && hasRoom(draft))
      startTask(draft, slot, emit, atMs);
  return true;
}
