// A SpanRecord as OpenTelemetry's exporters want to read it.
import { SpanKind, SpanStatusCode, TraceFlags, type HrTime, type Link } from "@opentelemetry/api";
import type { Attributes as OtelAttributes, SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Attributes, SpanKindName, SpanRecord } from "./spans.ts";

const kinds: Readonly<Record<SpanKindName, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

const scope = { name: "chasqui" };
const OK = { code: SpanStatusCode.UNSET };

export function readableSpanFrom(span: SpanRecord, resource: Resource): ReadableSpan {
  const context = contextOf(span.traceId, span.spanId);
  const endMs = Math.max(span.endMs, span.startMs); // clocks of two processes may disagree by a little
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(span.parentSpanId === undefined
      ? {}
      : { parentSpanContext: contextOf(span.traceId, span.parentSpanId) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - span.startMs),
    status: span.error === undefined ? OK : { code: SpanStatusCode.ERROR, message: span.error },
    attributes: attributesOf(span.attributes),
    links: (span.links ?? []).map((link): Link => ({
      context: contextOf(link.traceId, link.spanId),
      attributes: attributesOf(link.attributes),
    })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

/** Seconds and nanoseconds. Microseconds are all that a double of today's milliseconds can hold. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000) * 1_000];
}

function attributesOf(attributes: Attributes | undefined): OtelAttributes {
  const known: OtelAttributes = {};
  for (const [key, value] of Object.entries(attributes ?? {}))
    if (value !== undefined) known[key] = typeof value === "object" ? [...value] : value;
  return known;
}
