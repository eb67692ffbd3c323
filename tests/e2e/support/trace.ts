// A run's trace as the collector answers it, reduced to what a test compares: spans with their service and parent.
import type { World } from "../../../libs/sandbox/src/index.ts";
import { getJson } from "./http.ts";

export interface Span {
  readonly traceId: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly service: string;
  readonly name: string;
}

interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly processID: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
}

interface JaegerTrace {
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

export async function spansOf({ sandbox }: World, traceId: string): Promise<Span[]> {
  const url = `${sandbox.otlp}/api/traces/${traceId}`;
  const { data } = await getJson<{ data: JaegerTrace[] }>(url);
  return data.flatMap(({ spans, processes }) =>
    spans.map((span) => ({
      traceId: span.traceID,
      id: span.spanID,
      parent: span.references.find(({ refType }) => refType === "CHILD_OF")?.spanID,
      service: processes[span.processID]?.serviceName ?? "unknown",
      name: span.operationName,
    })),
  );
}

/** Spans whose parent is not in the trace. */
export function orphansOf(spans: readonly Span[]): Span[] {
  const ids = new Set(spans.map(({ id }) => id));
  return spans.filter(({ parent }) => parent !== undefined && !ids.has(parent));
}

/** "service: name → service: name" of each parent and child in different services, once each, sorted. */
export function edgesOf(spans: readonly Span[]): string[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const edges = spans.flatMap((child) => {
    const parent = byId.get(child.parent ?? "");
    return parent === undefined || parent.service === child.service
      ? []
      : [`${parent.service}: ${parent.name} → ${child.service}: ${child.name}`];
  });
  return [...new Set(edges)].toSorted();
}
