// The spans of an attempt. Their ids are derived, so that a runner that starts anew goes on in the same trace and
// says no span twice; a run that is not sampled costs nothing here.
// Invariant: a parent that is named is a span that is, or will be, written by somebody.
import {
  deliverySpan,
  formatTraceparent,
  jobSpan,
  parseTraceparent,
  spanIds,
  updateSpan,
} from "@chasqui/chassis";
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
    return this.#parent(ref) === undefined
      ? undefined
      : spanIds.delivery(ref.attemptId, deliveryCount);
  }

  /** The span of the outside job; undefined when nothing is traced. */
  jobSpan(ref: AttemptRef): string | undefined {
    return this.#parent(ref) === undefined ? undefined : spanIds.job(ref.attemptId);
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
    const of = { kind, deliveryCount };
    const place = { traceId: parent.traceId, parentSpanId: parent.spanId };
    this.#telemetry.emitSpan(deliverySpan(ref, of, place, { startMs, endMs, error }));
  }

  wroteJob({ ref, kind, startMs, endMs, error }: SpanOf): void {
    const parent = this.#parent(ref);
    if (parent === undefined) return;
    const place = { traceId: parent.traceId, parentSpanId: parent.spanId };
    this.#telemetry.emitSpan(jobSpan(ref, kind, place, { startMs, endMs, error }));
  }

  /** Returns what the update carries, and what to call once it is stored. */
  update(
    ref: AttemptRef,
    of: { readonly parentSpanId: string | undefined; readonly sequence: number },
  ): { readonly traceparent: string | undefined; stored(startMs: number): void } {
    const parent = this.#parent(ref);
    if (parent === undefined) return { traceparent: ref.traceparent, stored: nothingToWrite };
    const { parentSpanId = parent.spanId, sequence } = of;
    const place = { traceId: parent.traceId, parentSpanId };
    const spanId = spanIds.update(ref.attemptId, sequence);
    return {
      traceparent: formatTraceparent({ ...parent, spanId }),
      stored: (startMs) =>
        this.#telemetry.emitSpan(updateSpan(ref, sequence, place, { startMs, endMs: this.#now() })),
    };
  }

  #parent(ref: AttemptRef): ReturnType<typeof parseTraceparent> {
    if (!this.#telemetry.enabled) return undefined;
    const parent = parseTraceparent(ref.traceparent);
    return parent?.sampled === true ? parent : undefined;
  }
}

/** What a span says about an outcome: nothing when it was good. */
export const errorOf = (outcome: Outcome): string | undefined =>
  outcome.state === "failed" ? `${outcome.failure.class}: ${outcome.failure.message}` : undefined;
