// What becomes of triggers, an outcome at a time; the whole scheduler with real users' permissions on a real broker and
// a real database.
import { redrive, listDead } from "@chasqui/bus";
import { expect, test, vi } from "vitest";
import { createGrpcClient } from "@chasqui/chassis";
import { RunState, ScheduleService, runIdOf, triggerMessage } from "@chasqui/contracts";
import type { JsonObject } from "@bufbuild/protobuf";
import { dagOf, world } from "./testing.ts";
import type { World } from "./testing.ts";

const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 40_000, interval: 100 }); // a look is a call and a query

const said = (id: string, data: JsonObject = {}, name = "routes.closed") => {
  const { subject, headers, body } = triggerMessage({ source: "logistics", name, id, data });
  return { subject, data: body, headers };
};
const CLOSED = { event: { subject: "logistics.routes.closed" } };
const OPENED = { event: { subject: "logistics.depot.opened" } };

async function rowsOf(w: Pick<World, "schedules">, question: { id?: string; dagId?: string } = {}) {
  const { triggers } = await w.schedules.listTriggers({ ...question, pageSize: 1_000 });
  return triggers;
}
const outcomesOf = async (w: World, id: string): Promise<string[]> =>
  (await rowsOf(w, { id })).map(({ dagId, outcome }) => `${dagId}:${outcome}`);
const expectOutcomes = (w: World, id: string, ...outcomes: string[]): Promise<void> =>
  until(async () => expect(await outcomesOf(w, id)).toEqual(outcomes));

/** The data of the events that a run was started with. */
function dataOf(w: World, run = 0): unknown[] {
  const event = JSON.parse(w.stateMachine.taken[run]?.start.eventJson ?? "null");
  return (event?.events ?? [event]).map((one: { data: unknown }) => one.data);
}

test("started: with parameters from the event, checked and with their defaults", async () => {
  const params = {
    type: "object",
    properties: { country: { type: "string" }, mode: { type: "string", default: "full" } },
  };
  const triggers = [{ ...CLOSED, params: { country: "${event.data.country}" } }];
  await using w = await world({ dags: [dagOf({ id: "costs", params, triggers })] });
  await w.publishTrigger(said("a", { country: "CO" }));
  await expectOutcomes(w, "a", "costs:started");
  expect(w.stateMachine.taken[0]?.start.paramsJson).toBe('{"country":"CO","mode":"full"}');
  expect(JSON.parse(w.stateMachine.taken[0]?.start.eventJson ?? "")).toMatchObject({
    id: "a",
    source: "logistics",
    subject: "logistics.routes.closed",
    data: { country: "CO" },
  });
  await w.publishTrigger(said("b", { country: 7 }));
  await expectOutcomes(w, "b", "costs:dead");
});

test("paused-queued: a paused DAG takes the run, which waits", async () => {
  await using w = await world({ dags: [dagOf({ id: "costs", paused: true, triggers: [CLOSED] })] });
  await w.publishTrigger(said("a"));
  await expectOutcomes(w, "a", "costs:paused-queued");
  const [row] = await rowsOf(w, { id: "a" });
  expect(row?.runId).toBe(runIdOf("costs", "logistics/a"));
});

test("paused-queued is found out, too, when the verdict is lost", async () => {
  await using w = await world({ dags: [dagOf({ id: "costs", paused: true, triggers: [CLOSED] })] });
  w.stateMachine.answers = false;
  await w.publishTrigger(said("a"));
  await expectOutcomes(w, "a", "costs:paused-queued");
});

test("rejected: the DAG refused the run, with its reason", async () => {
  await using w = await world({ dags: [dagOf({ id: "costs", triggers: [CLOSED] })] });
  w.stateMachine.refuse = () => "no DAG is called costs";
  await w.publishTrigger(said("a"));
  await expectOutcomes(w, "a", "costs:rejected");
});

test("rate-limited: runs beyond the rate are not started, and say when one will be possible", async () => {
  const triggers = [{ ...CLOSED, rate: { max: 3, per: "1h" } }];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.start();
  const bus = await w.sourceBus();
  await bus.publish(Array.from({ length: 20 }, (_, n) => said(`t-${n}`)));
  await until(async () => expect(await rowsOf(w)).toHaveLength(20));
  await until(async () => {
    const outcomes = (await rowsOf(w)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "started")).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === "rate-limited")).toHaveLength(17);
  });
  expect(w.stateMachine.taken).toHaveLength(3);
  const limited = (await rowsOf(w)).find(({ outcome }) => outcome === "rate-limited");
  expect(limited?.reason).toMatch(/^3 runs in 3600 s are the most; the next is possible at 20/);
});

test("a batch: one run for all that came, in their order, whichever replica got them", async () => {
  const triggers = [{ ...CLOSED, batch: { window: "1h", max: 10 } }];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.start();
  for (let n = 0; n < 9; n++) await w.publishTrigger(said(`t-${n}`, { n }));
  await until(async () => {
    const [first] = await rowsOf(w, { id: "t-0" });
    expect(first?.reason).toMatch(/^collected with others until 20.*: 9 so far$/);
  });
  await w.publishTrigger(said("t-9", { n: 9 }));
  await expectOutcomes(w, "t-9", "costs:started");
  expect(w.stateMachine.taken).toHaveLength(1);
  expect(dataOf(w)).toEqual(Array.from({ length: 10 }, (_, n) => ({ n })));
  const rows = await rowsOf(w, { dagId: "costs" });
  expect(new Set(rows.map(({ outcome, runId }) => `${outcome} ${runId}`)).size).toBe(1);
  expect(rows.map(({ reason }) => reason)).toContainEqual(
    expect.stringMatching(/^10 events together: with logistics t-\d$/),
  );
  const { subject, headers, data } = said("t-5", { n: 5 });
  await w.publishTrigger({ subject, data, headers: { ...headers, "Nats-Msg-Id": "another" } });
  await w.publishTrigger(said("last"));
  await expectOutcomes(w, "last", "costs:waiting");
  expect((await rowsOf(w, { id: "last" }))[0]?.reason).toMatch(/: 1 so far$/);
});

test("a batch closes when its window ends, and when it was quiet", async () => {
  const window = dagOf({ id: "window", triggers: [{ ...CLOSED, batch: { window: "2s" } }] });
  const batch = { window: "1h", quiet: "1s" };
  const quiet = dagOf({ id: "quiet", triggers: [{ ...OPENED, batch }] });
  await using w = await world({ dags: [window, quiet] });
  const fromMs = Date.now();
  await w.publishTrigger(said("a"));
  await w.publishTrigger(said("b", {}, "depot.opened"));
  await expectOutcomes(w, "a", "window:started");
  expect(Date.now() - fromMs).toBeGreaterThanOrEqual(2_000);
  await expectOutcomes(w, "b", "quiet:started");
  expect(w.stateMachine.taken).toHaveLength(2);
});

test("a batch by key: one per key, and who comes later joins its run", async () => {
  const key = "${event.data.depot}";
  const dags = [
    dagOf({ id: "costs", triggers: [{ ...CLOSED, key, batch: { window: "1h", max: 2 } }] }),
  ];
  await using w = await world({ dags });
  await w.publishTrigger(said("a1", { depot: "A" }));
  await w.publishTrigger(said("b1", { depot: "B" }));
  await w.publishTrigger(said("a2", { depot: "A" }));
  await expectOutcomes(w, "a1", "costs:started");
  await w.publishTrigger(said("a3", { depot: "A" }));
  await expectOutcomes(w, "a3", "costs:joined");
  await expectOutcomes(w, "b1", "costs:waiting");
  expect(w.stateMachine.taken.map(({ start }) => start.key)).toEqual(["A", "A"]);
  expect(w.stateMachine.runs.size).toBe(1);
});

test("all of several: the run of a key starts with the last missing one, whatever comes in between", async () => {
  const triggers = [{ all: [CLOSED, OPENED, { asset: "orders" }], key: "${event.data.key}" }];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.start();
  await w.publishTrigger(said("closed-1", { key: "1" }));
  await w.publishTrigger(said("opened-2", { key: "2" }, "depot.opened"));
  await expectOutcomes(w, "opened-2", "costs:waiting");
  await w.publishTrigger(said("opened-1", { key: "1" }, "depot.opened"));
  await until(async () =>
    expect((await rowsOf(w, { id: "closed-1" }))[0]?.reason).toBe("waits for asset orders"),
  );
  await w.stateMachine.produce("orders", { dagId: "load", key: "1" });
  await expectOutcomes(w, "closed-1", "costs:started");
  await expectOutcomes(w, "opened-1", "costs:started");
  await expectOutcomes(w, "opened-2", "costs:waiting");
  expect(w.stateMachine.taken.map(({ start }) => start.key)).toEqual(["1"]);
  expect(dataOf(w)).toMatchObject([{ key: "1" }, { key: "1" }, { asset: "orders", key: "1" }]);
  await w.publishTrigger(said("closed-1-again", { key: "1" }));
  await expectOutcomes(w, "closed-1-again", "costs:joined");
  expect(w.stateMachine.runs.size).toBe(1);
});

test("any of several: one is enough", async () => {
  const triggers = [{ any: [CLOSED, OPENED] }];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.publishTrigger(said("a"));
  await w.publishTrigger(said("b", {}, "depot.opened"));
  await expectOutcomes(w, "a", "costs:started");
  await expectOutcomes(w, "b", "costs:started");
});

test("filtered: what waited in vain gives up and says for what", async () => {
  const triggers = [{ all: [CLOSED, OPENED], within: "2s" }];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.publishTrigger(said("a"));
  await expectOutcomes(w, "a", "costs:filtered");
  const [row] = await rowsOf(w, { id: "a" });
  expect(row?.reason).toBe("waited 2 s in vain for logistics.depot.opened");
  await w.publishTrigger(said("b", {}, "depot.opened"));
  await expectOutcomes(w, "b", "costs:filtered"); // what gave up has not waited for it
});

test("filtered: what waits for a trigger that a new version no longer has", async () => {
  await using w = await world({
    dags: [dagOf({ id: "costs", triggers: [{ all: [CLOSED, OPENED] }] })],
  });
  await w.publishTrigger(said("a"));
  await expectOutcomes(w, "a", "costs:waiting");
  await w.stateMachine.apply(dagOf({ id: "costs", version: 2, triggers: [OPENED] }));
  await w.start(); // a fresh replica asks for all DAGs, and looks for such groups at once
  await expectOutcomes(w, "a", "costs:filtered");
  expect((await rowsOf(w, { id: "a" }))[0]?.reason).toBe("the DAG has no such trigger any more");
});

test("the end of another DAG's run starts one, about the same instant, linked to its trace", async () => {
  const logicalMs = Date.parse("2026-11-21T05:00:00Z");
  const triggers = [
    { dag: { id: "load", state: ["succeeded", "failed"] as const }, key: "${run.date}" },
  ];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  await w.stateMachine.settle({ dagId: "load", key: "k", logicalMs });
  await w.stateMachine.settle({ dagId: "load", key: "x", state: RunState.CANCELLED });
  await w.stateMachine.settle({ dagId: "other", key: "y" });
  await until(() => expect(w.stateMachine.taken).toHaveLength(1));
  const { start } = w.stateMachine.taken[0] ?? {};
  expect(start).toMatchObject({ dagId: "costs", key: "2026-11-21", logicalMs });
  expect(start?.traceparent).not.toContain("0af7651916cd43dd8448eb211c80319c");
  expect(dataOf(w)).toMatchObject([{ dag_id: "load", state: "succeeded", key: "k" }]);
  await until(async () => {
    const rows = await rowsOf(w);
    expect(rows.map(({ source, outcome }) => `${source} ${outcome}`).toSorted()).toEqual([
      "chasqui/dag/load filtered",
      "chasqui/dag/load started",
    ]);
  });
});

test("a settled run that no event told is found by comparing, once", async () => {
  const triggers = [{ dag: "load" }];
  await using w = await world({
    dags: [dagOf({ id: "costs", triggers, appliedMs: Date.now() - 60_000 })],
  });
  await w.stopFirst();
  await w.stateMachine.settle(
    { dagId: "load", key: "before", timeMs: Date.now() - 90_000 },
    "untold",
  );
  await w.stateMachine.settle({ dagId: "load", key: "untold" }, "untold");
  await w.stateMachine.settle({ dagId: "load", key: "told" });
  const second = await w.start({ refreshMs: 1_000 });
  await until(() => expect(w.stateMachine.taken).toHaveLength(2));
  await second.stop();
  expect(
    w.stateMachine.taken
      .flatMap((_, n) => dataOf(w, n))
      .map((data) => (data as JsonObject)["key"])
      .toSorted(),
  ).toEqual(["told", "untold"]);
});

test("assets: a && b starts when both are new, a || b with either; what came in a pause is not lost", async () => {
  const dags = [
    dagOf({ id: "both", paused: true, triggers: [{ asset: "orders && routes" }] }),
    dagOf({ id: "either", triggers: [{ asset: "orders || routes" }] }),
  ];
  await using w = await world({ dags });
  await w.stateMachine.produce("orders", { dagId: "load", key: "1", extra: { rows: 3 } });
  await until(() => expect(w.stateMachine.taken).toHaveLength(1));
  await w.stateMachine.produce("orders", { dagId: "load", key: "2" });
  await until(() => expect(w.stateMachine.taken).toHaveLength(2));
  await w.stateMachine.produce("depots", { dagId: "load", key: "3" });
  await w.stateMachine.produce("routes", { dagId: "load", key: "4" });
  await until(() => expect(w.stateMachine.taken).toHaveLength(4));
  const both = w.stateMachine.taken.findIndex(({ start }) => start.dagId === "both");
  expect(dataOf(w, both)).toMatchObject([
    { asset: "orders", key: "1", extra: { rows: 3 } },
    { asset: "orders", key: "2" },
    { asset: "routes", key: "4" },
  ]);
  await until(async () => {
    const rows = await rowsOf(w, { dagId: "both" });
    expect(rows.map(({ outcome }) => outcome)).toEqual(Array(3).fill("paused-queued"));
  });
});

test("an asset produced right after the apply is heard, though the news of the DAG comes later", async () => {
  await using w = await world();
  const dag = dagOf({ id: "costs", triggers: [{ asset: "orders" }], appliedMs: Date.now() - 500 });
  await w.stateMachine.produce("orders", { dagId: "load", key: "1" });
  await w.publishTrigger(said("unbound"));
  await expectOutcomes(w, "unbound", ":unbound"); // by then the event was heard and let go
  await w.stateMachine.apply(dag);
  await until(() => expect(w.stateMachine.taken).toHaveLength(1));
});

test("1,000 triggers published while no scheduler runs are all honoured, once, when one is back", async () => {
  const triggers = [CLOSED];
  await using w = await world({ dags: [dagOf({ id: "costs", triggers })] });
  const bus = await w.sourceBus();
  await w.stopFirst();
  const messages = Array.from({ length: 1_000 }, (_, n) => said(`t-${n}`));
  expect(new Set(await bus.publish(messages))).toEqual(new Set(["stored"]));
  const again = messages.map((message) => ({
    ...message,
    headers: { ...message.headers, "Nats-Msg-Id": `again ${message.headers["Nats-Msg-Id"]}` },
  }));
  expect(new Set(await bus.publish(again))).toEqual(new Set(["stored"])); // the stream forgot the ids
  await w.start();
  const { port } = await w.start();
  const schedules = createGrpcClient(ScheduleService, `127.0.0.1:${port}`);
  const patience = { timeout: 100_000, interval: 250 }; // a thousand take a while on a busy machine
  await vi.waitFor(async () => {
    const rows = await rowsOf({ schedules });
    expect(rows.filter(({ outcome }) => outcome === "started")).toHaveLength(1_000);
  }, patience);
  schedules.close();
  expect(w.stateMachine.runs.size).toBe(1_000);
  expect(w.stateMachine.taken).toHaveLength(1_000);
}, 120_000);

test("a dead trigger is redriven, and starts its run once the cause is mended", async () => {
  await using w = await world({
    dags: [dagOf({ id: "costs", triggers: [{ ...CLOSED, key: "${event.data.day}" }] })],
  });
  await w.publishTrigger(said("a", { country: "CO" }));
  await expectOutcomes(w, "a", "costs:dead");
  const admin = { url: w.natsUrl, user: "admin", password: "admin" } as const;
  const [letter] = await until(async () => {
    const letters = await listDead({ ...admin, limit: 10 });
    expect(letters).toHaveLength(1);
    return letters;
  });
  expect(letter?.reason).toMatch(/^trigger logistics a: DAG costs: key: .*day/);
  await w.stateMachine.apply(
    dagOf({ id: "costs", version: 2, triggers: [{ ...CLOSED, key: "${event.data.country}" }] }),
  );
  await redrive({ ...admin, deadSequence: letter?.deadSequence ?? 0 });
  await expectOutcomes(w, "a", "costs:started");
  expect(w.stateMachine.taken.map(({ start }) => start.key)).toEqual(["CO"]);
});
