// The collector through the real exporters, and through what people and tools read.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { at, listAt } from "../web/json.ts";
import { startOtlp } from "./server.ts";
import type { OtlpOptions, OtlpStandIn } from "./server.ts";

async function setup(options: Partial<OtlpOptions> = {}): Promise<OtlpStandIn> {
  const otlp = await startOtlp({ port: 0, ...options });
  onTestFinished(() => otlp.stop());
  return otlp;
}

function tracingOf(otlp: OtlpStandIn, service: string) {
  const exporter = new OTLPTraceExporter({ url: `${otlp.url}/v1/traces` });
  const resource = resourceFromAttributes({ "service.name": service, "service.version": "1.2.3" });
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  return { tracer: provider.getTracer("chasqui"), flush: () => provider.forceFlush() };
}

async function get(otlp: OtlpStandIn, path: string): Promise<unknown> {
  return (await fetch(`${otlp.url}${path}`)).json();
}

/** A run: a publish in one service, the processing with an error in another. */
async function exportRun(otlp: OtlpStandIn): Promise<string> {
  const scheduler = tracingOf(otlp, "scheduler");
  const machine = tracingOf(otlp, "state-machine");
  const root = scheduler.tracer.startSpan("tick", {
    kind: SpanKind.PRODUCER,
    attributes: { dag: "costs", due: 12, ratio: 0.5, late: false, tags: ["a", "b"] },
  });
  const parent = trace.setSpan(ROOT_CONTEXT, root);
  const other = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const child = machine.tracer.startSpan(
    "process run",
    { kind: SpanKind.CONSUMER, links: [{ context: { ...other, traceFlags: TraceFlags.SAMPLED } }] },
    parent,
  );
  child.addEvent("retry", { attempt: 2 });
  child.setStatus({ code: SpanStatusCode.ERROR, message: "no pod" });
  child.end();
  root.end();
  await Promise.all([scheduler.flush(), machine.flush()]);
  return root.spanContext().traceId;
}

test.each(["none", "gzip"])(
  "spans of the real exporter are read whole, packed by %s",
  async (how) => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_COMPRESSION", how);
    onTestFinished(() => void vi.unstubAllEnvs());
    const otlp = await setup();
    const id = await exportRun(otlp);
    const spans = await otlp.spansOf(id); // within a millisecond their clocks give them any order
    const [root, child] = ["tick", "process run"].map((name) =>
      spans.find((span) => span.name === name),
    );
    expect(root).toMatchObject({
      trace: id,
      parent: "",
      name: "tick",
      kind: "producer",
      service: "scheduler",
      status: "unset",
      scope: "chasqui",
      attributes: { dag: "costs", due: 12, ratio: 0.5, late: false, tags: ["a", "b"] },
    });
    expect(root?.resource["service.version"]).toBe("1.2.3");
    expect(child).toMatchObject({
      parent: root?.span,
      kind: "consumer",
      service: "state-machine",
      status: "error",
      message: "no pod",
      events: [{ name: "retry", attributes: { attempt: 2 } }],
      links: [{ trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" }],
    });
    expect(BigInt(child?.end ?? 0)).toBeGreaterThanOrEqual(BigInt(child?.start ?? 0));
  },
);

test("traces are answered as Jaeger answers", async () => {
  const otlp = await setup();
  const id = await exportRun(otlp);
  const answer = await get(otlp, `/api/traces/${id}`);
  const found = at(answer, "data", 0);
  expect(at(found, "traceID")).toBe(id);
  const [root, child] = ["tick", "process run"].map((name) =>
    listAt(found, "spans").find((span) => at(span, "operationName") === name),
  );
  expect(at(found, "processes", String(at(root, "processID")), "serviceName")).toBe("scheduler");
  expect(at(child, "references")).toEqual([
    { refType: "CHILD_OF", traceID: id, spanID: at(root, "spanID") },
    {
      refType: "FOLLOWS_FROM",
      traceID: "0af7651916cd43dd8448eb211c80319c",
      spanID: "b7ad6b7169203331",
    },
  ]);
  expect(at(child, "tags")).toEqual(
    expect.arrayContaining([
      { key: "span.kind", type: "string", value: "consumer" },
      { key: "error", type: "bool", value: true },
      { key: "otel.status_description", type: "string", value: "no pod" },
    ]),
  );
  expect(Math.abs(Number(at(root, "startTime")) / 1_000 - Date.now())).toBeLessThan(60_000);
  const missing = await fetch(`${otlp.url}/api/traces/${"1".repeat(32)}`);
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ data: null, errors: [{ code: 404 }] });
});

test("traces are found by service, operation and tags", async () => {
  const otlp = await setup();
  const id = await exportRun(otlp);
  const ids = async (query: string) =>
    listAt(await get(otlp, `/api/traces?${query}`), "data").map((one) => at(one, "traceID"));
  expect(await ids("service=scheduler")).toEqual([id]);
  expect(await ids("service=nobody")).toEqual([]);
  expect(await ids("service=state-machine&operation=process%20run")).toEqual([id]);
  expect(await ids("service=scheduler&operation=process%20run")).toEqual([]);
  expect(await ids(`tags=${encodeURIComponent('{"dag":"costs"}')}`)).toEqual([id]);
  expect(await ids(`tags=${encodeURIComponent('{"dag":"other"}')}`)).toEqual([]);
  expect(await ids("minDuration=1m")).toEqual([]);
  expect(at(await get(otlp, "/api/services"), "data")).toEqual(["scheduler", "state-machine"]);
  expect(at(await get(otlp, "/api/services/scheduler/operations"), "data")).toEqual(["tick"]);
  expect((await fetch(`${otlp.url}/api/traces?limit=many`)).status).toBe(400);
});

const json = (spans: object[], service = "shell") =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [{ spans }],
      },
    ],
  });

const post = (
  otlp: OtlpStandIn,
  body: string | Uint8Array<ArrayBuffer>,
  type = "application/json",
) => fetch(`${otlp.url}/v1/traces`, { method: "POST", headers: { "content-type": type }, body });

const jsonSpan = (spanId: string, more: object = {}) => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId,
  name: "step",
  kind: 1,
  startTimeUnixNano: "1767323045000000000",
  endTimeUnixNano: "1767323045000500000",
  ...more,
});

test("JSON bodies are taken too; a span sent twice counts once, the last stands", async () => {
  const otlp = await setup();
  const attributes = [{ key: "n", value: { intValue: "7" } }];
  await post(otlp, json([jsonSpan("00000000000000a1", { attributes })]));
  await post(otlp, json([jsonSpan("00000000000000a1", { name: "again", status: { code: 2 } })]));
  const spans = await otlp.spansOf("5b8efff798038103d269b633813fc60c");
  expect(spans.map(({ name }) => name)).toEqual(["again"]);
  expect(await otlp.traces()).toMatchObject([{ spanCount: 1, service: "shell" }]);
});

test("a body that is no export is 400 and names why; the collector goes on", async () => {
  const otlp = await setup();
  expect(
    (await post(otlp, new Uint8Array([0x0a, 0xff, 0x01]), "application/x-protobuf")).status,
  ).toBe(400);
  expect((await post(otlp, "{", "application/json")).status).toBe(400);
  expect((await post(otlp, "x", "text/plain")).status).toBe(415);
  await post(otlp, json([jsonSpan("0000000000000000"), jsonSpan("short")]));
  expect(await otlp.traces()).toEqual([]);
});

test("the exporter tries again while the collector is ill", async () => {
  const otlp = await setup();
  await fetch(`${otlp.url}/sandbox/faults`, { method: "POST", body: '{"status":503,"times":1}' });
  const { tracer, flush } = tracingOf(otlp, "s");
  const span = tracer.startSpan("late");
  span.end();
  await flush();
  expect(await otlp.spansOf(span.spanContext().traceId)).toHaveLength(1);
});

test("spans outlive the collector, a torn line does not", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "chasqui-otlp-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const first = await setup({ dataDir });
  const id = await exportRun(first);
  await first.stop();
  const [file = ""] = readdirSync(join(dataDir, "spans"));
  appendFileSync(join(dataDir, "spans", file), '{"trace":"5b8e');
  const second = await setup({ dataDir });
  const names = (await second.spansOf(id)).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["process run", "tick"]);
  await exportRun(second);
  await second.stop();
  const third = await setup({ dataDir });
  expect(await third.traces()).toHaveLength(2);
  const spans = listAt(await get(third, `/api/traces/${id}`), "data", 0, "spans");
  expect(spans.map((span) => at(span, "operationName")).toSorted()).toEqual([
    "process run",
    "tick",
  ]);
});

test("above spansMax the oldest traces go", async () => {
  const otlp = await setup({ spansMax: 20 });
  for (let index = 1; index <= 60; index++) {
    const traceId = index.toString(16).padStart(32, "0");
    await post(otlp, json([jsonSpan("00000000000000a1", { traceId })]));
  }
  const kept = await otlp.traces();
  expect(kept.length).toBeLessThanOrEqual(20);
  const ids = kept.map((one) => Number.parseInt(one.trace, 16));
  expect(Math.max(...ids)).toBe(60);
  expect(Math.min(...ids)).toBeGreaterThan(38);
  expect(await otlp.spansOf((1).toString(16).padStart(32, "0"))).toEqual([]);
});

test("metrics keep the last point of each series", async () => {
  const otlp = await setup();
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${otlp.url}/v1/metrics` }),
    exportIntervalMillis: 60_000,
  });
  const resource = resourceFromAttributes({ "service.name": "state-machine" });
  const meter = new MeterProvider({ resource, readers: [reader] }).getMeter("chasqui");
  const counter = meter.createCounter("chasqui.task.settled", { unit: "{task}" });
  const histogram = meter.createHistogram("chasqui.edge.duration", {
    unit: "s",
    advice: { explicitBucketBoundaries: [0.001, 0.01] },
  });
  counter.add(2, { outcome: "succeeded" });
  histogram.record(0.002);
  await reader.forceFlush();
  counter.add(3, { outcome: "succeeded" });
  counter.add(1, { outcome: "failed" });
  histogram.record(0.5);
  await reader.forceFlush();
  const settled = otlp.metrics("chasqui.task.settled");
  expect(settled.map(({ attributes, value }) => [attributes["outcome"], value])).toEqual([
    ["succeeded", 5],
    ["failed", 1],
  ]);
  const answer = await get(otlp, "/api/metrics?name=chasqui.edge.duration&service=state-machine");
  expect(at(answer, "metrics", 0)).toMatchObject({
    unit: "s",
    kind: "histogram",
    count: 2,
    value: 0.502,
    bounds: [0.001, 0.01],
    buckets: [0, 1, 1],
  });
  await reader.shutdown();
});

test("the waterfall shows services, errors and what spans carry, escaped", async () => {
  const otlp = await setup();
  const id = await exportRun(otlp);
  const page = await (await fetch(otlp.traceUrl(id))).text();
  expect(page).toContain("process run");
  expect(page).toContain("state-machine");
  expect(page).toContain("1 error");
  expect(page).toContain("error: no pod");
  expect(page).toContain("retry (event, after");
  const evil = jsonSpan("00000000000000a1", {
    name: "<img src=x>",
    parentSpanId: "00000000000000ff",
  });
  await post(otlp, json([evil]));
  const orphan = await (await fetch(otlp.traceUrl(evil.traceId))).text();
  expect(orphan).toContain("&lt;img src=x&gt;");
  expect(orphan).not.toContain("<img");
  expect(orphan).toContain("1 span with a missing parent");
  expect(await (await fetch(otlp.url)).text()).toContain(`href="/trace/${id}"`);
  expect(await (await fetch(otlp.traceUrl("2".repeat(32)))).text()).toContain(
    "The page follows by itself",
  );
  expect((await fetch(`${otlp.url}/trace/nonsense`)).status).toBe(404);
});

test("a taken port is named", async () => {
  const otlp = await setup();
  await expect(startOtlp({ port: otlp.port })).rejects.toThrow("set CHASQUI_SANDBOX_OTLP_PORT");
});
