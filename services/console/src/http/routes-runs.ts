// /api/runs: runs, one run, its history, its stream, its logs, its trace, its mails and alerts.
import type { Run } from "@chasqui/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ApiRuns } from "../api.ts";
import { tailLogs, type TailDeps } from "../logs/tail.ts";
import type { Owners } from "../ports/owners.ts";
import type { TraceExport } from "../ports/trace-export.ts";
import type { TraceStore } from "../ports/trace-store.ts";
import {
  deliveryJson,
  historyJson,
  incidentJson,
  logJson,
  runJson,
  runStateOf,
} from "../translate.ts";
import { bad, bodyOf, callOptions, flagOf, integerOf, pathText, textOf } from "./ask.ts";
import { answerTo, HttpError } from "./errors.ts";
import { explainRoutes } from "./routes-explain.ts";
import { operationRoutes } from "./routes-operations.ts";
import { openEvents, sendLatest } from "./sse.ts";
import type { EventStream } from "./sse.ts";

export interface RunRoutes {
  readonly owners: Owners;
  readonly tail: TailDeps;
  readonly traces: TraceStore;
  readonly traceExport: TraceExport;
}

const PAGE_MAX = 1_000;
/** A run that changes faster is shown this often. */
const STREAM_APART_MS = 200;
const LINES_MAX = 20_000;

export function runRoutes(app: FastifyInstance, o: RunRoutes): void {
  const { owners } = o;
  operationRoutes(app, owners);
  explainRoutes(app, owners);
  const oneRun = async (request: FastifyRequest, reply: FastifyReply): Promise<Run> => {
    const runId = pathText(request, "id");
    const { run } = await owners.runs.getRun({ runId }, callOptions(request, reply));
    if (run === undefined) throw new HttpError(404, `no run ${runId}`, "Look for it in /api/runs.");
    return run;
  };

  app.get("/api/runs", async (request, reply): Promise<ApiRuns> => {
    const states = textOf(request.query, "state")
      .split(",")
      .filter((text) => text !== "")
      .map((text) => {
        const state = runStateOf(text);
        if (state === undefined)
          throw bad(`state is ${JSON.stringify(text)}: want queued, running, succeeded, …`);
        return state;
      });
    const { runs, nextPageToken } = await owners.runs.listRuns(
      {
        dagId: textOf(request.query, "dag"),
        states,
        pageSize: integerOf(request.query, "page_size", { min: 1, max: PAGE_MAX }),
        pageToken: textOf(request.query, "page_token"),
      },
      callOptions(request, reply),
    );
    return {
      runs: runs.map((run) => runJson(run, { withTasks: false })),
      ...(nextPageToken === "" ? {} : { nextPageToken }),
    };
  });

  app.get("/api/runs/:id", async (request, reply) =>
    runJson(await oneRun(request, reply), { withTasks: true }),
  );

  app.get("/api/runs/:id/history", async (request, reply) => {
    const { runId } = await oneRun(request, reply);
    const { entries } = await owners.runs.getRunHistory({ runId }, callOptions(request, reply));
    return { entries: entries.map(historyJson) };
  });

  app.get("/api/runs/:id/stream", async (request, reply) => {
    const { runId } = await oneRun(request, reply); // a run that is not there is a 404, not a stream
    const options = { ...callOptions(request, reply) };
    await events(reply, async (stream) => {
      const { signal } = stream;
      const changes = owners.runs.watchRun({ runId }, { ...options, signal });
      await sendLatest(
        changes,
        async ({ run }) => {
          if (run !== undefined) await stream.send("run", runJson(run, { withTasks: true }));
        },
        { apartMs: STREAM_APART_MS, signal },
      );
    });
  });

  app.get("/api/runs/:id/logs/:task", async (request, reply) => {
    const run = await oneRun(request, reply);
    const tail = {
      runId: run.runId,
      taskId: pathText(request, "task"),
      attempt: integerOf(request.query, "attempt", { min: 0, max: 1_000_000 }),
      follow: flagOf(request.query, "follow"),
    };
    const deps = { ...o.tail, getRun: () => Promise.resolve(run) };
    if (!tail.follow) return readLog(tail, deps, callOptions(request, reply).signal);
    await events(reply, async (stream) => {
      for await (const batch of tailLogs(tail, deps, stream.signal))
        await stream.send("lines", logJson(batch));
    });
    return undefined;
  });

  app.get("/api/runs/:id/trace", async (request, reply) => {
    const { traceId } = await oneRun(request, reply);
    return o.traces.read(traceId);
  });

  app.post("/api/runs/:id/trace", (request, reply) => {
    bodyOf(request, []);
    return o.traceExport.send(pathText(request, "id"), callOptions(request, reply));
  });

  app.get("/api/runs/:id/deliveries", async (request, reply) => {
    const { runId } = await oneRun(request, reply);
    const options = callOptions(request, reply);
    const { deliveries } = await owners.reports.listDeliveries({ runId }, options);
    return { deliveries: deliveries.map(deliveryJson) };
  });

  app.get("/api/runs/:id/incidents", async (request, reply) => {
    const { runId } = await oneRun(request, reply);
    const { incidents } = await owners.alerts.listIncidents({ runId }, callOptions(request, reply));
    return { incidents: incidents.map(incidentJson) };
  });
}

/** What there is of a log now: its newest lines, whether they begin with the first, and whether it is whole. */
async function readLog(
  tail: Parameters<typeof tailLogs>[0],
  deps: TailDeps,
  signal: AbortSignal | undefined,
) {
  const lines: ReturnType<typeof logJson>["lines"][number][] = [];
  let complete = false;
  let attempt = tail.attempt;
  for await (const batch of tailLogs(tail, deps, signal ?? new AbortController().signal)) {
    lines.push(...logJson(batch).lines);
    if (lines.length > 2 * LINES_MAX) lines.splice(0, lines.length - LINES_MAX);
    complete = complete || batch.complete;
    attempt = batch.attempt;
  }
  return { attempt, complete, lines: lines.slice(-LINES_MAX) };
}

/** Runs work that sends events; what it throws becomes the event `failure`, its end the event `end`. */
async function events(
  reply: FastifyReply,
  work: (stream: EventStream) => Promise<void>,
): Promise<void> {
  const stream = openEvents(reply);
  try {
    await work(stream);
    await stream.send("end", {});
  } catch (error) {
    if (!stream.signal.aborted) await stream.send("failure", answerTo(error).body);
  } finally {
    stream.end();
  }
}
