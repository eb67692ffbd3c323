// Sends spans of several services to a collector, as those services would: OTLP over HTTP, as the OTEL_* variables of
// this process say it (headers, time-out, compression, certificates).
import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes, type Resource } from "@opentelemetry/resources";
import { readableSpanFrom } from "../readable-span.ts";
import { SpansNotSentError } from "./sender.ts";
import type { SpanSender, SpanSenderOptions } from "./sender.ts";

export function createSpanSender(o: SpanSenderOptions): SpanSender {
  const exporter = new OTLPTraceExporter({ url: o.url });
  const resources = new Map<string, Resource>();
  const resourceOf = (service: string): Resource => {
    const known = resources.get(service);
    if (known !== undefined) return known;
    const made = resourceFromAttributes({
      "service.name": service,
      "service.namespace": "chasqui",
      "deployment.environment.name": o.environment,
      "chasqui.rebuilt": true,
    });
    resources.set(service, made);
    return made;
  };
  return {
    send: (spans) =>
      new Promise((resolve, reject) => {
        const readable = spans.map(({ service, span }) =>
          readableSpanFrom(span, resourceOf(service)),
        );
        exporter.export(readable, ({ code, error }) => {
          if (code === ExportResultCode.SUCCESS) resolve();
          else reject(new SpansNotSentError(o.url, reasonOf(error), error));
        });
      }),
    stop: () => exporter.shutdown(),
  };
}

function reasonOf(error: Error | undefined): string {
  if (error === undefined) return "no reason is given";
  const { message, code } = error as Error & { readonly code?: number | string }; // OTLPExporterError
  if (typeof code === "number") return `it answers ${code}: ${message.slice(0, 300)}`;
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return cause === "" || message.includes(cause) ? message : `${message}: ${cause}`;
}
