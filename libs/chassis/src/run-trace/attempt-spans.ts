// The spans that a runner writes of an attempt.
import { kindToken } from "@chasqui/contracts";
import type { SpanRecord } from "../spans.ts";
import type { AttemptOfRun } from "./run-spans.ts";
import { spanIds } from "./span-ids.ts";

export interface TracedAttempt extends AttemptOfRun {
  readonly runId: string;
  readonly attemptId: string;
}

/** Where in which trace. */
export interface SpanPlace {
  readonly traceId: string;
  readonly parentSpanId: string;
}

export interface SpanTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly error?: string | undefined;
}

const aboutAttempt = (ref: TracedAttempt) => ({
  "chasqui.run.id": ref.runId,
  "chasqui.task.id": ref.taskId,
  "chasqui.attempt": ref.attempt,
  ...(ref.mapIndex < 0 ? {} : { "chasqui.map.index": ref.mapIndex }),
});

const messaging = (ref: TracedAttempt, destination: string) => ({
  "messaging.system.name": "nats",
  "messaging.destination.name": destination,
  "messaging.message.id": ref.attemptId,
  ...aboutAttempt(ref),
});

/** One delivery of the assignment: of work that is done while it is held, the whole of it. */
export function deliverySpan(
  ref: TracedAttempt,
  of: { readonly kind: string; readonly deliveryCount: number },
  place: SpanPlace,
  times: SpanTimes,
): SpanRecord {
  const destination = `chasqui.task.${kindToken(of.kind)}.{attempt}`;
  return {
    ...place,
    ...times,
    spanId: spanIds.delivery(ref.attemptId, of.deliveryCount),
    name: `process ${destination}`,
    kind: "consumer",
    attributes: { ...messaging(ref, destination), "messaging.operation.type": "process" },
  };
}

/** What the attempt is outside. */
export function jobSpan(
  ref: TracedAttempt,
  kind: string,
  place: SpanPlace,
  times: SpanTimes,
): SpanRecord {
  return {
    ...place,
    ...times,
    endMs: Math.max(times.startMs, times.endMs),
    spanId: spanIds.job(ref.attemptId),
    name: `run ${kind}`,
    kind: "client",
    attributes: aboutAttempt(ref),
  };
}

export function updateSpan(
  ref: TracedAttempt,
  sequence: number,
  place: SpanPlace,
  times: SpanTimes,
): SpanRecord {
  const destination = "chasqui.inbox.update";
  return {
    ...place,
    ...times,
    spanId: spanIds.update(ref.attemptId, sequence),
    name: `publish ${destination}`,
    kind: "producer",
    attributes: { ...messaging(ref, destination), "messaging.operation.type": "send" },
  };
}
