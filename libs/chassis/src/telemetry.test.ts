// Telemetry as a collector sees it: the real exporters against a small receiver.
import { context, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SpanRecord } from "./spans.ts";
import { noTelemetry } from "./spans.ts";
import { hasCollector, startTelemetry } from "./telemetry.ts";
import { startOtlpReceiver, type OtlpReceiver } from "./testing/otlp-receiver.ts";

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
  for (const key of Object.keys(process.env)) if (key.startsWith("OTEL_")) delete process.env[key];
  for (const api of [trace, metrics, context, propagation, diag]) api.disable();
});

const start = (env: Record<string, string> = {}) => {
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  return startTelemetry({ service: "scheduler", environment: "staging" });
};

const span: SpanRecord = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  name: "process chasqui.task.{kind}.{attempt}",
  kind: "consumer",
  startMs: 1_795_424_159_640.25,
  endMs: 1_795_424_160_000.5,
  attributes: {
    "messaging.system.name": "nats",
    "chasqui.attempt": 2,
    "chasqui.share": 0.5,
    "chasqui.mapped": false,
    "chasqui.tasks": ["a", "b"],
    "chasqui.absent": undefined,
  },
  links: [{ traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "53995c3f42cd8ad8" }],
  error: "exit code 3",
};

test("a span arrives as it was told: ids, times, attributes, links, error, resource", async () => {
  const telemetry = await start();
  telemetry.emitSpan(span);
  await telemetry.flush();
  expect(receiver.spans).toEqual([
    {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      name: span.name,
      kind: 5,
      startMs: expect.closeTo(span.startMs, 2),
      endMs: expect.closeTo(span.endMs, 2),
      attributes: {
        "messaging.system.name": "nats",
        "chasqui.attempt": 2,
        "chasqui.share": 0.5,
        "chasqui.mapped": false,
        "chasqui.tasks": ["a", "b"],
      },
      links: span.links,
      error: "exit code 3",
      resource: expect.objectContaining({
        "service.name": "scheduler",
        "service.namespace": "chasqui",
        "deployment.environment.name": "staging",
      }),
    },
  ]);
  await telemetry.stop(2_000);
});

test("OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win", async () => {
  const telemetry = await start({
    OTEL_SERVICE_NAME: "scheduler-blue",
    OTEL_RESOURCE_ATTRIBUTES: "service.version=1.4,k8s.pod.name=scheduler-0",
  });
  telemetry.emitSpan(span);
  await receiver.until(() => receiver.spans.length > 0);
  await telemetry.stop(2_000);
  expect(receiver.spans[0]?.resource).toMatchObject({
    "service.name": "scheduler-blue",
    "service.version": "1.4",
    "k8s.pod.name": "scheduler-0",
  });
});

test("ten seconds of 20 runs of 30 spans a second, all at once, lose nothing", async () => {
  const telemetry = await start();
  const ids = Array.from({ length: 6_000 }, (_, i) => (i + 1).toString(16).padStart(16, "0"));
  for (const spanId of ids) telemetry.emitSpan({ ...span, spanId });
  await receiver.until(() => receiver.spans.length === ids.length);
  expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(ids.length);
  await telemetry.stop(2_000);
});

test("metrics arrive with their units: counters, histograms, gauges, and what was lost", async () => {
  const telemetry = await start();
  telemetry.counter("chasqui.message.sent", "{message}").add(3, { stream: "CHASQUI_INBOX" });
  telemetry.histogram("chasqui.edge.duration").record(0.0012);
  telemetry.gauge("chasqui.queue.depth", "{task}", () => 7);
  await telemetry.flush();
  expect(Object.fromEntries(receiver.metrics)).toEqual({
    "chasqui.message.sent": "{message}",
    "chasqui.edge.duration": "s",
    "chasqui.queue.depth": "{task}",
    "chasqui.span.dropped": "{span}",
    "chasqui.span.waiting": "{span}",
  });
  await telemetry.stop(2_000);
});

test("one signal can be switched off", async () => {
  const telemetry = await start({ OTEL_TRACES_EXPORTER: "none" });
  telemetry.emitSpan(span);
  telemetry.counter("chasqui.message.sent", "{message}").add(1);
  await telemetry.stop(2_000);
  expect(receiver.spans).toEqual([]);
  expect(receiver.metrics.has("chasqui.message.sent")).toBe(true);
});

test("a collector that takes connections and never answers holds an exit for two seconds at most", async () => {
  const { createServer } = await import("node:net");
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  const telemetry = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  telemetry.emitSpan(span);
  const startMs = performance.now();
  await telemetry.stop(10_000);
  await telemetry.stop(10_000);
  expect(performance.now() - startMs).toBeLessThan(9_000); // not the ten that it might take
  silent.close();
});

test("without a collector, or switched off, there is nothing to pay for", async () => {
  const options = { service: "scheduler", environment: "local" };
  expect(await startTelemetry({ ...options, env: {} })).toBe(noTelemetry);
  const off = { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  expect(await startTelemetry({ ...options, env: off })).toBe(noTelemetry);
  expect(hasCollector({ OTEL_EXPORTER_OTLP_ENDPOINT: " " })).toBe(false);
  expect(hasCollector({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url })).toBe(true);
});
