// The processing of an event, once in each trace that it belongs to. A run of several events, or one that Chasqui's
// own event started, is a trace of its own, linked to what caused it.
import { spanIds, triggerSpan } from "@chasqui/chassis";
import type { Telemetry, TraceParent } from "@chasqui/chassis";
import type { Trigger } from "./core/triggers.ts";
import { originOf } from "./starts.ts";
import type { Start } from "./starts.ts";

export interface Processed {
  /** chasqui.trigger.<source> or chasqui.event.<what>: never an id. */
  readonly destination: string;
  readonly parent: TraceParent | undefined;
  readonly causes: readonly TraceParent[];
  readonly startMs: number;
  readonly endMs: number;
}

const LINKS_MAX = 100;

export function writeSpans(
  telemetry: Telemetry,
  starts: readonly Start[],
  { destination, parent, causes, startMs, endMs }: Processed,
): void {
  const traces = new Map(starts.map((start) => [originOf(start)?.traceId, start]));
  for (const start of traces.values()) {
    const origin = originOf(start);
    if (origin?.sampled !== true || start.asked.kind !== "trigger") continue;
    const { trigger } = start.asked;
    const { runId, startRun } = start;
    const { dagId } = startRun;
    const traced = { traceId: origin.traceId, spanId: spanIds.trigger(trigger), runId, dagId };
    const links = causes.slice(0, LINKS_MAX);
    const of = { destination, triggerId: trigger.id, parentSpanId: parent?.spanId, links };
    telemetry.emitSpan(triggerSpan(traced, of, { startMs, endMs }));
  }
}

/** Where an event came from, without ids. */
export const destinationOf = ({ about, path }: Trigger): string =>
  about.kind === "event"
    ? `chasqui.trigger.${path.split(".", 1)[0] ?? ""}`
    : path.split(".", 3).join(".");
