// How a run ends. Green only if nothing red was left unhandled: a failed task is handled if it may fail, or if a
// task directly downstream with one_failed or all_failed succeeded; upstream_failed inherits the verdict of its cause.
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
  const red = unhandled(state);
  if (red.length === 0) return { state: "succeeded" };
  const shown = red
    .slice(0, 3)
    .map((name) => `\`${labelOf(name)}\``)
    .join(", ");
  const more = red.length > 3 ? ` and ${red.length - 3} more` : "";
  return {
    state: "failed",
    reason: `${red.length === 1 ? "task" : "tasks"} ${shown}${more} failed`,
  };
}

/** The failed tasks and instances that nobody handled, in the plan's order. */
export function unhandled(state: RunState): Named[] {
  return state.tasks
    .filter((task) => isUnhandled(state, task))
    .sort((a, b) => a.plan - b.plan || a.mapIndex - b.mapIndex)
    .map((task) => nameOf(state, task));
}

function isUnhandled(state: RunState, task: TaskState): boolean {
  const planned = state.plan.tasks[task.plan];
  if (task.status !== "failed" || task.isFrame || planned === undefined) return false;
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
