// Starts telemetry for a process: OpenTelemetry's SDK for Node when the OTEL_* variables name a collector,
// nothing at all when they do not. The SDK is loaded only then: it is 60 % of a small service's start.
import type { Logger } from "./logger.ts";
import { noTelemetry, type Telemetry } from "./spans.ts";

export interface TelemetryOptions {
  /** service.name, unless OTEL_SERVICE_NAME says otherwise. */
  readonly service: string;
  /** deployment.environment.name. */
  readonly environment: string;
  readonly log?: Logger;
  readonly env?: NodeJS.ProcessEnv;
}

export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const env = options.env ?? process.env;
  if (!hasCollector(env)) return noTelemetry;
  const { startSdkTelemetry } = await import("./telemetry-sdk.ts");
  return startSdkTelemetry({ ...options, env });
}

/** Whether the OTEL_* variables, as everyone knows them, ask for anything to be sent. */
export function hasCollector(env: NodeJS.ProcessEnv): boolean {
  if (/^true$/i.test(env["OTEL_SDK_DISABLED"]?.trim() ?? "")) return false;
  const endpoints = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  ];
  return endpoints.some((name) => (env[name]?.trim() ?? "") !== "");
}
