// What the run of a tick is about and how it is called: its logical time, data interval and key.
import { occasionsOf } from "@chasqui/dag/time";
import type { KnownDag } from "./core/learn.ts";
import type { DueTick } from "./core/ticks.ts";
import type { TickOutcome, TickStart } from "./store/ticks.ts";

/** Or why the tick starts no run. */
export type StartOrReason = TickStart | { readonly reason: string };

/** `handledMs`: the due time before, as far as one was handled. */
export type TickStarts = (dueMs: number, handledMs: number) => StartOrReason;

const isoOf = (ms: number): string => new Date(ms).toISOString();

/** The key's template is compiled once. The expression language is loaded for DAGs that have one, and for no others. */
export async function tickStarts(dag: KnownDag): Promise<TickStarts> {
  const { timing, policy } = dag;
  if (timing === undefined) return () => ({ reason: "the clock starts no runs of this DAG" });
  const occasionOf = occasionsOf(timing, policy.runsFor);
  const keyOf = policy.key === undefined ? undefined : await renderer(dag, policy.key);
  return (dueMs, handledMs) => {
    const occasion = timing.continuous ? sinceLast(dueMs, handledMs) : occasionOf(dueMs);
    if (occasion === undefined)
      return { reason: "it opens the first interval, whose run comes at its end" };
    const { logicalMs, interval } = occasion;
    const key = keyOf === undefined ? isoOf(dueMs) : keyOf(occasion);
    if (typeof key !== "string") return key;
    return { logicalMs, intervalStartMs: interval.startMs, runKey: key };
  };
}

/** Due times with what their runs are about; those that start none are skipped. */
export function withStarts(
  ticks: readonly DueTick[],
  handledMs: number,
  starts: TickStarts,
): TickOutcome[] {
  let beforeMs = handledMs;
  return ticks.map((tick): TickOutcome => {
    const { dueMs, outcome, reason } = tick;
    const sinceMs = beforeMs;
    beforeMs = dueMs;
    if (outcome !== "firing") return { dueMs, outcome, reason };
    const start = starts(dueMs, sinceMs);
    if ("reason" in start) return { dueMs, outcome: "skipped", reason: start.reason };
    return { dueMs, outcome, start };
  });
}

/** A run that follows another is about what came since that one was due; the first about nothing. */
function sinceLast(dueMs: number, handledMs: number) {
  const startMs = handledMs === dueMs - 1 ? dueMs : handledMs;
  return { logicalMs: dueMs, interval: { startMs, endMs: dueMs } };
}

async function renderer(dag: KnownDag, template: string) {
  const { tickKeys } = await import("./tick-key.ts");
  return tickKeys(dag, template);
}
