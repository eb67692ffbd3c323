// Spans of this service: children of what was heard, and none for runs that are not traced.
import type { SpanRecord } from "@chasqui/chassis";
import { expect, test } from "vitest";
import { openSpan } from "./spans.ts";

const TRACE = "0123456789abcdef0123456789abcdef";
const PARENT = "fedcba9876543210";
const span = { name: "POST chat.update", kind: "client", attributes: { a: 1 } } as const;

test.each([
  ["sampled", `00-${TRACE}-${PARENT}-01`, true, 1],
  ["not sampled", `00-${TRACE}-${PARENT}-00`, true, 0],
  ["no collector", `00-${TRACE}-${PARENT}-01`, false, 0],
  ["no trace", undefined, true, 0],
])("%s", (_name, traceparent, enabled, count) => {
  const spans: SpanRecord[] = [];
  const open = openSpan({ enabled, emitSpan: (one) => void spans.push(one) }, traceparent, span);
  expect(spans).toEqual([]);
  open.end("why");
  expect(spans).toHaveLength(count);
  if (count === 0) return expect(open.traceparent).toBe(traceparent ?? "");
  expect(spans[0]).toMatchObject({ ...span, traceId: TRACE, parentSpanId: PARENT, error: "why" });
  expect(open.traceparent).toBe(`00-${TRACE}-${spans[0]?.spanId}-01`);
});
