// Is a failed attempt repeated, when, and does it cost one of the task's retries?
import type { PlanTask } from "../plan.ts";
import type { Failure, TaskState } from "./state.ts";

/** Free repeats of attempts that never started; then they cost retries like any other. */
export const FREE_REPEATS_MAX = 5;
const FREE_BACKOFF_MS = 1_000;
const FREE_BACKOFF_MS_MAX = 60_000;
/** A wait is lengthened by up to a tenth, so that tasks that failed together do not come back together. */
const JITTER = 0.1;

export type Repeat =
  | { readonly kind: "repeat"; readonly atMs: number; readonly free: boolean }
  | { readonly kind: "fail" };

export function repeatOf(
  planned: PlanTask,
  task: Pick<TaskState, "attempt" | "freeRepeats">,
  failure: Failure,
  nowMs: number,
): Repeat {
  if (failure.permanent === true || failure.class === "config") return { kind: "fail" };
  const chance = jitterOf(`${planned.id}:${task.attempt}`);
  if (failure.neverStarted === true && task.freeRepeats < FREE_REPEATS_MAX) {
    const waitMs = Math.min(FREE_BACKOFF_MS_MAX, FREE_BACKOFF_MS * 2 ** task.freeRepeats);
    return { kind: "repeat", atMs: Math.round(nowMs + waitMs * (1 + JITTER * chance)), free: true };
  }
  const paid = task.attempt - task.freeRepeats; // attempts that counted, this one included
  if (paid > planned.retries.max) return { kind: "fail" };
  const { backoffMs, factor, backoffMsMax } = planned.retries;
  const waitMs = Math.min(backoffMsMax, backoffMs * Math.max(1, factor) ** (paid - 1));
  return { kind: "repeat", atMs: Math.round(nowMs + waitMs * (1 + JITTER * chance)), free: false };
}

/** A number in [0, 1) that depends on the text alone: chance is an argument, and replays are the same. */
export function jitterOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return (hash >>> 0) / 0x1_0000_0000;
}
