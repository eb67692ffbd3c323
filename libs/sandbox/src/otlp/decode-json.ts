// OTLP in JSON → spans and metric points: for senders without protobuf (curl, a shell in a pod).
import { at, listAt, numberAt, objectAt, textAt } from "../web/json.ts";
import type { MetricPoint } from "./metrics.ts";
import { kindOf, serviceOf, statusOf } from "./span.ts";
import type { Attributes, AttributeValue, SpanRecord } from "./span.ts";

export function spansFromJson(body: unknown): SpanRecord[] {
  return listAt(body, "resourceSpans").flatMap((resourceSpans) => {
    const resource = attributesAt(at(resourceSpans, "resource"));
    return listAt(resourceSpans, "scopeSpans").flatMap((scopeSpans) => {
      const scope = textAt(scopeSpans, "scope", "name") ?? "";
      return listAt(scopeSpans, "spans").map((span) => spanFromJson(span, resource, scope));
    });
  });
}

function spanFromJson(span: unknown, resource: Attributes, scope: string): SpanRecord {
  const hex = (...path: (string | number)[]) => (textAt(span, ...path) ?? "").toLowerCase();
  return {
    trace: hex("traceId"),
    span: hex("spanId"),
    parent: hex("parentSpanId"),
    name: textAt(span, "name") ?? "",
    kind: kindOf(
      enumAt(
        span,
        [
          "SPAN_KIND_UNSPECIFIED",
          "SPAN_KIND_INTERNAL",
          "SPAN_KIND_SERVER",
          "SPAN_KIND_CLIENT",
          "SPAN_KIND_PRODUCER",
          "SPAN_KIND_CONSUMER",
        ],
        "kind",
      ),
    ),
    service: serviceOf(resource),
    start: integerAt(span, "startTimeUnixNano"),
    end: integerAt(span, "endTimeUnixNano"),
    status: statusOf(
      enumAt(span, ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"], "status", "code"),
    ),
    message: textAt(span, "status", "message") ?? "",
    attributes: attributesAt(span),
    resource,
    scope,
    events: listAt(span, "events").map((event) => ({
      time: integerAt(event, "timeUnixNano"),
      name: textAt(event, "name") ?? "",
      attributes: attributesAt(event),
    })),
    links: listAt(span, "links").map((link) => ({
      trace: textAt(link, "traceId") ?? "",
      span: textAt(link, "spanId") ?? "",
      attributes: attributesAt(link),
    })),
  };
}

export function metricsFromJson(body: unknown): MetricPoint[] {
  return listAt(body, "resourceMetrics").flatMap((resourceMetrics) => {
    const service = serviceOf(attributesAt(at(resourceMetrics, "resource")));
    return listAt(resourceMetrics, "scopeMetrics")
      .flatMap((scopeMetrics) => listAt(scopeMetrics, "metrics"))
      .flatMap((metric) => pointsFromJson(metric, service));
  });
}

function pointsFromJson(metric: unknown, service: string): MetricPoint[] {
  const named = { service, name: textAt(metric, "name") ?? "", unit: textAt(metric, "unit") ?? "" };
  const points = (kind: "gauge" | "sum" | "histogram") =>
    listAt(metric, kind, "dataPoints").map((point) => ({
      ...named,
      kind,
      attributes: attributesAt(point),
      time: integerAt(point, "timeUnixNano"),
      ...(kind === "histogram"
        ? {
            value: numberAt(point, "sum") ?? 0,
            count: Number(integerAt(point, "count")),
            bounds: listAt(point, "explicitBounds").map(Number),
            buckets: listAt(point, "bucketCounts").map(Number),
          }
        : { value: numberAt(point, "asDouble") ?? Number(integerAt(point, "asInt")) }),
    }));
  return [...points("gauge"), ...points("sum"), ...points("histogram")];
}

function attributesAt(holder: unknown): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const entry of listAt(holder, "attributes")) {
    attributes[textAt(entry, "key") ?? ""] = anyValue(at(entry, "value"));
  }
  return attributes;
}

function anyValue(value: unknown): AttributeValue {
  const [kind, inner] = Object.entries(objectAt(value))[0] ?? [];
  switch (kind) {
    case "stringValue":
    case "bytesValue":
      return String(inner);
    case "boolValue":
      return inner === true;
    case "intValue":
    case "doubleValue":
      return Number(inner);
    case "arrayValue":
      return listAt(inner, "values").map(anyValue);
    case "kvlistValue": {
      const entries = listAt(inner, "values");
      return Object.fromEntries(
        entries.map((entry) => [textAt(entry, "key") ?? "", anyValue(at(entry, "value"))]),
      );
    }
    default:
      return null;
  }
}

/** A 64-bit number is text in JSON; a number is let pass. */
function integerAt(holder: unknown, key: string): string {
  const value = at(holder, key) ?? 0;
  return /^\d+$/.test(String(value)) ? String(value) : "0";
}

function enumAt(holder: unknown, names: readonly string[], ...path: string[]): number {
  const value = at(holder, ...path);
  return typeof value === "number" ? value : Math.max(0, names.indexOf(String(value)));
}
