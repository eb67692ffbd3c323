// A known DAG's due times as the core wants them. An interval's or cron's come from the DAG language's timetable;
// the one of `@once`, and the next of `@continuous`, from what is known about the DAG.
import { jitterOf, timetableOf } from "@chasqui/dag/time";
import type { KnownDag } from "./core/learn.ts";
import type { Timetable } from "./core/ticks.ts";

/** Undefined when the clock does not start it. Throws when its timing cannot be read; the message says why. */
export function timetableOfDag(
  dag: Pick<KnownDag, "dagId" | "timing" | "dynamicMs" | "policy">,
): Timetable | undefined {
  if (dag.timing === undefined) return undefined;
  const { next, excluded } = timetableOf(dag.timing, dag.dynamicMs);
  const { jitterMs = 0 } = dag.policy;
  return {
    next,
    excluded: (dueMs) => excluded(dueMs)?.why,
    jitterMs: (dueMs) => jitterOf(dag.dagId, dueMs, jitterMs),
  };
}
