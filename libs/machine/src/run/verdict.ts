// How a run ends. Green only if nothing red was left unhandled: a failed task is handled if it may fail, or if a
// task directly downstream with one_failed or all_failed succeeded; upstream_failed inherits the verdict of its cause.
import type { RunState } from "./state.ts";

export interface Verdict {
  readonly state: "succeeded" | "failed" | "cancelled";
  readonly reason?: string;
}

export function verdictOf(state: RunState): Verdict {
  if (state.status === "cancelling")
    return {
      state: isTimedOut(state) ? "failed" : "cancelled",
      ...(state.reason === undefined ? {} : { reason: state.reason }),
    };
  const red = unhandled(state);
  if (red.length === 0) return { state: "succeeded" };
  const shown = red
    .slice(0, 3)
    .map((id) => `\`${id}\``)
    .join(", ");
  const more = red.length > 3 ? ` and ${red.length - 3} more` : "";
  return {
    state: "failed",
    reason: `${red.length === 1 ? "task" : "tasks"} ${shown}${more} failed`,
  };
}

const isTimedOut = (state: RunState): boolean =>
  state.reason === "the run took longer than its timeout";

/** Ids of the failed tasks that nobody handled, in the plan's order. */
export function unhandled(state: RunState): string[] {
  return state.plan.tasks
    .filter((planned, index) => {
      if (state.tasks[index]?.status !== "failed" || planned.allowFailure) return false;
      return !planned.next.some((next) => {
        const rule = state.plan.tasks[next]?.rule;
        return (
          (rule === "one_failed" || rule === "all_failed") &&
          state.tasks[next]?.status === "succeeded"
        );
      });
    })
    .map((planned) => planned.id);
}
