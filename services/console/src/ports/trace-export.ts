// Sends rebuilt traces to the collector that this process sends its own spans to.
// Invariant: one at a time: a trace may be of a thousand runs, and it is read from who decides them.
import { exportTrace, openSpanSender, SpansNotSentError, tracesEndpointOf } from "@chasqui/chassis";
import type { ExportedTrace, GrpcCallOptions } from "@chasqui/chassis";
import { HttpError } from "../http/errors.ts";
import type { Owners } from "./owners.ts";

/** As the HTTP API answers it; `to` is the collector's address. */
export interface ApiExportedTrace extends ExportedTrace {
  readonly to: string;
}

export interface TraceExport {
  /** Throws HttpError. */
  send(runId: string, options: GrpcCallOptions): Promise<ApiExportedTrace>;
}

export function openTraceExport(o: {
  readonly owners: Pick<Owners, "runs">;
  readonly environment: string;
  readonly env: NodeJS.ProcessEnv;
}): TraceExport {
  const { owners, environment } = o;
  let busy = false;

  function endpoint(): string {
    const hint = "Set OTEL_EXPORTER_OTLP_ENDPOINT, of the console or of the one who asks.";
    try {
      const url = tracesEndpointOf(o.env);
      if (url !== undefined) return url;
    } catch (error) {
      throw new HttpError(501, String(error), hint);
    }
    throw new HttpError(501, "this installation has no collector of traces", hint);
  }

  async function send(url: string, runId: string, options: GrpcCallOptions) {
    const sender = await openSpanSender({ url, environment });
    try {
      const exported = await exportTrace(runId, { runs: owners.runs, send: sender.send, options });
      return { ...exported, to: url };
    } catch (error) {
      if (!(error instanceof SpansNotSentError)) throw error;
      throw new HttpError(502, error.message, "Try again when the collector is there.");
    } finally {
      await sender.stop();
    }
  }

  return {
    async send(runId, options) {
      const to = endpoint();
      if (busy)
        throw new HttpError(429, "another trace is being exported", "Try again in a moment.");
      busy = true;
      try {
        return await send(to, runId, options);
      } finally {
        busy = false;
      }
    },
  };
}
