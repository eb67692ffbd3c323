// What a service says about its work: spans and measurements, as plain data. No OpenTelemetry in here, so that
// a process without a collector never loads it.
import type { Part } from "./part.ts";

export type SpanKindName = "internal" | "server" | "client" | "producer" | "consumer";
export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes?: Attributes | undefined;
}

/** A span that has ended. The caller chose its ids, so it can be named before it is written, or written again. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  /** Operation and destination template; never an id. */
  readonly name: string;
  readonly kind: SpanKindName;
  /** Milliseconds since 1970, fractions welcome. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: Attributes | undefined;
  readonly links?: readonly SpanLink[] | undefined;
  /** Why it failed; absent when it did not. */
  readonly error?: string | undefined;
}

export interface Counter {
  add(value: number, attributes?: Attributes): void;
}

export interface Histogram {
  record(value: number, attributes?: Attributes): void;
}

export interface Telemetry extends Part {
  /** False without a collector: then nothing here costs anything. */
  readonly enabled: boolean;
  /** Hands an ended span of a sampled trace to the exporter. Never throws, never waits. */
  emitSpan(span: SpanRecord): void;
  /** A sum that rises. Names: `chasqui.<noun>.<what>`; units as UCUM: `{message}`, `By`. */
  counter(name: string, unit: string): Counter;
  /** A distribution; durations in seconds (`s`). */
  histogram(name: string, unit?: string): Histogram;
  /** A value that is read when metrics are sent. */
  gauge(name: string, unit: string, read: () => number): void;
  /** Sends what waits, within about two seconds. */
  flush(): Promise<void>;
}

/** Telemetry that goes nowhere. */
export const noTelemetry: Telemetry = {
  name: "telemetry",
  enabled: false,
  emitSpan() {},
  counter: () => ({ add() {} }),
  histogram: () => ({ record() {} }),
  gauge() {},
  flush: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};
