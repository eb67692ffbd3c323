// Telemetry over @opentelemetry/sdk-node: OTLP (HTTP, protobuf) for spans and metrics, W3C everywhere.
// Spans do not come from a tracer: they are written when they end, with ids that were derived before, so each
// is built by hand and handed to the batch processor. Sampling is decided per run, by whoever starts it.
import { diag, DiagLogLevel, metrics, type Meter } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  type Resource,
} from "@opentelemetry/resources";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { randomUUID } from "node:crypto";
import type { Logger } from "./logger.ts";
import { readableSpanFrom } from "./readable-span.ts";
import { durationMs, integer, settingsFrom } from "./settings.ts";
import { spanQueue, type SpanQueue } from "./span-queue.ts";
import type { SpanRecord, Telemetry } from "./spans.ts";
import type { TelemetryOptions } from "./telemetry.ts";

/** A collector that is down must not hold an exit. */
const FLUSH_MS_MAX = 2_000;
const PROBLEM_LOG_MS = 60_000;

interface SdkOptions extends TelemetryOptions {
  readonly env: NodeJS.ProcessEnv;
}

export function startSdkTelemetry(options: SdkOptions): Telemetry {
  const { env, log } = options;
  if (log !== undefined) reportProblems(log);
  const resource = resourceOf(options);
  const queue = sends(env, "TRACES") ? queueFrom(env) : undefined;
  const reader = sends(env, "METRICS") ? readerFrom(env) : undefined;
  const sdk = new NodeSDK({
    autoDetectResources: false,
    resource,
    spanProcessors: queue === undefined ? [] : [queue.processor],
    metricReaders: reader === undefined ? [] : [reader],
    logRecordProcessors: [], // logs go to stdout
    instrumentations: [],
  });
  sdk.start();
  const meter = metrics.getMeter("chasqui");
  if (queue !== undefined) countDrops(meter, queue);
  let stopped: Promise<void> | undefined;
  return {
    name: "telemetry",
    enabled: true,
    emitSpan: emitter(queue, resource),
    counter: (name, unit) => meter.createCounter(name, { unit }),
    histogram: (name, unit = "s") => meter.createHistogram(name, { unit, ...adviceFor(unit) }),
    gauge(name, unit, read) {
      meter.createObservableGauge(name, { unit }).addCallback((result) => result.observe(read()));
    },
    flush: () => within(FLUSH_MS_MAX, [queue?.processor.forceFlush(), reader?.forceFlush()]),
    stop: (deadlineMs) =>
      (stopped ??= within(Math.min(deadlineMs, FLUSH_MS_MAX), [sdk.shutdown()])),
  };
}

function emitter(queue: SpanQueue | undefined, resource: Resource): Telemetry["emitSpan"] {
  if (queue === undefined) return () => {};
  return (span: SpanRecord) => queue.offer(readableSpanFrom(span, resource));
}

/** OTEL_TRACES_EXPORTER=none and OTEL_METRICS_EXPORTER=none switch one signal off. */
function sends(env: NodeJS.ProcessEnv, signal: "TRACES" | "METRICS"): boolean {
  return env[`OTEL_${signal}_EXPORTER`]?.trim() !== "none";
}

function resourceOf({ service, environment }: SdkOptions): Resource {
  return defaultResource()
    .merge(
      resourceFromAttributes({
        "service.name": service,
        "service.namespace": "chasqui",
        "service.instance.id": randomUUID(),
        "deployment.environment.name": environment,
        "process.pid": process.pid,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] })); // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES win
}

/** The queue holds the spans of 20 runs/s of 30 tasks' spans each for half a minute without a collector. */
function queueFrom(env: NodeJS.ProcessEnv): SpanQueue {
  const { sizeMax, batchMax, delayMs, exportTimeoutMs } = settingsFrom(env, {
    sizeMax: integer("OTEL_BSP_MAX_QUEUE_SIZE", { default: 16_384, min: 1, max: 1_000_000 }),
    batchMax: integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", { default: 512, min: 1, max: 10_000 }),
    delayMs: durationMs("OTEL_BSP_SCHEDULE_DELAY", { default: 1_000, min: 1, max: 600_000 }),
    exportTimeoutMs: durationMs("OTEL_BSP_EXPORT_TIMEOUT", {
      default: 10_000,
      min: 1,
      max: 600_000,
    }),
  });
  const exporter = new OTLPTraceExporter();
  return spanQueue({ exporter, sizeMax, batchMax, delayMs, exportTimeoutMs });
}

function readerFrom(env: NodeJS.ProcessEnv): PeriodicExportingMetricReader {
  const { intervalMs, timeoutMs } = settingsFrom(env, {
    intervalMs: durationMs("OTEL_METRIC_EXPORT_INTERVAL", {
      default: 60_000,
      min: 1,
      max: 3_600_000,
    }),
    timeoutMs: durationMs("OTEL_METRIC_EXPORT_TIMEOUT", {
      default: 10_000,
      min: 1,
      max: 600_000,
    }),
  });
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
  });
}

function countDrops(meter: Meter, queue: SpanQueue): void {
  meter
    .createObservableCounter("chasqui.span.dropped", { unit: "{span}" })
    .addCallback((result) => {
      for (const [reason, count] of Object.entries(queue.dropped))
        result.observe(count, { "error.type": reason });
    });
  meter
    .createObservableGauge("chasqui.span.waiting", { unit: "{span}" })
    .addCallback((result) => result.observe(queue.waiting));
}

/** From half a millisecond to a minute: what an edge, a statement or a handler takes. */
const SECONDS_BOUNDARIES = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  60,
];

function adviceFor(unit: string): { advice?: { explicitBucketBoundaries: number[] } } {
  return unit === "s" ? { advice: { explicitBucketBoundaries: SECONDS_BOUNDARIES } } : {};
}

/** A collector that is away would fill the log: the first problem is told, then one a minute with the count. */
function reportProblems(log: Logger): void {
  let toldMs = -Infinity;
  let held = 0;
  const tell = (message: string, ...details: unknown[]): void => {
    const nowMs = performance.now();
    if (nowMs - toldMs < PROBLEM_LOG_MS) {
      held += 1;
      return;
    }
    log.warn({ details: details.map(String), held }, `telemetry: ${message}`);
    toldMs = nowMs;
    held = 0;
  };
  const ignore = (): void => {};
  const logger = { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** Waits for the work, its failures included, but not longer than told. */
async function within(ms: number, work: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([Promise.allSettled(work), late]);
  clearTimeout(timer);
}
