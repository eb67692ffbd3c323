// The queue between emitSpan and the collector: OpenTelemetry's batch processor, plus an honest count of what
// was lost (the processor itself drops in silence when it is full, and a failed export takes its batch along).
// Invariant: offered = exported + dropped + waiting, at any time.
import { ExportResultCode } from "@opentelemetry/core";
import type { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";

export interface SpanQueueOptions {
  readonly exporter: SpanExporter | OTLPTraceExporter;
  readonly sizeMax: number;
  readonly batchMax: number;
  readonly delayMs: number;
  readonly exportTimeoutMs: number;
}

export interface SpanQueue {
  readonly processor: BatchSpanProcessor;
  offer(span: ReadableSpan): void;
  readonly dropped: Readonly<{ queue_full: number; export_failed: number }>;
  readonly waiting: number;
}

export function spanQueue(options: SpanQueueOptions): SpanQueue {
  const { exporter, sizeMax } = options;
  const dropped = { queue_full: 0, export_failed: 0 };
  let waiting = 0;
  const counting: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length;
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) dropped.export_failed += spans.length;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
  const processor = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: sizeMax,
    maxExportBatchSize: options.batchMax,
    scheduledDelayMillis: options.delayMs,
    exportTimeoutMillis: options.exportTimeoutMs,
  });
  return {
    processor,
    dropped,
    get waiting() {
      return waiting;
    },
    offer(span) {
      if (waiting >= sizeMax) {
        dropped.queue_full += 1;
        return;
      }
      waiting += 1;
      processor.onEnd(span);
    },
  };
}
