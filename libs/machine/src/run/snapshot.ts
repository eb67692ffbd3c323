// A run's state as plain data in one canonical form: two states are equal when their snapshots are.
import type { RunState } from "./state.ts";

export function snapshotOf(state: RunState): unknown {
  const running = state.status === "running";
  return {
    id: state.facts.id,
    status: state.status,
    reason: state.reason ?? null,
    startedMs: state.startedMs ?? null,
    settledMs: state.settledMs ?? null,
    lastMs: state.lastMs,
    wakeMs: state.wakeMs ?? null,
    settledBy: state.settledBy ?? null,
    unfinished: state.unfinished,
    ready: state.ready
      .filter((index) => state.tasks[index]?.status === "waiting")
      .sort((a, b) => a - b),
    tasks: state.tasks.map(({ upstream, ...task }, index) => ({
      id: state.plan.tasks[index]?.id,
      ...Object.fromEntries(Object.entries(task).map(([key, value]) => [key, value ?? null])),
      upstream: running ? { ...upstream } : null, // counters matter to a running run alone
    })),
  };
}
