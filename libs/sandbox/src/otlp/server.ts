// An OTLP collector with a memory: takes traces and metrics over HTTP, answers like Jaeger, shows
// a waterfall.
//   POST /v1/traces   POST /v1/metrics        application/x-protobuf or application/json, gzip or not
//   GET /api/traces/{id}   GET /api/traces?service=&operation=&tags=&limit=&start=&end=
//   GET /api/services   GET /api/services/{s}/operations   GET /api/metrics?name=&service=
//   GET /   GET /trace/{id}                   for people
//   POST|DELETE /sandbox/faults               {status, times}: the collector is ill
import { join } from "node:path";
import { openDataDir } from "../web/data-dir.ts";
import { html, renderPage } from "../web/html.ts";
import { numberAt } from "../web/json.ts";
import { createLiveHub } from "../web/live.ts";
import type { LiveHub } from "../web/live.ts";
import { HttpError, readJson, sendHtml, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { metricsFromJson, spansFromJson } from "./decode-json.ts";
import { decodeSpans } from "./decode-spans.ts";
import { decodeMetrics, MetricStore } from "./metrics.ts";
import type { MetricPoint } from "./metrics.ts";
import { answerQuery } from "./query.ts";
import { receiveExport } from "./receive.ts";
import type { SpanRecord } from "./span.ts";
import { TraceStore } from "./trace-store.ts";
import type { TraceSummary } from "./trace-store.ts";
import { renderTraceList } from "./viewer-list.ts";
import { TRACE_STYLE, traceScript } from "./viewer-style.ts";
import { renderTrace } from "./viewer-trace.ts";

const SPANS_MAX = 200_000;
const LISTED_MAX = 100;
/** Open pages hear of new spans at most this often. */
const ANNOUNCE_EVERY_MS = 300;

export interface OtlpOptions {
  readonly port: number;
  /** For spans; a temporary folder when left out. */
  readonly dataDir?: string;
  readonly spansMax?: number;
}

export interface OtlpStandIn extends AsyncDisposable {
  readonly port: number;
  /** For OTEL_EXPORTER_OTLP_ENDPOINT, and for people. */
  readonly url: string;
  readonly traceUrl: (trace: string) => string;
  readonly spansOf: (trace: string) => Promise<readonly SpanRecord[]>;
  readonly traces: () => Promise<readonly TraceSummary[]>;
  readonly metrics: (name?: string) => readonly MetricPoint[];
  stop(): Promise<void>;
}

interface World {
  readonly traces: TraceStore;
  readonly metrics: MetricStore;
  readonly live: LiveHub;
  readonly announce: (spans: readonly SpanRecord[]) => void;
  fault: { status: number; times: number };
}

export async function startOtlp(options: OtlpOptions): Promise<OtlpStandIn> {
  const started = Promise.withResolvers<World>();
  const request = {
    port: options.port,
    what: "the OTLP collector",
    setting: "CHASQUI_SANDBOX_OTLP_PORT",
  };
  const http = await serveHttp(request, async (call) => answer(await started.promise, call));
  const dataDir = openDataDir(options.dataDir, "otlp");
  const traces = new TraceStore(join(dataDir.path, "spans"), {
    spansMax: options.spansMax ?? SPANS_MAX,
  });
  const metrics = new MetricStore();
  const live = createLiveHub();
  const announcer = createAnnouncer(live);
  const { announce } = announcer;
  started.resolve({ traces, metrics, live, announce, fault: { status: 503, times: 0 } });
  let stopped: Promise<void> | undefined;
  const end = async () => {
    announcer.stop();
    await http.stop();
    await traces.ready;
    traces.close();
    dataDir.release();
  };
  const stop = () => (stopped ??= end());
  return {
    port: http.port,
    url: http.url,
    traceUrl: (trace) => `${http.url}/trace/${trace}`,
    spansOf: async (trace) => {
      await traces.ready;
      return traces.spansOf(trace);
    },
    traces: async () => {
      await traces.ready;
      return traces.find({ limit: Number.POSITIVE_INFINITY });
    },
    metrics: (name) => metrics.find({ name }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function createAnnouncer(live: LiveHub): {
  announce: (spans: readonly SpanRecord[]) => void;
  stop: () => void;
} {
  const fresh = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer = undefined;
    live.send("changed", { traces: [...fresh] });
    fresh.clear();
  };
  return {
    announce(spans) {
      if (live.pages === 0) return;
      for (const { trace } of spans) fresh.add(trace);
      timer ??= setTimeout(tell, ANNOUNCE_EVERY_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

const SPANS = { fromProtobuf: decodeSpans, fromJson: spansFromJson };
const METRICS = { fromProtobuf: decodeMetrics, fromJson: metricsFromJson };

async function answer(world: World, call: HttpCall): Promise<void> {
  const { method, path, request, response } = call;
  if (method === "POST" && path.startsWith("/v1/")) {
    if (world.fault.times > 0) {
      world.fault.times -= 1;
      throw new HttpError(world.fault.status, "scripted by the sandbox");
    }
    if (path === "/v1/metrics") {
      return receiveExport(call, METRICS, (points) => world.metrics.add(points));
    }
    if (path !== "/v1/traces")
      throw new HttpError(404, `no ${path} here: want /v1/traces or /v1/metrics`);
    return receiveExport(call, SPANS, (spans) => {
      world.traces.add(spans);
      world.announce(spans);
    });
  }
  if (path === "/sandbox/live") return world.live.join(response);
  if (path === "/sandbox/faults") {
    const body = method === "DELETE" ? { times: 0 } : await readJson(request, 10_000);
    const [status, times] = [numberAt(body, "status") ?? 503, numberAt(body, "times") ?? 1];
    world.fault = { status, times };
    return sendJson(response, 200, { ok: true });
  }
  if (method !== "GET") throw new HttpError(405, `${method} ${path}: want GET`);
  await world.traces.ready;
  if (path.startsWith("/api/")) return answerQuery(world, call);
  return answerPage(world, call);
}

function answerPage(world: World, call: HttpCall): void {
  const { path, query, response } = call;
  const [, fragment, trace] = /^(\/sandbox\/fragment)?\/trace\/([0-9a-f]{32})$/.exec(path) ?? [];
  const service = query.get("service") ?? undefined;
  const isList = path === "/" || path === "/sandbox/fragment/";
  if (trace === undefined && !isList) throw new HttpError(404, `no page ${path} here`);
  const content =
    trace === undefined
      ? renderTraceList(
          world.traces.find({ service, limit: LISTED_MAX }),
          world.traces.services(),
          service,
        )
      : renderTrace(trace, world.traces.spansOf(trace));
  if (fragment !== undefined || path === "/sandbox/fragment/") {
    return sendHtml(response, content.html);
  }
  const body = html`<div class="bar">
      <h1><a href="/">Traces</a></h1>
      <span class="sub">sandbox: one run, one trace</span><span class="grow"></span
      ><span class="live">live</span>
    </div>
    <div id="content">${content}</div>`;
  const script = traceScript({ fragment: `/sandbox/fragment${path}`, trace });
  const title = trace === undefined ? "Traces" : `Trace ${trace.slice(0, 8)}`;
  return sendHtml(response, renderPage({ title, style: TRACE_STYLE, body, script }));
}
