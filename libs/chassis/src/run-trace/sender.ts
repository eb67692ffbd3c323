// Where rebuilt spans go. The exporter is loaded when it is needed: most programs never send any.
import type { ServiceSpan } from "./history-spans.ts";

export interface SpanSender {
  send(spans: readonly ServiceSpan[]): Promise<void>;
  stop(): Promise<void>;
}

export interface SpanSenderOptions {
  /** Where to, with its path. */
  readonly url: string;
  readonly environment: string;
}

export class SpansNotSentError extends Error {
  override readonly name = "SpansNotSentError";

  constructor(url: string, reason: string, cause: unknown) {
    super(`the collector at ${url} took no spans: ${reason}`, { cause });
  }
}

export async function openSpanSender(o: SpanSenderOptions): Promise<SpanSender> {
  const { createSpanSender } = await import("./send-spans.ts");
  return createSpanSender(o);
}

/**
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, else OTEL_EXPORTER_OTLP_ENDPOINT with the path of traces. Undefined when
 * there is none; throws when it is no address.
 */
export function tracesEndpointOf(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const given = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"].find(
    (name) => (env[name]?.trim() ?? "") !== "",
  );
  if (given === undefined) return undefined;
  const text = env[given]?.trim() ?? "";
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new TypeError(
      `${given} is ${JSON.stringify(text)}: want the address of OTLP over HTTP, such as http://host:4318`,
    );
  return given.includes("TRACES") ? text : `${text.replace(/\/+$/, "")}/v1/traces`;
}
