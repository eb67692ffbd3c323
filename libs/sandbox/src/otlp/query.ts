// The query API, as Jaeger has it (its interface, not its promise: see jaeger.ts), and metrics.
import { parseJson, textsAt } from "../web/json.ts";
import { HttpError, sendJson } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { jaegerTrace } from "./jaeger.ts";
import type { MetricStore } from "./metrics.ts";
import type { TraceQuery, TraceStore } from "./trace-store.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_500;

export function answerQuery(
  { traces, metrics }: { traces: TraceStore; metrics: MetricStore },
  call: HttpCall,
): void {
  const { path, query, response } = call;
  const [first = "", second, third] = path.slice("/api/".length).split("/").map(decodeURIComponent);
  const answer = (data: readonly unknown[]) =>
    sendJson(response, 200, { data, total: data.length, limit: 0, offset: 0, errors: null });
  if (first === "services" && second === undefined) return answer(traces.services());
  if (first === "services" && third === "operations")
    return answer(traces.operations(second ?? ""));
  if (first === "operations") {
    const names = traces.operations(query.get("service") ?? "");
    return answer(names.map((name) => ({ name, spanKind: "" })));
  }
  if (first === "metrics") {
    const [name, service] = [query.get("name") ?? undefined, query.get("service") ?? undefined];
    return sendJson(response, 200, { metrics: metrics.find({ name, service }) });
  }
  if (first !== "traces") throw new HttpError(404, `no ${path} here`);
  if (second === undefined) {
    const found = traces.find(parseQuery(query));
    return answer(found.map(({ trace }) => jaegerTrace(trace, traces.spansOf(trace))));
  }
  const spans = traces.spansOf(second.padStart(32, "0"));
  if (spans.length > 0) return answer([jaegerTrace(second, spans)]);
  const errors = [{ code: 404, msg: `trace not found: ${second}`, traceID: second }];
  return sendJson(response, 404, { data: null, total: 0, limit: 0, offset: 0, errors });
}

function parseQuery(query: URLSearchParams): TraceQuery {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!Number.isFinite(value))
      throw new HttpError(400, `${name} ${JSON.stringify(text)}: want a number`);
    return value;
  };
  const text = query.get("tags") ?? "";
  const tags = text === "" ? undefined : textsAt(parseJson(text));
  if (tags !== undefined && Object.keys(tags).length === 0) {
    throw new HttpError(400, `tags ${JSON.stringify(text)}: want a JSON object of strings`);
  }
  return {
    service: query.get("service") ?? undefined,
    operation: query.get("operation") ?? undefined,
    tags,
    fromUs: number("start"),
    toUs: number("end"),
    minDurationUs: durationUs(query.get("minDuration")),
    limit: Math.min(LIMIT_MAX, number("limit") ?? LIMIT_DEFAULT),
  };
}

const UNITS: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
};

/** As in 100ms or 1.5s. */
function durationUs(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const match = /^([\d.]+)(us|µs|ms|s|m)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new HttpError(
      400,
      `minDuration ${JSON.stringify(text)}: want a number with us, ms, s or m`,
    );
  }
  return Number(match[1]) * unit;
}
