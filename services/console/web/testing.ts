// A stand-in for the HTTP API with data as an installation has it, and the pages built from source: what the
// browser test, and whoever works on the pages, looks at. It answers, remembers what was posted, and can be told to
// move its running run on.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { ApiApproval, ApiLogLine, ApiOperation, ApiRun, ApiTask } from "../src/api.ts";
import { dags, logs, runs, server } from "./testing-data.ts";
import { explained } from "./testing-explained.ts";
import {
  backfillDates,
  backfills,
  cancelledDates,
  deliveries,
  foreseen,
  history,
  pauseChanges,
  ticks,
  triggers,
} from "./testing-ledgers.ts";

export interface FakeBackend extends AsyncDisposable {
  readonly url: string;
  /** What was posted: path and body. */
  readonly posted: { readonly path: string; readonly body: unknown }[];
  /** Changes a task of a run and tells who follows it. */
  moveTask(runId: string, taskId: string, changes: Partial<ApiTask>): void;
  settle(runId: string, changes: Partial<ApiRun>): void;
  /** One more line of a task's log. */
  say(runId: string, taskId: string, text: string): void;
  /** Every further request fails as if the owner of runs were away. */
  breakDown(): void;
  /** A task asks; the next answer to it moves it on. */
  ask(question: ApiApproval): void;
}

type Answer = { readonly status?: number; readonly body: unknown } | undefined;

interface State {
  readonly runs: Map<string, ApiRun>;
  readonly logs: Map<string, ApiLogLine[]>;
  readonly followers: Set<{ readonly path: string; send(event: string, data: unknown): void }>;
  readonly posted: { path: string; body: unknown }[];
  approvals: ApiApproval[];
  isBroken: boolean;
}

export async function startFakeBackend(): Promise<FakeBackend> {
  const state: State = {
    runs: new Map(runs.map((run) => [run.runId, run])),
    logs: new Map(Object.entries(logs).map(([key, lines]) => [key, [...lines]])),
    followers: new Set(),
    posted: [],
    approvals: [],
    isBroken: false,
  };
  const pages = await (built ??= buildPages());
  const http = createServer((request, response) => void handle(state, pages, request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const tell = (place: string, event: string, data: unknown): void => {
    for (const follower of state.followers) if (follower.path === place) follower.send(event, data);
  };
  const change = (runId: string, update: (run: ApiRun) => ApiRun): void => {
    const run = state.runs.get(runId);
    if (run === undefined) throw new Error(`no run ${runId} here`);
    const next = { ...update(run), version: run.version + 1 };
    state.runs.set(runId, next);
    tell(`/api/runs/${runId}/stream`, "run", next);
    tell("/api/changes", "changed", {});
  };
  return {
    url: `http://127.0.0.1:${port}`,
    posted: state.posted,
    moveTask: (runId, taskId, changes) => change(runId, (run) => withTask(run, taskId, changes)),
    settle: (runId, changes) => change(runId, (run) => ({ ...run, ...changes })),
    say(runId, taskId, text) {
      const key = `${runId}/${taskId}`;
      const lines = state.logs.get(key) ?? [];
      const line = { counter: lines.length + 1, time: new Date().toISOString(), text };
      state.logs.set(key, [...lines, line]);
      tell(`/api/runs/${runId}/logs/${taskId}`, "lines", {
        attempt: 1,
        attemptId: "att",
        lines: [line],
        complete: false,
      });
    },
    ask(question) {
      state.approvals.push(question);
      change(question.runId, (run) => withTask(run, question.task, { state: "awaiting_approval" }));
    },
    breakDown: () => void (state.isBroken = true),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const withTask = (run: ApiRun, taskId: string, changes: Partial<ApiTask>): ApiRun => ({
  ...run,
  tasks: (run.tasks ?? []).map((task) => (task.taskId === taskId ? { ...task, ...changes } : task)),
});

async function handle(
  state: State,
  pages: ReadonlyMap<string, { type: string; body: Uint8Array | string }>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://fake");
  const place = decodeURIComponent(pathname);
  if (!place.startsWith("/api/")) {
    const page = pages.get(place) ?? pages.get("/index.html");
    response.writeHead(200, { "content-type": page?.type ?? "text/plain" }).end(page?.body);
    return;
  }
  if (place === "/api/changes" || /\/(stream|logs\/[^/]+)$/.test(place)) {
    follow(state, place, response);
    return;
  }
  const answer =
    request.method === "POST"
      ? await post(state, place, request)
      : state.isBroken
        ? {
            status: 503,
            body: {
              error: "state-machine does not answer",
              hint: "It may be starting. Try again.",
            },
          }
        : get(state, place, searchParams);
  const { status = 200, body } = answer ?? {
    status: 404,
    body: { error: `nothing at ${place}`, hint: "Look for it in /api/runs." },
  };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function get(state: State, place: string, query: URLSearchParams): Answer {
  const [, , kind, id, what] = place.split("/");
  if (kind === "server") return { body: server };
  if (kind === "dags" && id === undefined) return { body: { dags } };
  if (kind === "dags") return found(dags.find(({ dagId }) => dagId === id));
  if (kind === "ticks") return { body: { ticks: ticks.filter(({ dagId }) => dagId === id) } };
  if (kind === "approvals") {
    const of = query.get("run");
    const list = state.approvals.filter(({ runId }) => of === null || runId === of);
    return { body: { approvals: list, total: list.length } };
  }
  if (kind === "backfills" && id === undefined) return { body: { backfills } };
  if (kind === "backfills") return { body: { backfill: backfills[0], dates: backfillDates } };
  if (kind === "triggers") {
    const wanted = (name: "source" | "id", value: string): boolean =>
      (query.get(name) ?? value) === value;
    const list = triggers.filter((one) => wanted("source", one.source) && wanted("id", one.id));
    return { body: { triggers: list } };
  }
  if (kind !== "runs") return undefined;
  if (id === undefined) return { body: { runs: listed(state, query) } };
  const run = state.runs.get(id);
  if (run === undefined) return undefined;
  if (what === undefined) return { body: run };
  if (what === "explain") return { body: explained(run, query.get("task") ?? "") };
  if (what === "history") return { body: { entries: history } };
  if (what === "deliveries")
    return { body: { deliveries: deliveries.filter(({ runId }) => runId === id) } };
  return undefined;
}

const found = (body: unknown): Answer => (body === undefined ? undefined : { body });

function listed(state: State, query: URLSearchParams): ApiRun[] {
  const states = (query.get("state") ?? "").split(",").filter((text) => text !== "");
  const dag = query.get("dag");
  return [...state.runs.values()].filter(
    (run) =>
      (dag === null || run.dagId === dag) && (states.length === 0 || states.includes(run.state)),
  );
}

async function post(state: State, place: string, request: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  state.posted.push({ path: place, body: JSON.parse(text) });
  const [, , kind, id, what] = place.split("/");
  if (kind === "dags" && what === "runs")
    return {
      status: 201,
      body: { created: true, run: [...state.runs.values()].find((run) => run.dagId === id) },
    };
  if (kind === "dags" && what === "pause") return { body: { changes: pauseChanges } };
  if (kind === "dags" && what === "backfills") return { body: foreseen };
  if (kind === "backfills") return { body: { backfill: backfills[0], dates: cancelledDates } };
  if (what === "answer") return answered(state, id ?? "");
  return { body: { changes: changesOf(state.runs.get(id ?? "")) } };
}

/** The first answer counts; a later one hears so. */
function answered(state: State, runId: string): Answer {
  const open = state.approvals.find((one) => one.runId === runId);
  if (open === undefined)
    return {
      status: 409,
      body: {
        error: "go was approved by user:ben at 2026-10-07T12:00:00Z",
        hint: "Its present state does not allow this.",
      },
    };
  state.approvals.splice(state.approvals.indexOf(open), 1);
  const { task } = open;
  return { body: { runId, task, state: "succeeded", changed: true } };
}

/** Whatever is done to a run, here it ends what is not over. */
const changesOf = (run: ApiRun | undefined): ApiOperation["changes"] =>
  (run?.tasks ?? [])
    .filter(({ state }) => ["waiting", "running"].includes(state))
    .map(({ taskId, state }) => ({ taskId, from: state, to: "cancelled", what: "cancelled" }));

/** Server-sent events: what is known at once, and whatever the test says later. */
function follow(state: State, place: string, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event: string, data: unknown): void =>
    void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const follower = { path: place, send };
  state.followers.add(follower);
  response.once("close", () => state.followers.delete(follower));
  const [, , , runId = "", what, taskId = ""] = place.split("/");
  if (what === "stream") send("run", state.runs.get(runId));
  if (what !== "logs") return;
  const task = state.runs.get(runId)?.tasks?.find((one) => one.taskId === taskId);
  const isOver = task?.endedTime !== undefined;
  const lines = state.logs.get(`${runId}/${taskId}`) ?? [];
  send("lines", { attempt: task?.attempt ?? 1, attemptId: "att", lines, complete: isOver });
  if (!isOver) return;
  send("end", {});
  response.end();
}

let built: ReturnType<typeof buildPages> | undefined;

/** The pages as the bundle makes them, in memory; once. */
async function buildPages(): Promise<Map<string, { type: string; body: Uint8Array | string }>> {
  const here = import.meta.dirname;
  const { outputFiles } = await build({
    entryPoints: { main: path.join(here, "main.tsx") },
    bundle: true,
    splitting: true,
    legalComments: "none",
    format: "esm",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    outdir: "/",
    write: false,
    logLevel: "silent",
  });
  const types: Record<string, string> = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
  };
  const pages = outputFiles.map(
    ({ path: file, contents }) => [`/${path.basename(file)}`, contents] as const,
  );
  const files = ["index.html", "icon.svg"].map(
    (name) => [`/${name}`, readFileSync(path.join(here, name), "utf8")] as const,
  );
  return new Map(
    [...pages, ...files].map(([name, body]) => [
      name,
      { type: types[path.extname(name)] ?? "text/plain", body },
    ]),
  );
}
