// What becomes of a failed attempt: is it repeated, when, and does it cost one of the task's retries?
import type { PlanTask, RetryRule } from "../plan.ts";
import type { Failure, TaskState } from "./state.ts";

/** Free repeats of attempts that never started; then they cost retries like any other. */
export const FREE_REPEATS_MAX = 5;
const FREE_BACKOFF_MS = 1_000;
const FREE_BACKOFF_MS_MAX = 60_000;
/** A wait is lengthened by up to a tenth, so that tasks that failed together do not come back together. */
const JITTER = 0.1;

export type Repeat =
  | {
      readonly kind: "repeat";
      readonly atMs: number;
      readonly free: boolean;
      readonly rule?: string;
    }
  | { readonly kind: "skip"; readonly rule: string }
  | { readonly kind: "fail"; readonly why?: string; readonly rule?: string };

type Attempts = Pick<TaskState, "mapIndex" | "attempt" | "attemptBase" | "freeRepeats" | "firstMs">;

/** Rules come first, then the failure's own word, then the policy; a rule never allows more than `max`. */
export function repeatOf(
  planned: PlanTask,
  task: Attempts,
  failure: Failure,
  nowMs: number,
): Repeat {
  const ruled = ruleOf(planned, task, failure);
  if (!ruled.ok) return { kind: "fail", why: ruled.message };
  const rule = ruled.value;
  const named = rule === undefined ? {} : { rule: rule.text };
  if (rule?.outcome === "skip") return { kind: "skip", rule: rule.text };
  if (rule?.outcome === "fail") return { kind: "fail", ...named };
  const isHopeless =
    failure.permanent === true || failure.class === "config" || failure.class === "rejected";
  if (isHopeless && rule === undefined) return { kind: "fail" };
  const chance = jitterOf(`${planned.id}:${task.mapIndex}:${task.attempt}`);
  const at = (waitMs: number): number => Math.round(nowMs + waitMs * (1 + JITTER * chance));
  if (failure.neverStarted === true && task.freeRepeats < FREE_REPEATS_MAX) {
    const waitMs = Math.min(FREE_BACKOFF_MS_MAX, FREE_BACKOFF_MS * 2 ** task.freeRepeats);
    return inTime(planned, task, { kind: "repeat", atMs: at(waitMs), free: true, ...named });
  }
  const paid = task.attempt - task.attemptBase - task.freeRepeats; // attempts that counted, this one included
  if (paid > planned.retries.max) return { kind: "fail", ...named };
  const { backoffMs, factor, backoffMsMax } = planned.retries;
  const waitMs =
    rule?.backoffMs ?? Math.min(backoffMsMax, backoffMs * Math.max(1, factor) ** (paid - 1));
  return inTime(planned, task, { kind: "repeat", atMs: at(waitMs), free: false, ...named });
}

/** A repeat that would begin after the time for all attempts together is none. */
function inTime(
  { totalTimeoutMs }: PlanTask,
  { firstMs }: Attempts,
  repeat: Extract<Repeat, { kind: "repeat" }>,
): Repeat {
  if (totalTimeoutMs === 0 || firstMs === undefined || repeat.atMs < firstMs + totalTimeoutMs)
    return repeat;
  return { kind: "fail", why: `no time for another attempt within ${totalTimeoutMs / 1000} s` };
}

type Ruled =
  | { readonly ok: true; readonly value: RetryRule | undefined }
  | { readonly ok: false; readonly message: string };

function ruleOf(planned: PlanTask, { attempt }: Attempts, failure: Failure): Ruled {
  for (const rule of planned.retries.rules) {
    const { class: failureClass, message, evidence } = failure;
    const holds = rule.when({
      attempt,
      failure: { class: failureClass, message, ...(evidence === undefined ? {} : { evidence }) },
    });
    if (!holds.ok) return { ok: false, message: `retry rule \`${rule.text}\`: ${holds.message}` };
    if (holds.value) return { ok: true, value: rule };
  }
  return { ok: true, value: undefined };
}

/** A number in [0, 1) that depends on the text alone: chance is an argument, and replays are the same. */
export function jitterOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return (hash >>> 0) / 0x1_0000_0000;
}
