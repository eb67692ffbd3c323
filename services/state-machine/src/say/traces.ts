// The trace of a run while it goes on: no span stays open across a wait. What is waited for, and the run's root, are
// written when they end, with their start time and ids derived from the run and the attempt, so that runners and mails
// can name their parents before those are written.
import type { SpanRecord, Telemetry } from "@chasqui/chassis";
import { formatTraceparent, parseTraceparent, spanIds, spansEndedBy } from "@chasqui/chassis";
import { slotNamed } from "@chasqui/machine";
import type { Recorded } from "@chasqui/machine";
import type { CachedRun, RunMeta } from "../core/aggregates.ts";

/** A list of ten thousand items is one traced run, but nobody reads thirty thousand spans: later instances have none. */
export const TRACED_INSTANCES_MAX = 100;
export const isInstanceTraced = (mapIndex: number): boolean => mapIndex < TRACED_INSTANCES_MAX;

/** A run that is not traced says so with one parent for all, made once: hashing an id per message is not free. */
const untraced = new WeakMap<RunMeta, string>();

/** The parent for whoever gets a message; `spanId` is asked only of what is traced. */
export function traceparentOf(meta: RunMeta, spanId: () => string, mapIndex = -1): string {
  if (meta.traced && isInstanceTraced(mapIndex))
    return formatTraceparent({ traceId: meta.traceId, spanId: spanId(), sampled: true });
  const known = untraced.get(meta);
  if (known !== undefined) return known;
  const made = formatTraceparent({
    traceId: meta.traceId,
    spanId: spanIds.run(meta.runId),
    sampled: false,
  });
  untraced.set(meta, made);
  return made;
}

/** Who said a message, if that was in the run's own trace. */
export function saidBy(meta: RunMeta, traceparent: string | undefined): string | undefined {
  const parent = parseTraceparent(traceparent);
  return parent?.traceId === meta.traceId ? parent.spanId : undefined;
}

/** Spans that the events of one commit end. */
export function spansOf({ meta, state }: CachedRun, events: readonly Recorded[]): SpanRecord[] {
  const { plan } = state;
  const known = {
    kindOf: (taskId: string) => plan.tasks[plan.indexOf.get(taskId) ?? -1]?.kind ?? "unknown",
    assignedMs: (of: { taskId: string; mapIndex: number }) =>
      state.tasks[slotNamed(state, of.taskId, of.mapIndex) ?? -1]?.assignedMs,
    reason: state.reason,
  };
  return events
    .filter(({ event }) => !("i" in event) || isInstanceTraced(event.i ?? -1))
    .flatMap((recorded) => spansEndedBy(meta, recorded, known));
}

export const emitAll = (telemetry: Telemetry, spans: readonly SpanRecord[]): void => {
  for (const span of spans) telemetry.emitSpan(span);
};
