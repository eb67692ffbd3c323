// Jaeger's query API in JSON, as its own interface reads it: `{data: [{traceID, spans, processes}]}`.
import { durationMicros, micros } from "./span.ts";
import type { Attributes, AttributeValue, SpanRecord } from "./span.ts";

interface Tag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64";
  readonly value: string | number | boolean;
}

export function jaegerTrace(trace: string, spans: readonly SpanRecord[]): unknown {
  const processes: Record<string, { serviceName: string; tags: Tag[] }> = {};
  const ids = new Map<string, string>();
  const processOf = (span: SpanRecord): string => {
    const key = JSON.stringify([span.service, span.resource]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = `p${ids.size + 1}`;
    ids.set(key, id);
    processes[id] = { serviceName: span.service, tags: tagsOf(span.resource) };
    return id;
  };
  return {
    traceID: trace,
    spans: spans.map((span) => jaegerSpan(span, processOf(span))),
    processes,
    warnings: null,
  };
}

function jaegerSpan(span: SpanRecord, processID: string): unknown {
  const parent = { refType: "CHILD_OF", traceID: span.trace, spanID: span.parent };
  return {
    traceID: span.trace,
    spanID: span.span,
    operationName: span.name,
    references: [
      ...(span.parent === "" ? [] : [parent]),
      ...span.links.map((link) => ({
        refType: "FOLLOWS_FROM",
        traceID: link.trace,
        spanID: link.span,
      })),
    ],
    startTime: micros(span.start),
    duration: Math.round(durationMicros(span)),
    tags: [...tagsOf(span.attributes), ...ownTags(span)],
    logs: span.events.map((event) => ({
      timestamp: micros(event.time),
      fields: [{ key: "event", type: "string", value: event.name }, ...tagsOf(event.attributes)],
    })),
    processID,
    warnings: null,
  };
}

function ownTags(span: SpanRecord): Tag[] {
  const tags: Tag[] = [];
  if (span.kind !== "unspecified")
    tags.push({ key: "span.kind", type: "string", value: span.kind });
  if (span.scope !== "") tags.push({ key: "otel.scope.name", type: "string", value: span.scope });
  if (span.status !== "unset") {
    tags.push({ key: "otel.status_code", type: "string", value: span.status.toUpperCase() });
  }
  if (span.status === "error") tags.push({ key: "error", type: "bool", value: true });
  if (span.message !== "") {
    tags.push({ key: "otel.status_description", type: "string", value: span.message });
  }
  return tags;
}

function tagsOf(attributes: Attributes): Tag[] {
  return Object.entries(attributes).map(([key, value]) => tagOf(key, value));
}

function tagOf(key: string, value: AttributeValue): Tag {
  if (typeof value === "string") return { key, type: "string", value };
  if (typeof value === "boolean") return { key, type: "bool", value };
  if (typeof value === "number") {
    return { key, type: Number.isInteger(value) ? "int64" : "float64", value };
  }
  return { key, type: "string", value: JSON.stringify(value) };
}
