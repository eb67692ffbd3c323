// Rebuilds a trace from the histories of its runs and sends it. A run that a task of another run started is in that
// run's trace: the whole of it is sent, from the run that began it.
// Memory is bounded: histories are read page by page, spans leave in batches.
import type { Run, RunService } from "@chasqui/contracts";
import type { GrpcCallOptions, GrpcClient } from "../grpc/client.ts";
import { HistorySpans } from "./history-spans.ts";
import type { ServiceSpan } from "./history-spans.ts";
import { childOf, storedEvent, storedRun } from "./stored-run.ts";

export interface ExportOptions {
  readonly runs: Pick<GrpcClient<typeof RunService>, "getRun" | "getRunHistory">;
  readonly send: (spans: readonly ServiceSpan[]) => Promise<void>;
  /** Of each call: who asks, and until when. */
  readonly options: GrpcCallOptions;
}

export interface ExportedRun {
  readonly runId: string;
  readonly dagId: string;
  readonly spans: number;
  /** False: only what is over of it was sent. */
  readonly settled: boolean;
}

export interface ExportedTrace {
  readonly traceId: string;
  readonly spans: number;
  readonly services: readonly string[];
  readonly runs: readonly ExportedRun[];
  /** There were more runs in it than are sent at once. */
  readonly truncated: boolean;
}

const RUNS_MAX = 1_000;
/** Commits a page: a commit has a thousand tasks at most, and a message has 16 MB. */
const PAGE = 20;
const BATCH = 512;

export async function exportTrace(runId: string, o: ExportOptions): Promise<ExportedTrace> {
  const get = async (id: string): Promise<Run> => {
    const { run } = await o.runs.getRun({ runId: id }, o.options);
    if (run === undefined) throw new Error(`run ${id}: the server answered without a run`);
    return run;
  };
  const first = await topOf(await get(runId), get);
  const services = new Set<string>();
  const exported: ExportedRun[] = [];
  const open = [first];
  const known = new Set([first.runId]);
  for (
    let run = open.shift();
    run !== undefined && exported.length < RUNS_MAX;
    run = open.shift()
  ) {
    const batch = batches(o.send, services);
    const children = await exportRun(run, { ...o, batch });
    await batch.flush();
    const { dagId, settledTime } = run;
    const settled = settledTime !== undefined;
    exported.push({ runId: run.runId, dagId, spans: batch.sent, settled });
    for (const id of children) {
      if (known.has(id)) continue;
      known.add(id);
      const child = await get(id);
      if (child.traceId === first.traceId && child.parent?.runId === run.runId) open.push(child);
    }
  }
  const spans = exported.reduce((sum, one) => sum + one.spans, 0);
  const { traceId } = first;
  return { traceId, spans, services: [...services], runs: exported, truncated: open.length > 0 };
}

/** The run that began the trace. */
async function topOf(run: Run, get: (runId: string) => Promise<Run>): Promise<Run> {
  let top = run;
  for (const seen = new Set<string>(); top.parent !== undefined && !seen.has(top.runId);) {
    seen.add(top.runId);
    const parent = await get(top.parent.runId);
    if (parent.traceId !== top.traceId) break;
    top = parent;
  }
  return top;
}

interface Batches {
  add(spans: readonly ServiceSpan[]): Promise<void>;
  flush(): Promise<void>;
  readonly sent: number;
}

function batches(send: ExportOptions["send"], services: Set<string>): Batches {
  let waiting: ServiceSpan[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) await send(batch);
    sent += batch.length;
  };
  return {
    async add(spans) {
      for (const span of spans) {
        services.add(span.service);
        waiting.push(span);
        if (waiting.length >= BATCH) await flush();
      }
    },
    flush,
    get sent() {
      return sent;
    },
  };
}

/** Answers with the runs that its tasks named. */
async function exportRun(
  run: Run,
  o: ExportOptions & { readonly batch: Batches },
): Promise<Set<string>> {
  const { runId } = run;
  const rebuilt = new HistorySpans(storedRun(run));
  const children = new Set<string>();
  let afterVersion = 0;
  do {
    const page = await o.runs.getRunHistory({ runId, pageSize: PAGE, afterVersion }, o.options);
    for (const entry of page.entries) {
      const child = childOf(entry);
      if (child !== undefined) children.add(child);
      await o.batch.add(rebuilt.add(storedEvent(entry)));
    }
    afterVersion = page.nextAfterVersion;
  } while (afterVersion !== 0);
  await o.batch.add(rebuilt.end());
  return children;
}
