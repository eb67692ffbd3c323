// The spans of an attempt. Their ids are derived, so that a runner that starts anew goes on in the same trace and
// says no span twice; a run that is not sampled costs nothing here.
// Invariant: a parent that is named is a span that is, or will be, written by somebody.
import { formatTraceparent, parseTraceparent } from "@chasqui/chassis";
import { kindToken, spanIdOf } from "@chasqui/contracts";
import type { AttemptRef, Outcome } from "./attempt.ts";
import type { RunnerTelemetry } from "./ports.ts";

interface SpanOf {
  readonly ref: AttemptRef;
  readonly kind: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly error?: string | undefined;
}

const nothingToWrite = (): void => {};

export const tracing = (telemetry: RunnerTelemetry, now: () => number): Tracing =>
  new Tracing(telemetry, now);

export class Tracing {
  readonly #telemetry: RunnerTelemetry;
  readonly #now: () => number;

  constructor(telemetry: RunnerTelemetry, now: () => number) {
    this.#telemetry = telemetry;
    this.#now = now;
  }

  /** The span of one delivery of the assignment; undefined when nothing is traced. */
  deliverySpan(ref: AttemptRef, deliveryCount: number): string | undefined {
    return this.#parent(ref) === undefined ? undefined : deliverySpanId(ref, deliveryCount);
  }

  /** The span of the outside job; undefined when nothing is traced. */
  jobSpan(ref: AttemptRef): string | undefined {
    return this.#parent(ref) === undefined ? undefined : jobSpanId(ref);
  }

  /** The traceparent that says "a child of this span". */
  under(ref: AttemptRef, spanId: string | undefined): string | undefined {
    const parent = this.#parent(ref);
    return parent === undefined || spanId === undefined
      ? ref.traceparent
      : formatTraceparent({ ...parent, spanId });
  }

  wroteDelivery(span: SpanOf & { readonly deliveryCount: number }): void {
    const { ref, kind, startMs, endMs, error, deliveryCount } = span;
    const parent = this.#parent(ref);
    if (parent === undefined) return;
    const destination = `chasqui.task.${kindToken(kind)}.{attempt}`;
    this.#telemetry.emitSpan({
      traceId: parent.traceId,
      spanId: deliverySpanId(ref, deliveryCount),
      parentSpanId: parent.spanId,
      name: `process ${destination}`,
      kind: "consumer",
      startMs,
      endMs,
      attributes: { ...messaging(ref, destination), "messaging.operation.type": "process" },
      error,
    });
  }

  wroteJob({ ref, name, startMs, endMs, error }: SpanOf & { readonly name: string }): void {
    const parent = this.#parent(ref);
    if (parent === undefined) return;
    this.#telemetry.emitSpan({
      traceId: parent.traceId,
      spanId: jobSpanId(ref),
      parentSpanId: parent.spanId,
      name,
      kind: "client",
      startMs,
      endMs: Math.max(startMs, endMs),
      attributes: attributesOf(ref),
      error,
    });
  }

  /** Returns what the update carries, and what to call once it is stored. */
  update(
    ref: AttemptRef,
    of: { readonly parentSpanId: string | undefined; readonly sequence: number },
  ): { readonly traceparent: string | undefined; stored(startMs: number): void } {
    const parent = this.#parent(ref);
    if (parent === undefined) return { traceparent: ref.traceparent, stored: nothingToWrite };
    const spanId = spanIdOf(ref.attemptId, "update", of.sequence);
    const destination = "chasqui.inbox.update";
    return {
      traceparent: formatTraceparent({ ...parent, spanId }),
      stored: (startMs) =>
        this.#telemetry.emitSpan({
          traceId: parent.traceId,
          spanId,
          parentSpanId: of.parentSpanId ?? parent.spanId,
          name: `publish ${destination}`,
          kind: "producer",
          startMs,
          endMs: this.#now(),
          attributes: { ...messaging(ref, destination), "messaging.operation.type": "send" },
        }),
    };
  }

  #parent(ref: AttemptRef): ReturnType<typeof parseTraceparent> {
    if (!this.#telemetry.enabled) return undefined;
    const parent = parseTraceparent(ref.traceparent);
    return parent?.sampled === true ? parent : undefined;
  }
}

const jobSpanId = ({ attemptId }: AttemptRef): string => spanIdOf(attemptId, "job");
const deliverySpanId = ({ attemptId }: AttemptRef, deliveryCount: number): string =>
  deliveryCount > 1
    ? spanIdOf(attemptId, "process", deliveryCount)
    : spanIdOf(attemptId, "process");

function attributesOf(ref: AttemptRef): Record<string, string | number> {
  return {
    "chasqui.run.id": ref.runId,
    "chasqui.task.id": ref.taskId,
    "chasqui.attempt": ref.attempt,
    ...(ref.mapIndex < 0 ? {} : { "chasqui.map.index": ref.mapIndex }),
  };
}

function messaging(ref: AttemptRef, destination: string): Record<string, string | number> {
  return {
    "messaging.system.name": "nats",
    "messaging.destination.name": destination,
    "messaging.message.id": ref.attemptId,
    ...attributesOf(ref),
  };
}

/** What a span says about an outcome: nothing when it was good. */
export const errorOf = (outcome: Outcome): string | undefined =>
  outcome.state === "failed" ? `${outcome.failure.class}: ${outcome.failure.message}` : undefined;
