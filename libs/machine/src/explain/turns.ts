// When a line comes to an end for somebody in it: of a run for a slot of its DAG, of a task for slots of a pool. Pure.
import type { PoolClaim } from "../pool/state.ts";
import { lineOf } from "../pool/state.ts";
import { nameOf } from "../run/slots.ts";
import type { RunState, TaskState } from "../run/state.ts";
import type { Forecasts } from "./expected.ts";
import type { Surroundings } from "./explain.ts";
import type { Taker, Turn } from "./forecast.ts";
import { turnOfLast } from "./forecast.ts";

export function forecastsOf(state: RunState, around: Surroundings): Forecasts {
  const { nowMs, durations, pastEnds } = around;
  const begins = state.status === "queued" ? admissionTurn(state, around) : undefined;
  return { nowMs, durations, pastEnds, begins, turnOf: (task) => poolTurn(state, task, around) };
}

/** A run that waits for a slot of its DAG: active ones end when runs of this DAG end, and some are before it. */
export function admissionTurn({ facts }: RunState, around: Surroundings): Turn | undefined {
  const { dag, runs, nowMs } = around;
  if (dag.active.includes(facts.id)) return { atMs: nowMs, runs: Infinity };
  if (dag.paused) return undefined;
  const { took, startedMs, before } = runs;
  const holders = dag.active.map((_, at) => {
    const sinceMs = startedMs[at];
    return { slots: 1, sinceMs, took: sinceMs === undefined ? undefined : took };
  });
  const line = Array.from({ length: before + 1 }, () => ({ slots: 1, took }));
  return turnOfLast({ size: dag.maxActiveRuns, holders, line }, nowMs);
}

function poolTurn(state: RunState, task: TaskState, around: Surroundings): Turn | undefined {
  const found = around.pools.get(task.claims[task.granted]?.pool ?? "");
  if (found === undefined || task.granted + 1 < task.claims.length) return undefined; // another line after this
  const takerOf = ({ dagId, taskId, mapIndex, slots, taken, grantedMs }: PoolClaim): Taker => ({
    slots: grantedMs === undefined ? slots : taken,
    sinceMs: grantedMs,
    took: around.tookOf(dagId, taskId, mapIndex >= 0),
  });
  const line = lineOf(found);
  const place = placeIn(line, state, task);
  if (place < 0) return undefined;
  const holders = [...found.claims.values()].filter(({ grantedMs }) => grantedMs !== undefined);
  const takers = { holders: holders.map(takerOf), line: line.slice(0, place + 1).map(takerOf) };
  return turnOfLast({ size: found.size, ...takers }, around.nowMs);
}

export const placeIn = (line: readonly PoolClaim[], state: RunState, task: TaskState): number =>
  line.findIndex(
    ({ runId, taskId, mapIndex }) =>
      runId === state.facts.id && taskId === nameOf(state, task).t && mapIndex === task.mapIndex,
  );
