// The console as a whole: its HTTP API, its streams and its gRPC door, on a real broker with its own permissions.
import { createServer } from "node:http";
import { createGrpcClient, RpcError } from "@chasqui/chassis";
import { DagService, LogService, RunService, RunState, TaskState } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { RUN, world } from "./testing.ts";

async function get(
  url: string,
  init: RequestInit = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}
const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  get(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Server-sent events as they come: `name data`. */
async function* eventsOf(url: string, signal: AbortSignal): AsyncGenerator<[string, unknown]> {
  const response = await fetch(url, { signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) yield [event, JSON.parse(data ?? "null")];
    }
  }
}

test("what is where: version, environment, gRPC, links", async () => {
  await using w = await world({
    CHASQUI_TRACE_QUERY_URL: "http://127.0.0.1:9/",
    CHASQUI_MAIL_VIEWER_URL: "http://mail.example",
  });
  const { body } = await get(`${w.url}/api/server`);
  expect(body).toEqual({
    version: "0.1.0",
    environment: "local",
    grpc: w.grpc,
    links: { trace: "http://127.0.0.1:9/trace/{trace}", mail: "http://mail.example" },
  });
});

test("runs: words for states, JSON for JSON, nothing for what is not known", async () => {
  await using w = await world();
  const { body } = await get(`${w.url}/api/runs/${RUN}`);
  expect(body).toMatchObject({
    runId: RUN,
    state: "running",
    cause: { kind: "trigger", by: "logistics routes-7" },
    event: { country: "CO" },
    createdTime: "1970-01-01T00:00:01.000Z",
    tasks: [
      { taskId: "aggregate", state: "running", attempt: 1 },
      { taskId: "mail", state: "waiting", needs: ["aggregate"], output: { a: 1 } },
    ],
  });
  expect(body).not.toHaveProperty("settledTime");
  const list = await get(`${w.url}/api/runs?dag=costs&state=running,queued&page_size=10`);
  expect(list.body).toMatchObject({ runs: [{ runId: RUN }], nextPageToken: "next" });
  expect(JSON.stringify(list.body)).not.toContain("tasks");
  expect((await get(`${w.url}/api/runs?state=failed`)).body).toMatchObject({ runs: [] });
  expect((await get(`${w.url}/api/runs/${RUN}/history`)).body).toMatchObject({
    entries: [{ type: "run_created", data: { key: "k" } }],
  });
  expect((await get(`${w.url}/api/runs/costs/deliveries`)).body).toMatchObject({
    deliveries: [{ runId: RUN, state: "left_out", reason: "no routes" }],
  });
});

test.each<[string, number, RegExp]>([
  ["/api/runs/run-none", 404, /no run run-none/],
  ["/api/runs?state=broken", 400, /state is "broken"/],
  ["/api/runs?page_size=many", 400, /page_size is "many": want an integer in 1..1000/],
  ["/api/dags/cots", 404, /no DAG cots/],
  ["/api/runs/run-none/stream", 404, /no run/],
  [`/api/runs/${RUN}/logs/agregate`, 404, /no task "agregate": want one of aggregate, mail/],
  [`/api/runs/${RUN}/trace`, 404, /no trace store/],
  ["/api/nothing", 404, /nothing at GET \/api\/nothing/],
])("%s answers %i with words", async (place, status, error) => {
  await using w = await world();
  const answer = await get(w.url + place);
  expect(answer).toEqual({
    status,
    body: { error: expect.stringMatching(error), hint: expect.stringMatching(/\w/) },
  });
});

test("DAGs have their next due time, and are shown without it when the scheduler is away", async () => {
  await using w = await world();
  const schedule = {
    summary: "0 19 * * *",
    words: "at 19:00 every day, UTC",
    timezone: "UTC",
    catchup: "all",
    overlap: "cancel_other",
  };
  expect((await get(`${w.url}/api/dags`)).body).toMatchObject({
    dags: [{ dagId: "costs", schedule: { ...schedule, nextTime: "1970-01-02T00:00:00.000Z" } }],
  });
  w.owned.schedulerIsUp = false;
  expect((await get(`${w.url}/api/dags/costs`)).body).toMatchObject({ dagId: "costs", schedule });
  expect((await get(`${w.url}/api/ticks/costs`)).body).toMatchObject({
    ticks: [{ outcome: "missed", dueTime: "1970-01-01T00:00:00.000Z", reason: "nobody was there" }],
  });
  expect((await get(`${w.url}/api/triggers?source=s&id=i`)).body).toMatchObject({
    triggers: [{ source: "s", id: "i", outcome: "unbound" }],
  });
});

test("backfills: the list, one with its dates, a new one, and what it is told", async () => {
  await using w = await world();
  const ana = { "chasqui-principal": "user:ana" };
  expect((await get(`${w.url}/api/backfills?dag=costs`)).body).toMatchObject({
    backfills: [{ backfillId: "bf-1", state: "running", reprocess: "none", isOver: false }],
  });
  expect((await get(`${w.url}/api/backfills/bf-1`)).body).toMatchObject({
    backfill: { counts: { waiting: 1 } },
    dates: [{ state: "running", runId: RUN }],
  });
  const body = {
    from: "2026-10-01",
    to: "2026-10-02",
    maxActive: 2,
    reprocess: "failed",
    dryRun: true,
  };
  const made = await post(`${w.url}/api/dags/costs/backfills`, body, ana);
  expect(made.body).toMatchObject({ dates: [{ state: "waiting", reason: "no run" }] });
  const paused = await post(`${w.url}/api/backfills/bf-1/pause`, { reason: "night" }, ana);
  expect(paused).toMatchObject({ status: 200, body: { backfill: { state: "paused" } } });
  const asked = { reason: "wrong", keepRuns: true, dryRun: true };
  expect((await post(`${w.url}/api/backfills/bf-1/cancel`, asked, ana)).body).toMatchObject({
    dates: [{ state: "cancelled", runId: RUN }],
  });
  expect((await post(`${w.url}/api/backfills/bf-1/stop`, {}, ana)).status).toBe(400);
  const wrong = await post(`${w.url}/api/dags/costs/backfills`, { reprocess: "some" }, ana);
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: "reprocess: want none, failed or all" },
  });
  expect(w.owned.told).toMatchObject([
    { by: "user:ana", what: "backfill costs 2026-10-01 2026-10-02  2 true 2" },
    { by: "user:ana", what: "bf-1 1 night false false" },
    { by: "user:ana", what: "bf-1 3 wrong true true" },
  ]);
});

test("commands say who asks and why", async () => {
  await using w = await world();
  const ana = { "chasqui-principal": "user:ana", "chasqui-reason": "ticket 7" };
  const started = await post(`${w.url}/api/dags/costs/runs`, { key: "k" }, ana);
  expect(started).toMatchObject({ status: 201, body: { created: true, run: { runId: RUN } } });
  expect((await post(`${w.url}/api/dags/costs/runs`, { key: "2026-11-22" })).status).toBe(200);
  await post(`${w.url}/api/dags/costs/runs`, { key: "k2", version: 3 });
  await post(`${w.url}/api/runs/${RUN}/cancel`, { reason: "wrong data" }, ana);
  const paused = await post(`${w.url}/api/dags/costs/pause`, { paused: true, reason: "night" });
  expect(paused.body).toMatchObject({ dag: { paused: true } });
  const resumed = await post(`${w.url}/api/dags/costs/pause`, { paused: false, dryRun: true });
  expect(resumed.body).toMatchObject({
    dag: { paused: true },
    changes: { changed: true, activeRuns: 1, waitingRuns: 2, startedRunIds: [RUN] },
  });
  expect(w.owned.told).toEqual([
    { what: "start costs k with a request id", by: "user:ana", reason: "ticket 7" },
    { what: "start costs 2026-11-22 with a request id", by: "anonymous", reason: undefined },
    { what: "start costs k2 with a request id, of version 3", by: "anonymous", reason: undefined },
    { what: `cancel ${RUN}: wrong data`, by: "user:ana", reason: "ticket 7" },
    { what: "pause: night", by: "anonymous", reason: undefined },
  ]);
});

test("operations on runs answer what changes; a dry run tells nobody", async () => {
  await using w = await world();
  const at = `${w.url}/api/runs/${RUN}`;
  const clear = { tasks: ["mail"], downstream: true };
  expect((await post(`${at}/clear`, { ...clear, dryRun: true })).body).toMatchObject({
    changes: [{ taskId: "mail", from: "failed", to: "waiting" }],
  });
  expect(w.owned.told).toEqual([]);
  await post(`${at}/clear`, { ...clear, reason: "fixed" });
  await post(`${at}/mark`, { task: "mail", state: "skipped" });
  await post(`${at}/rerun`, { version: "newest" });
  await post(`${at}/cancel`, { now: true });
  expect(w.owned.told.map(({ what }) => what)).toEqual([
    `clear ${RUN} mail down: fixed`,
    `mark ${RUN} mail state 10: `,
    `rerun ${RUN} version 2: `,
    `cancel ${RUN} now: `,
  ]);
  const wrong = await post(`${at}/mark`, { task: "mail", state: "done" });
  expect(wrong.body).toMatchObject({ error: 'state is "done": want succeeded, failed, skipped' });
  expect((await post(`${at}/clear`, { tasks: "mail" })).status).toBe(400);
});

test("why a run or a task is not at work; a task that is not there is said in the owner's words", async () => {
  await using w = await world();
  const at = `${w.url}/api/runs/${RUN}/explain`;
  expect((await get(at)).body).toEqual({
    ...{ runId: RUN, state: "running" },
    explanations: [
      {
        ...{ task: "mail", state: "waiting" },
        causes: [
          { kind: "upstream", text: "mail waits for aggregate", task: "mail" },
          { kind: "pool", text: "in line for pool wh", pool: "wh", runId: "run-other" },
        ],
        expectedTime: "1970-01-01T00:00:09.000Z",
        ...{ expectedBy: "estimate", expectedRuns: 7 },
        waits: [
          {
            ...{ kind: "admission", text: "a slot of its DAG" },
            fromTime: "1970-01-01T00:00:01.000Z",
            untilTime: "1970-01-01T00:00:02.000Z",
          },
          { kind: "upstream", text: "what it needs", fromTime: "1970-01-01T00:00:02.000Z" },
        ],
      },
    ],
  });
  expect((await get(`${at}?task=aggregate`)).body).toMatchObject({
    explanations: [{ task: "aggregate" }],
  });
  expect(await get(`${at}?task=mal%C3%AD`)).toMatchObject({
    status: 404,
    body: { error: `run ${RUN} has no task "malí"` },
  });
});

test("what runs ask people is listed, and answered in the asker's name", async () => {
  await using w = await world();
  const { body } = await get(`${w.url}/api/approvals?dag=costs&run=${RUN}`);
  expect(body).toEqual({
    total: 7,
    approvals: [
      {
        ...{ runId: RUN, dagId: "costs", task: "go", attempt: 2, message: "Publish?" },
        ...{ form: { properties: {} }, approvers: ["ana"], onReject: "skip" },
        askedTime: "1970-01-01T00:00:01.000Z",
      },
    ],
  });
  const answer = { task: "go", attempt: 2, approve: true, comment: "fine", values: { n: 1 } };
  const place = `${w.url}/api/runs/${RUN}/answer`;
  const said = await post(place, answer, { "chasqui-principal": "user:ana" });
  expect(said.body).toEqual({ runId: RUN, task: "go", state: "succeeded", changed: true });
  expect(w.owned.told).toMatchObject([{ what: 'answer go 2 true fine {"n":1}', by: "user:ana" }]);
  expect(await post(place, { ...answer, approve: "yes" })).toMatchObject({ status: 400 });
  expect(await post(place, { ...answer, attempt: -1 })).toMatchObject({ status: 400 });
});

test("another site cannot make a browser command; a body must be what it should", async () => {
  await using w = await world({ CHASQUI_CONSOLE_URL: "https://chasqui.example/console" });
  const cancel = `${w.url}/api/runs/${RUN}/cancel`;
  expect((await post(cancel, {}, { origin: "https://evil.example" })).status).toBe(403);
  expect((await post(cancel, {}, { "content-type": "text/plain" })).status).toBe(415);
  expect((await get(cancel, { method: "POST" })).status).toBe(415);
  expect((await post(cancel, "{", {})).status).toBe(400);
  expect((await post(cancel, { why: "x" })).body).toMatchObject({
    error: "the body has why: want only reason, now, dryRun",
  });
  expect((await post(`${w.url}/api/dags/costs/pause`, { paused: "yes" })).status).toBe(400);
  expect(w.owned.told).toEqual([]);
  expect((await post(cancel, {}, { origin: "https://chasqui.example" })).status).toBe(200);
  expect((await post(cancel, {}, { origin: w.url })).status).toBe(200);
  const page = await fetch(`${w.url}/api/server`);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("a run is followed until it settles", async () => {
  await using w = await world();
  const seen: string[] = [];
  for await (const [event, data] of eventsOf(
    `${w.url}/api/runs/${RUN}/stream`,
    AbortSignal.timeout(40_000),
  )) {
    seen.push(event === "run" ? `run ${(data as { state: string }).state}` : event);
    if (seen.length === 1) w.change({ state: RunState.SUCCEEDED });
    if (event === "end") break;
  }
  expect(seen).toEqual(["run running", "run succeeded", "end"]);
});

test("a log is read as it is, and followed until the task's last batch; what came twice comes once", async () => {
  await using w = await world();
  await w.publishLog([1, 2]);
  await w.publishLog([2, 3, 6]);
  const logs = `${w.url}/api/runs/${RUN}/logs/aggregate`;
  const texts = (data: unknown): string[] =>
    (data as { lines: { text: string }[] }).lines.map(({ text }) => text);
  const now = await get(logs);
  expect(now.body).toMatchObject({ attempt: 1, complete: false });
  expect(texts(now.body)).toEqual([
    "line 1",
    "line 2",
    "line 3",
    "lines 4 to 5 are missing",
    "line 6",
  ]);
  const followed: string[] = [];
  for await (const [event, data] of eventsOf(`${logs}?follow=1`, AbortSignal.timeout(40_000))) {
    if (event === "end") break;
    followed.push(...texts(data));
    if (followed.at(-1) !== "line 6") continue;
    w.change({ tasks: w.owned.run.tasks.map((task) => ({ ...task, state: TaskState.SUCCEEDED })) });
    await w.publishLog([7], true);
  }
  expect(followed.slice(-2)).toEqual(["line 6", "line 7"]);
});

test("who listens for changes hears that there are some", async () => {
  await using w = await world();
  let heard = 0;
  for await (const [event] of eventsOf(`${w.url}/api/changes`, AbortSignal.timeout(40_000))) {
    expect(event).toBe("changed");
    if (++heard === 2) break;
    w.tell();
  }
  expect(heard).toBe(2);
});

test("a trace is fetched from its store", async () => {
  const asked: string[] = [];
  const store = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json").end('{"data":[]}');
  });
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  const address = store.address();
  const port = typeof address === "object" ? address?.port : 0;
  try {
    await using w = await world({ CHASQUI_TRACE_QUERY_URL: `http://127.0.0.1:${port}` });
    expect(await get(`${w.url}/api/runs/${RUN}/trace`)).toEqual({
      status: 200,
      body: { data: [] },
    });
    expect(asked).toEqual(["/api/traces/0af7651916cd43dd8448eb211c80319c"]);
  } finally {
    store.close();
  }
});

test("the gRPC door: owners' calls pass through, logs are answered here", async () => {
  await using w = await world();
  const runs = createGrpcClient(RunService, w.grpc, { principal: "user:ana" });
  const dags = createGrpcClient(DagService, w.grpc);
  const logs = createGrpcClient(LogService, w.grpc);
  try {
    expect((await runs.getRun({ runId: "costs" })).run?.runId).toBe(RUN);
    await expect(runs.getRun({ runId: "run-none" })).rejects.toThrow(RpcError);
    await runs.cancelRun({ runId: RUN, reason: "by CLI" });
    expect(w.owned.told).toEqual([
      { what: `cancel ${RUN}: by CLI`, by: "user:ana", reason: undefined },
    ]);
    expect((await dags.listDags({})).dags).toHaveLength(1);
    await w.publishLog([1], true);
    const lines: string[] = [];
    for await (const { batch } of logs.tailLogs({
      runId: "costs",
      taskId: "aggregate",
      follow: true,
      attempt: 1,
    }))
      lines.push(...(batch?.lines ?? []).map(({ text }) => text));
    expect(lines).toEqual(["line 1"]);
  } finally {
    for (const client of [runs, dags, logs]) client.close();
  }
});

test("without its files the console says how to get them, and /api works", async () => {
  await using w = await world();
  expect(await get(`${w.url}/`)).toMatchObject({
    status: 503,
    body: { error: expect.stringMatching(/files are not there/) },
  });
});
