// Why a run as a whole does not go on: it has ended, waits for a slot of its DAG, or its DAG is paused.
import type { RunState } from "../run/state.ts";
import { isSettled } from "../run/state.ts";
import type { Cause, DagFacts, Surroundings } from "./explain.ts";

/** What holds up a run as a whole. */
export function ofRun(state: RunState, { dag }: Surroundings): Cause | undefined {
  if (isSettled(state.status)) return { kind: "settled", text: `the run has ${state.status}` };
  return state.status === "queued" ? admission(state.facts, dag) : undefined;
}

export function admission(
  { id, dagId }: { readonly id: string; readonly dagId: string },
  dag: DagFacts,
): Cause {
  if (dag.active.includes(id)) return { kind: "next", text: "the run has its slot and begins" };
  if (dag.paused) return { kind: "paused", text: `DAG ${dagId} is paused` };
  const [first = "another run"] = dag.active;
  return {
    kind: "admission",
    text: `${dag.active.length} of ${dag.maxActiveRuns} runs of DAG ${dagId} are active (max_active_runs); the oldest is ${first}`,
    ...(dag.active.length === 0 ? {} : { runId: first }),
  };
}
