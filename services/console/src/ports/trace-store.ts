// Where traces can be read: a query API in Jaeger's JSON (`/api/traces/<id>`), of Jaeger or of the sandbox.
import { HttpError } from "../http/errors.ts";

export interface TraceStore {
  /** The trace as the store answers it. Throws HttpError. */
  read(traceId: string): Promise<unknown>;
}

const READ_TIMEOUT_MS = 5_000;

export function openTraceStore(queryUrl: string | undefined): TraceStore {
  return {
    async read(traceId) {
      if (queryUrl === undefined)
        throw new HttpError(
          404,
          "this installation has no trace store",
          "Set CHASQUI_TRACE_QUERY_URL to the query address of Jaeger.",
        );
      if (!/^[0-9a-f]{32}$/.test(traceId))
        throw new HttpError(404, "this run has no trace", "It was started without one.");
      const url = `${queryUrl.replace(/\/$/, "")}/api/traces/${traceId}`;
      let response: Response;
      try {
        response = await fetch(url, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new HttpError(503, `the trace store does not answer: ${why}`, "Try again later.");
      }
      if (response.status === 404)
        throw new HttpError(
          404,
          `no spans of trace ${traceId} yet`,
          "Spans are sent some seconds after they end; a run that is not sampled has none.",
        );
      if (!response.ok)
        throw new HttpError(502, `the trace store answers ${response.status}`, "See its log.");
      return response.json();
    },
  };
}
