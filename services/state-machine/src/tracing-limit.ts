// Which runs are traced: a budget that fills by so many runs a second, so that an ordinary installation traces
// everything and a flood does not pay for it. A run costs by its size, for so do its spans; one that costs more than a
// second's budget is not traced. Of a mapped task, whose size is known only later, the first instances are (say/traces.ts).
// A run whose cause is traced elsewhere and not sampled there is not traced here.
import { parseTraceparent } from "@chasqui/chassis";
import type { BatchContext } from "./core/batch.ts";

/** Tasks of a run that cost as much as a small run. */
const TASKS_PER_RUN = 100;

export function createTracingLimit(
  runsPerSecond: number,
  clock: () => number,
): BatchContext["isTraced"] {
  let budget = runsPerSecond;
  let filledMs = clock();
  return ({ traceparent }, taskCount) => {
    const parent = parseTraceparent(traceparent);
    if (parent !== undefined && !parent.sampled) return false;
    const nowMs = clock();
    budget = Math.min(runsPerSecond, budget + ((nowMs - filledMs) / 1_000) * runsPerSecond);
    filledMs = nowMs;
    const cost = Math.max(1, taskCount / TASKS_PER_RUN);
    if (budget < cost) return false;
    budget -= cost;
    return true;
  };
}
