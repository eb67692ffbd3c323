// No secret is ever said: not on the bus, in a table, a log, a span, an alert, a mail or an answer. Secrets are planted
// in every place where one may be, used in runs that succeed and in ways that fail; then everything is read.
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunState, TaskState } from "../../libs/contracts/src/index.ts";
import {
  consoleText,
  listenToAll,
  mailText,
  serviceTexts,
  slackText,
  streamTexts,
  tableTexts,
  telemetryTexts,
} from "./support/everything.ts";
import { slackMessages } from "./support/outside.ts";
import { hitsOf, type Place } from "./support/planted.ts";
import {
  DAG,
  DAG_ID,
  ownSecrets,
  plantAll,
  postHook,
  secretFiles,
  secrets,
} from "./support/secret-world.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const MAIN = "carrier-daily-costs";
const MAILER = "report_mailer"; // it keeps what it mailed, and of a report without recipients nothing
const DAY = "2026-11-20";
const files = secretFiles();
const world = useWorld({
  dags: [`${MAIN}.yaml`, "example-failing.yaml"],
  environment: files.environment,
  env: {
    "*": { OTEL_METRIC_EXPORT_INTERVAL: "1000" },
    "alert-notifier": { CHASQUI_SLACK_TOKEN: secrets.slack.value },
  },
});
const stack = new AsyncDisposableStack();
const runIds: string[] = [];
let bus: { text(): string };
beforeAll(async () => {
  stack.defer(files.remove);
  stack.use(await plantAll(world().world, files));
  bus = stack.use(await listenToAll(world().world));
  await world().apply(`${DAG_ID}.yaml`, DAG);
});
afterAll(() => stack.disposeAsync());

test("the main job runs with its secrets, and mails over a login", async () => {
  const { startRun, settled } = world();
  const logicalMs = Date.parse(`${DAY}T17:00:00Z`);
  const { runId } = await startRun(MAIN, { key: DAY, logicalMs });
  const run = await settled(runId);
  expect(run.state, run.reason).toBe(RunState.SUCCEEDED);
  runIds.push(runId);
});

test("every other way a secret is used fails: refused, unknown, wrong; one comes back in an answer", async () => {
  const { clients, settled, startRun, world: at } = world();
  const failing = await startRun("example-failing", { key: DAY });
  const body = { day: DAY, said: DAG_ID };
  expect(await postHook(at, body, "not the secret")).toBe(401);
  expect(await postHook(at, body, at.credentials.of("webhook depot"))).toBe(202);
  const { runId } = await until("the webhook's run", async () => {
    const { runs } = await clients.runs.listRuns({ dagId: DAG_ID });
    return runs[0];
  });
  const run = await settled(runId);
  const states = run.tasks.map(({ taskId, state }) => [taskId, state] as const);
  expect(states.filter(([, state]) => state !== TaskState.FAILED)).toEqual([
    ["echo", TaskState.SUCCEEDED],
  ]);
  runIds.push(runId, (await settled(failing.runId)).runId);
  await until("the alert", async () => {
    const found = await slackMessages(at, "data-alerts");
    return found.some(({ text }) => text.includes(`${DAG_ID} failed`));
  });
});

let tested = "";
test("each connection is tested by those who use it: they work, but for the three that cannot", async () => {
  const { clients } = world();
  const { connections } = await clients.connections.listConnections({});
  const failed: string[] = [];
  for (const { name } of connections) {
    const answer = await clients.connections.testConnection({ name }, { timeoutMs: 60_000 });
    for (const { ok, service, message, tookMs } of answer.tests) {
      tested += JSON.stringify({ name, ok, service, message, tookMs });
      if (!ok) failed.push(`${name} from ${service}`);
    }
  }
  expect(failed).toEqual([
    "refused from report-mailer",
    "refused from sensor-runner",
    "refused-http from sensor-runner",
    "wrong-key from sensor-runner",
  ]);
});

test("a database that goes away in the middle is told of, and comes back", async () => {
  await world().world.postgres.restart("immediate");
  const runs = await until("an answer", async () => (await world().clients.runs.listRuns({})).runs);
  expect(runs).toHaveLength(3);
});

let places: Place[] = [];
const at = (
  where: string,
  texts: Readonly<Record<string, string>>,
  marker: (name: string) => string,
) =>
  Object.entries(texts).map(([name, text]) => ({
    name: `${where} ${name}`,
    text,
    marker: marker(name),
  }));
const isQueue = (stream: string): boolean => /INBOX|TASKS|DEAD|KV_/.test(stream);

test("everything is read: what was said is found in each place", async () => {
  const { world: it } = world();
  const printed = await serviceTexts(it, path.dirname(it.addresses.environmentFile));
  const telemetry = await until("the metrics", async () => {
    const texts = await telemetryTexts(it);
    return texts["metrics"]?.includes("chasqui.attempt.ended") && texts;
  });
  places = [
    ...at("stream", await streamTexts(it), (name) => (isQueue(name) ? "" : DAG_ID)),
    ...at("tables of", await tableTexts(it), (name) => (name === MAILER ? MAIN : DAG_ID)),
    ...at("log of", printed, (name) => `"service":"${name}"`),
    ...at("telemetry:", telemetry, (name) => (name === "spans" ? DAG_ID : "chasqui.")),
    { name: "bus", text: bus.text(), marker: DAG_ID },
    { name: "Slack", text: await slackText(it), marker: DAG_ID },
    { name: "mails", text: await mailText(it), marker: String(runIds[0]) },
    { name: "console", text: (await consoleText(world(), runIds)) + tested, marker: DAG_ID },
  ];
  const unread = places.filter(({ text, marker }) => !text.includes(marker));
  expect(unread.map(({ name, marker }) => `${name}: ${marker}`)).toEqual([]);
  expect(places.map(({ name }) => name)).toContain("tables of state_machine");
});

test("no secret is in any of them", () => {
  const { printed: _own, ...planted } = secrets;
  const all = [...Object.values(planted), ...ownSecrets(world().world)];
  expect(all.length).toBeGreaterThan(20);
  expect(hitsOf(places, all)).toEqual([]);
});

test("what a pod prints is kept as it is in its log, and leaves the house masked", () => {
  const held = new Set(hitsOf(places, [secrets.printed]).map((hit) => hit.split(":")[0]));
  expect(held).toContain("stream CHASQUI_LOGS");
  for (const place of ["Slack", "mails", "telemetry", "log of k8s-runner"])
    expect(held).not.toContain(place);
});

replayTest(() => replayOfWorld(world()));
