// A mail's span and the headers that carry it.
import type { SpanRecord } from "@chasqui/chassis";
import { expect, test } from "vitest";
import { traceMails } from "./trace-mails.ts";

const TRACE = "0123456789abcdef0123456789abcdef";
const about = {
  ref: {
    attemptId: "att-1",
    runId: "run-1",
    taskId: "mail",
    mapIndex: -1,
    attempt: 1,
    traceparent: undefined,
  },
  host: "mail.example",
  port: 25,
};

function setup(enabled = true) {
  const spans: SpanRecord[] = [];
  return { spans, trace: traceMails({ enabled, emitSpan: (span) => void spans.push(span) }) };
}

test("a sampled run's mail has a CLIENT span, and its header names it", () => {
  const { spans, trace } = setup();
  const span = trace(`00-${TRACE}-0123456789abcdef-01`, about);
  span.end({ kind: "accepted", evidence: {} });
  expect(spans).toMatchObject([
    {
      traceId: TRACE,
      parentSpanId: "0123456789abcdef",
      name: "send mail",
      kind: "client",
      attributes: { "server.address": "mail.example", "chasqui.run.id": "run-1" },
      error: undefined,
    },
  ]);
  expect(span.headers).toEqual({ traceparent: `00-${TRACE}-${spans[0]?.spanId}-01` });
});

test("a doubt is an error of the span", () => {
  const { spans, trace } = setup();
  const result = { kind: "doubt", message: "closed", evidence: {} } as const;
  trace(`00-${TRACE}-0123456789abcdef-01`, about).end(result);
  expect(spans[0]?.error).toBe("closed");
});

test("a run that is not sampled has no span, but its mail carries the trace", () => {
  const { spans, trace } = setup();
  const span = trace(`00-${TRACE}-0123456789abcdef-00`, about);
  span.end({ kind: "accepted", evidence: {} });
  expect(spans).toEqual([]);
  expect(span.headers).toEqual({ traceparent: `00-${TRACE}-0123456789abcdef-00` });
  expect(trace(undefined, about).headers).toEqual({});
});
