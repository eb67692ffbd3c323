// The processing of an event, once in each trace that it belongs to. A run of several events, or one that Chasqui's
// own event started, is a trace of its own, linked to what caused it.
import type { Telemetry, TraceParent } from "@chasqui/chassis";
import type { Trigger } from "./core/triggers.ts";
import { originOf, triggerSpanId } from "./starts.ts";
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
    telemetry.emitSpan({
      startMs,
      endMs,
      traceId: origin.traceId,
      spanId: triggerSpanId(trigger),
      parentSpanId: parent?.spanId,
      links: causes.slice(0, LINKS_MAX),
      name: `process ${destination}`,
      kind: "consumer",
      attributes: {
        "messaging.system.name": "nats",
        "messaging.destination.name": destination,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.message.id": trigger.id,
        "chasqui.run.id": start.runId,
        "chasqui.dag.id": start.startRun.dagId,
      },
    });
  }
}

/** Where an event came from, without ids. */
export const destinationOf = ({ about, path }: Trigger): string =>
  about.kind === "event"
    ? `chasqui.trigger.${path.split(".", 1)[0] ?? ""}`
    : path.split(".", 3).join(".");
