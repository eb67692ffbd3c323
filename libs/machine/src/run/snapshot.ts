// A run's state as plain data in one canonical form: two states are equal when their snapshots are.
import { labelOf, nameOf } from "./slots.ts";
import type { RunState } from "./state.ts";
import { isSettled } from "./state.ts";

export function snapshotOf(state: RunState): unknown {
  const counts = !isSettled(state.status); // counters matter while the run goes on
  const label = (slot: number): string => {
    const task = state.tasks[slot];
    return task === undefined ? "" : labelOf(nameOf(state, task));
  };
  return {
    id: state.facts.id,
    status: state.status,
    reason: state.reason ?? null,
    startedMs: state.startedMs ?? null,
    settledMs: state.settledMs ?? null,
    lastMs: state.lastMs,
    wakeMs: state.wakeMs ?? null,
    settledBy: state.settledBy ?? null,
    parents: state.parents,
    unfinished: state.unfinished,
    active: state.active,
    ready: state.ready
      .filter((slot) => state.tasks[slot]?.status === "waiting")
      .map(label)
      .sort(),
    tasks: state.tasks
      .map(({ upstream, upstreamTotal, plan, ...task }) => ({
        id: state.plan.tasks[plan]?.id ?? "",
        ...Object.fromEntries(Object.entries(task).map(([key, value]) => [key, value ?? null])),
        // What is removed waits for nothing: it is counted anew when a longer list brings it back.
        upstream:
          counts && task.status !== "removed" ? { ...upstream, total: upstreamTotal } : null,
        mapIndex: task.mapIndex,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.mapIndex - b.mapIndex)),
  };
}
