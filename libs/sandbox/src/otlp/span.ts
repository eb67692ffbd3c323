// A span as it is kept: one JSON line, whatever encoding it came in.

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanEvent {
  /** Nanoseconds since 1970, as text: above what a number holds. */
  readonly time: string;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface SpanLink {
  readonly trace: string;
  readonly span: string;
  readonly attributes: Attributes;
}

export interface SpanRecord {
  /** 32 hex digits. */
  readonly trace: string;
  /** 16 hex digits. */
  readonly span: string;
  /** Empty for a root. */
  readonly parent: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  /** Nanoseconds since 1970. */
  readonly start: string;
  readonly end: string;
  readonly status: "unset" | "ok" | "error";
  readonly message: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scope: string;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
export type SpanKind = (typeof KINDS)[number];

export function kindOf(number: number): SpanKind {
  return KINDS[number] ?? "unspecified";
}

export function statusOf(number: number): SpanRecord["status"] {
  return number === 2 ? "error" : number === 1 ? "ok" : "unset";
}

export function serviceOf(resource: Attributes): string {
  const name = resource["service.name"];
  return typeof name === "string" && name !== "" ? name : "unknown_service";
}

/** Microseconds since 1970, exact in a number until the year 2255. */
export function micros(nanos: string): number {
  return Number(BigInt(nanos) / 1_000n);
}

export function durationMicros(span: Pick<SpanRecord, "start" | "end">): number {
  return Math.max(0, Number(BigInt(span.end) - BigInt(span.start)) / 1_000);
}
