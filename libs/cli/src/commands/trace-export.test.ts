// `chasqui trace --export` against a server and a collector of the sandbox: what is sent, where to, and what is said.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunSchema, RunState } from "@chasqui/contracts";
import { startOtlp } from "@chasqui/sandbox";
import { afterEach, expect, test, vi } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const runId = "run-0123456789abcdefghjkmnpqrs";
const traceId = "ab".repeat(16);
const at = (ms: number) => timestampFromMs(Date.parse("2026-10-07T00:00:00Z") + ms);

function world(settled = true) {
  const run = create(RunSchema, {
    ...{ runId, dagId: "hello", key: "k", traceId, createdTime: at(0) },
    state: settled ? RunState.SUCCEEDED : RunState.RUNNING,
    ...(settled ? { settledTime: at(900) } : {}),
    tasks: [{ taskId: "gate", mapIndex: -1, kind: "noop" }],
  });
  const entry = (version: number, ms: number, cause: string, type: string, data: object = {}) => ({
    ...{ version, cause, type, time: at(ms) },
    data: { ...data },
  });
  const history = [
    entry(1, 0, "manual:1", "run_created", { admitted: true }),
    entry(1, 0, "manual:1", "task_succeeded", { t: "gate", a: 1, s: 1 }),
    ...(settled ? [entry(2, 900, "m-2", "run_settled", { state: "succeeded" })] : []),
  ];
  return { runs: [[run]], history };
}

afterEach(() => void vi.unstubAllEnvs());

test("the spans go to the collector that the environment names; once more, there is still one trace", async () => {
  await using server = await startFakeServer(world());
  await using collector = await startOtlp({ port: 0 });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` };
  const said = await invoke(["trace", "hello", "--export"], { server: server.url, env });
  expect(said).toMatchObject({
    code: 0,
    err: "",
    out: `7 spans, 1 service, trace ${traceId}, sent to ${collector.url}/v1/traces\n`,
  });
  const again = await invoke(["trace", "hello", "--export", "--json"], { server: server.url, env });
  expect(JSON.parse(again.out)).toEqual({
    trace_id: traceId,
    spans: 7,
    services: ["state-machine"],
    sent_to: `${collector.url}/v1/traces`,
    truncated: false,
    runs: [{ run_id: runId, dag_id: "hello", spans: 7, settled: true }],
  });
  const spans = await collector.spansOf(traceId);
  expect(spans.map(({ name }) => name).toSorted()).toEqual([
    "process chasqui.inbox.dag",
    "process chasqui.inbox.run",
    "publish chasqui.event",
    "publish chasqui.event",
    "run hello",
    "run started",
    "task gate",
  ]);
  for (const { resource } of spans)
    expect(resource).toMatchObject({
      "service.name": "state-machine",
      "deployment.environment.name": "local",
      "chasqui.rebuilt": true,
    });
});

test("without a collector here, the console is asked to send them to its own", async () => {
  const answer = {
    ...{ traceId, to: "http://collector:4318/v1/traces", spans: 9, services: ["a", "b"] },
    truncated: true,
    runs: [
      { runId, dagId: "hello", spans: 5, settled: true },
      { runId: "run-2", dagId: "child", spans: 4, settled: false },
    ],
  };
  await using server = await startFakeServer({
    ...world(),
    json: { [`/api/runs/${runId}/trace`]: answer },
  });
  const { out, code } = await invoke(["trace", "hello", "--export"], { server: server.url });
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    `9 spans of 2 runs, 2 services, trace ${traceId}, sent to http://collector:4318/v1/traces`,
    "run run-2 of child goes on: what is over was sent; export it again once it has settled",
    "there are more runs in this trace than 2 runs",
    "",
  ]);
});

test("of a run that goes on, what is over is sent, and that is said", async () => {
  await using server = await startFakeServer(world(false));
  await using collector = await startOtlp({ port: 0 });
  const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` };
  const { out } = await invoke(["trace", "hello", "--export"], { server: server.url, env });
  expect(out).toContain(`run ${runId} of hello goes on: what is over was sent`);
  const names = (await collector.spansOf(traceId)).map(({ name }) => name);
  expect(names).toContain("task gate");
  expect(names).not.toContain("run hello");
});

test("a collector that is not there, one that refuses, and an address that is none: each is named", async () => {
  await using server = await startFakeServer(world());
  const exported = (endpoint: string) =>
    invoke(["trace", "hello", "--export"], {
      server: server.url,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    });
  // The exporter reads its own variables from the process: whoever is away is tried again for so long.
  vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "400");
  const away = await exported("http://127.0.0.1:9");
  vi.unstubAllEnvs();
  expect(away.code).toBe(3);
  expect(away.err).toMatch(
    /the collector at http:\/\/127\.0\.0\.1:9\/v1\/traces took no spans: .*ECONNREFUSED.*\n.*set OTEL_EXPORTER_OTLP_ENDPOINT/,
  );
  const wrong = await exported(server.url);
  expect(wrong).toMatchObject({ code: 3, err: expect.stringContaining("it answers 404") });
  expect(await exported("collector:4317")).toMatchObject({
    code: 2,
    err: expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4317": want'),
  });
});
