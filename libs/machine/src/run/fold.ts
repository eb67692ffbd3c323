// A run's state from nothing but its history: time travel, replay and the audit of the rows.
import type { Json, Plan, RunFacts } from "../plan.ts";
import type { Recorded } from "./events.ts";
import { evolve } from "./evolve.ts";
import { newTask } from "./new-task.ts";
import type { RunState } from "./state.ts";

export interface RunInit {
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly params: Json;
  readonly event: Json;
}

/** A run before its first event. */
export function newRun(init: RunInit): RunState {
  const tasks = init.plan.tasks.map((planned, index) => ({
    ...newTask(index),
    upstreamTotal: planned.needs.length,
  }));
  return {
    ...init,
    status: "queued",
    reason: undefined,
    startedMs: undefined,
    settledMs: undefined,
    lastMs: 0,
    wakeMs: undefined,
    settledBy: undefined,
    parents: [],
    tasks,
    maps: new Map(),
    unfinished: tasks.length,
    active: 0,
    ready: [],
    isReadySorted: true,
    listening: new Set(),
    touched: new Set(),
  };
}

export function fold(init: RunInit, history: Iterable<Recorded>): RunState {
  const state = newRun(init);
  for (const recorded of history) evolve(state, recorded);
  dropStarted(state);
  state.touched.clear();
  return state;
}

/** `ready` still lists what decisions took from it; what is not waiting any more does not belong there. */
function dropStarted(state: RunState): void {
  const waiting = state.ready.filter((slot) => state.tasks[slot]?.status === "waiting");
  state.ready.splice(0, state.ready.length, ...waiting);
}
