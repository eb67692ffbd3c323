// This service's spans: the event that was heard, and what was said to Slack because of it.
// Invariant: a run that is not sampled costs nothing here.
import {
  formatTraceparent,
  newSpanId,
  parseTraceparent,
  type Attributes,
  type SpanKindName,
  type Telemetry,
} from "@chasqui/chassis";

export interface OpenSpan {
  /** For what belongs to it; the parent's own when nothing is traced. */
  readonly traceparent: string;
  end(error?: string): void;
}

export function openSpan(
  telemetry: Pick<Telemetry, "enabled" | "emitSpan">,
  traceparent: string | undefined,
  span: { readonly name: string; readonly kind: SpanKindName; readonly attributes: Attributes },
): OpenSpan {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined || !parent.sampled || !telemetry.enabled)
    return { traceparent: traceparent ?? "", end() {} };
  const spanId = newSpanId();
  const startMs = Date.now();
  const { traceId } = parent;
  return {
    traceparent: formatTraceparent({ ...parent, spanId }),
    end(error) {
      const times = { startMs, endMs: Date.now() };
      telemetry.emitSpan({
        traceId,
        spanId,
        parentSpanId: parent.spanId,
        ...span,
        ...times,
        error,
      });
    },
  };
}
