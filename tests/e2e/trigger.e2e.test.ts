// Triggers as other teams send them: with a TCP socket and the NATS protocol, JSON and CloudEvents headers.
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunCauseKind, RunState } from "../../libs/contracts/src/index.ts";
import { invokeCli } from "../support/cli.ts";
import { natsSocket, type NatsSocket, type Publish } from "./support/nats-socket.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { mailSummariesOf, podCreates } from "./support/outside.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const DAG = "carrier-daily-costs";
const SUBJECT = "chasqui.trigger.logistics.routes.closed";
const world = useWorld({
  dags: [`${DAG}.yaml`],
  services: ["state-machine", "scheduler", "report-mailer", "k8s-runner", "console"],
});
let socket: NatsSocket;
beforeAll(async () => {
  const { nats, credentials } = world().world;
  const user = "source-logistics";
  socket = await natsSocket({ port: nats.port, user, password: credentials.of(user) });
});
afterAll(() => socket[Symbol.asyncDispose]());

/** Routes closed in Bogotá, noon of a day. */
function closed(id: string, change: Partial<Publish> = {}): Publish {
  const headers = {
    "Nats-Msg-Id": `logistics-${id}`,
    "ce-specversion": "1.0",
    "ce-id": id,
    "ce-source": "logistics",
    "ce-type": "logistics.routes.closed.v1",
    "ce-time": "2026-11-19T17:00:00Z",
    "ce-datacontenttype": "application/json",
    ...change.headers,
  };
  const body = '{"country": "CO", "depot": "Fontibón"}';
  return { subject: SUBJECT, body, ...change, headers };
}

const runsOf = async (): Promise<string[]> =>
  (await world().clients.runs.listRuns({ dagId: DAG })).runs.map(({ runId }) => runId);

test("a trigger from a socket starts the day's run, caused by it, and the carriers are mailed", async () => {
  expect(JSON.parse(await socket.publish(closed("first")))).toMatchObject({
    stream: "CHASQUI_TRIGGERS",
  });
  const [runId = ""] = await until("the run", async () => {
    const runs = await runsOf();
    return runs.length > 0 && runs;
  });
  const run = await world().settled(runId);
  expect(run.state, run.reason).toBe(RunState.SUCCEEDED);
  expect(run.key).toBe("2026-11-19");
  expect(run.cause?.kind).toBe(RunCauseKind.TRIGGER);
  expect(run.cause?.by).toContain("first");
  expect(run.cause?.event).toMatchObject({ data: { country: "CO", depot: "Fontibón" } });
  expect(await mailSummariesOf(world().world, runId)).toHaveLength(10);
});

/** What the scheduler's ledger says of a trigger, once it does. */
const recorded = (id: string): Promise<string[]> =>
  until(`the ledger's row of trigger ${id}`, async () => {
    const { triggers } = await world().clients.schedules.listTriggers({ source: "logistics", id });
    const rows = triggers.filter(({ outcome }) => outcome !== "starting");
    return rows.length > 0 && rows.map(({ dagId, outcome }) => `${dagId} ${outcome}`);
  });

test("another trigger with the same key joins that run", async () => {
  await socket.publish(closed("second"));
  expect(await recorded("second")).toEqual([`${DAG} joined`]);
  expect(await runsOf()).toHaveLength(1);
});

test("a trigger published again is known, whether the stream still remembers it or not", async () => {
  expect(JSON.parse(await socket.publish(closed("first")))).toMatchObject({ duplicate: true });
  const headers = { "Nats-Msg-Id": "as if two minutes had passed" };
  expect(JSON.parse(await socket.publish(closed("first", { headers })))).toHaveProperty("seq");
  await socket.publish(
    closed("after that one", { headers: { "ce-time": "2026-11-18T17:00:00Z" } }),
  );
  await recorded("after that one");
  expect(await recorded("first")).toEqual([`${DAG} started`]);
  expect(await runsOf()).toHaveLength(2);
});

test("a trigger of another country is filtered, and the ledger says so", async () => {
  await socket.publish(closed("peru", { body: '{"country": "PE"}' }));
  expect(await recorded("peru")).toEqual([`${DAG} filtered`]);
});

test("explain: why a DAG has no run, once its last trigger was filtered and the DAG is paused", async () => {
  const { clients, world: installation } = world();
  const pause = (paused: boolean) =>
    clients.dags.setPaused({ dagId: DAG, paused, reason: "the depot is flooded" });
  await pause(true);
  const args = ["explain", DAG, "--json"];
  const { out } = await invokeCli(args, { server: installation.serverUrl });
  await pause(false);
  const told: { causes: { kind: string; text: string }[] } = JSON.parse(out);
  const { causes } = told;
  expect(told).toMatchObject({ dag_id: DAG, state: "paused" });
  const textOf = (wanted: string) => causes.find(({ kind }) => kind === wanted)?.text;
  expect(textOf("paused")).toContain("the depot is flooded");
  expect(textOf("last_trigger")).toContain("`filtered`");
  expect(textOf("schedule")).toContain("America/Bogota");
  expect(textOf("trigger")).toContain("logistics.routes.closed");
  const { out: after } = await invokeCli(["explain", DAG], { server: installation.serverUrl });
  expect(after).toMatch(/^carrier-daily-costs is active\n {2}the next run begins /);
});

test("malformed triggers are dead letters with readable reasons, and hurt nobody", async () => {
  const { "ce-id": _none, ...withoutId } = closed("no-id").headers;
  await socket.publish({ subject: SUBJECT, headers: withoutId, body: "{}" });
  await socket.publish(closed("no-json", { body: "{country: CO" }));
  await socket.publish(closed("in-the-name-of-billing", { headers: { "ce-source": "billing" } }));
  await socket.publish({ subject: SUBJECT, headers: {}, body: "routes closed!" });
  await socket.publish(closed("well", { headers: { "ce-time": "2026-11-17T17:00:00Z" } }));
  expect(await recorded("well")).toEqual([`${DAG} started`]);
  const reasons = await until("four dead letters", async () => {
    const all = (await world().bus.deadLetters()).map(({ reason }) => reason);
    return all.length >= 4 && all.toSorted();
  });
  expect(reasons).toEqual(DEAD.map((pattern) => expect.stringMatching(pattern)));
  for (const runId of await runsOf())
    expect((await world().settled(runId)).state).toBe(RunState.SUCCEEDED);
});

const DEAD = [/billing/, /ce-id is missing/, /no header ce-specversion/, /the body is not JSON/];

test("a source cannot publish in another's name: the server says so, and stores nothing", async () => {
  const subject = "chasqui.trigger.other.routes.closed";
  socket.send(closed("forged", { subject }));
  expect(await socket.nextError()).toContain(`Permissions Violation for Publish to "${subject}"`);
  socket.send(closed("forged", { subject: "chasqui.inbox.0.dag.carrier-daily-costs" }));
  expect(await socket.nextError()).toContain("Permissions Violation for Publish");
  const { triggers } = await world().clients.schedules.listTriggers({ id: "forged" });
  expect(triggers).toEqual([]);
});

test("three days ran, each with its one pod and its ten mails", async () => {
  const runs = await runsOf();
  expect(runs).toHaveLength(3);
  for (const runId of runs) expect(await mailSummariesOf(world().world, runId)).toHaveLength(10);
  expect([...(await podCreates(world().world)).values()]).toEqual([1, 1, 1]);
});

test("nothing is left but the four dead letters", () =>
  expectNothingLeft(world(), { dead: [/missing/, /JSON/, /billing/, /ce-specversion/] }));

replayTest(() => replayOfWorld(world()));
