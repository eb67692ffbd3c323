// The spans that the scheduler writes of what starts a run: the tick or the trigger, and the StartRun that it says.
import type { SpanLink, SpanRecord } from "../spans.ts";
import type { SpanTimes } from "./attempt-spans.ts";
import { spanIds } from "./span-ids.ts";

export interface TracedStart {
  readonly traceId: string;
  /** Of the tick or trigger. */
  readonly spanId: string;
  readonly runId: string;
  readonly dagId: string;
}

const about = ({ runId, dagId }: TracedStart) => ({
  "chasqui.run.id": runId,
  "chasqui.dag.id": dagId,
});

export function tickSpan(start: TracedStart, times: SpanTimes): SpanRecord {
  const { traceId, spanId } = start;
  return { traceId, spanId, name: "tick", kind: "internal", ...times, attributes: about(start) };
}

export function triggerSpan(
  start: TracedStart,
  of: {
    /** chasqui.trigger.<source> or chasqui.event.<what>: never an id. */
    readonly destination: string;
    readonly triggerId: string;
    readonly parentSpanId?: string | undefined;
    readonly links?: readonly SpanLink[];
  },
  times: SpanTimes,
): SpanRecord {
  const { destination, triggerId, parentSpanId, links = [] } = of;
  const { traceId, spanId } = start;
  return {
    ...{ traceId, spanId, parentSpanId, links },
    name: `process ${destination}`,
    kind: "consumer",
    ...times,
    attributes: {
      "messaging.system.name": "nats",
      "messaging.destination.name": destination,
      "messaging.operation.type": "process",
      "messaging.operation.name": "process",
      "messaging.message.id": triggerId,
      ...about(start),
    },
  };
}

/** The StartRun, said because of it. */
export function startSpan(start: TracedStart, startId: string, times: SpanTimes): SpanRecord {
  const destination = "chasqui.inbox.dag";
  return {
    traceId: start.traceId,
    spanId: spanIds.start(startId),
    parentSpanId: start.spanId,
    name: `publish ${destination}`,
    kind: "producer",
    ...times,
    attributes: {
      "messaging.system.name": "nats",
      "messaging.destination.name": destination,
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
      "messaging.message.id": startId,
      ...about(start),
    },
  };
}
