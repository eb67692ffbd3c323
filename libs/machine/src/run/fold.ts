// A run's state from nothing but its history: time travel, replay and the audit of the rows.
import type { Json, Plan, RunFacts } from "../plan.ts";
import type { Recorded } from "./events.ts";
import { evolve } from "./evolve.ts";
import { noCounts } from "./rules.ts";
import type { RunState, TaskState } from "./state.ts";

export interface RunInit {
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly params: Json;
  readonly event: Json;
}

/** A run before its first event. */
export function newRun(init: RunInit): RunState {
  return {
    ...init,
    status: "queued",
    reason: undefined,
    startedMs: undefined,
    settledMs: undefined,
    lastMs: 0,
    wakeMs: undefined,
    settledBy: undefined,
    tasks: init.plan.tasks.map(newTask),
    unfinished: init.plan.tasks.length,
    ready: [],
  };
}

export const newTask = (): TaskState => ({
  status: "waiting",
  attempt: 0,
  sequence: 0,
  assignedMs: undefined,
  acceptedMs: undefined,
  startedMs: undefined,
  endedMs: undefined,
  dueMs: undefined,
  freeRepeats: 0,
  cause: "",
  cancelFor: undefined,
  failure: undefined,
  reason: undefined,
  link: undefined,
  output: undefined,
  upstream: noCounts(),
});

export function fold(init: RunInit, history: Iterable<Recorded>): RunState {
  const state = newRun(init);
  for (const recorded of history) evolve(state, recorded);
  dropStarted(state);
  return state;
}

/** `ready` still lists what decisions took from it; what is not waiting any more does not belong there. */
function dropStarted(state: RunState): void {
  const waiting = state.ready.filter((index) => state.tasks[index]?.status === "waiting");
  state.ready.splice(0, state.ready.length, ...waiting);
}
