// How a run ends. Green only if nothing red was left unhandled: a failed task is handled if it may fail, or if a
// task directly downstream with one_failed or all_failed succeeded; upstream_failed inherits the verdict of its cause.
// What a cancel left undone is red as well, when the run goes on after it.
import { TIMED_OUT } from "./evolve.ts";
import type { Named } from "./events.ts";
import { labelOf, nameOf } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { downstreamOf } from "./upstream.ts";

export interface Verdict {
  readonly state: "succeeded" | "failed" | "cancelled";
  readonly reason?: string;
}

export function verdictOf(state: RunState): Verdict {
  if (state.status === "cancelling")
    return {
      state: state.reason === TIMED_OUT ? "failed" : "cancelled",
      ...(state.reason === undefined ? {} : { reason: state.reason }),
    };
  const failed = unhandled(state);
  if (failed.length > 0) return { state: "failed", reason: `${listed(failed)} failed` };
  const cancelled = left(state, "cancelled");
  if (cancelled.length === 0) return { state: "succeeded" };
  return { state: "cancelled", reason: `${listed(cancelled)} cancelled and not done since` };
}

function listed(red: readonly Named[]): string {
  const shown = red
    .slice(0, 3)
    .map((name) => `\`${labelOf(name)}\``)
    .join(", ");
  const more = red.length > 3 ? ` and ${red.length - 3} more` : "";
  return `${red.length === 1 ? "task" : "tasks"} ${shown}${more}`;
}

/** The failed tasks and instances that nobody handled, in the plan's order. */
export const unhandled = (state: RunState): Named[] => left(state, "failed");

/** Of a run that was cancelled and reopened, some tasks may never have been done. */
function left(state: RunState, status: "failed" | "cancelled"): Named[] {
  return state.tasks
    .filter((task) => task.status === status && isUnhandled(state, task))
    .sort((a, b) => a.plan - b.plan || a.mapIndex - b.mapIndex)
    .map((task) => nameOf(state, task));
}

function isUnhandled(state: RunState, task: TaskState): boolean {
  const planned = state.plan.tasks[task.plan];
  if (task.isFrame || planned === undefined) return false;
  if (planned.allowFailure || planned.role === "teardown") return false;
  for (const slot of downstreamOf(state, task)) {
    const next = state.tasks[slot];
    const handler = next === undefined ? undefined : state.plan.tasks[next.plan];
    const canHandle =
      handler?.role === "work" && (handler.rule === "one_failed" || handler.rule === "all_failed");
    if (canHandle && next?.status === "succeeded") return false;
  }
  return true;
}
