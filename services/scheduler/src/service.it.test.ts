// The scheduler as a whole, with real users' permissions on a real broker and a real database.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test, vi } from "vitest";
import { Catchup, TickOutcome, runIdOf, triggerMessage } from "@chasqui/contracts";
import { dagOf, world } from "./testing.ts";
import type { World } from "./testing.ts";

const TIMEOUT = { timeout: 40_000, interval: 100 }; // a look is a call and a query
const everySecond = ["* * * * * *"];
const never = ["0 0 1 1 *"];
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, TIMEOUT);

async function ticksOf(
  w: World,
  dagId: string,
): Promise<{ outcome: string; dueMs: number; runId: string; reason: string }[]> {
  const { ticks } = await w.schedules.listTicks({ dagId, pageSize: 1_000 });
  return ticks.map(({ outcome, dueTime, runId, reason }) => ({
    outcome: nameOf(outcome),
    dueMs: dueTime === undefined ? 0 : timestampMs(dueTime),
    runId,
    reason,
  }));
}
const nameOf = (outcome: number): string =>
  Object.entries(TickOutcome).find(([, value]) => value === outcome)?.[0] ?? String(outcome);
async function triggersOf(w: World, id = ""): Promise<string[]> {
  const { triggers } = await w.schedules.listTriggers({ id, pageSize: 1_000 });
  return triggers.map((trigger) => `${trigger.dagId}:${trigger.outcome}`);
}
const closed = (id: string, data: { [key: string]: string } = { country: "CO" }) => {
  const { subject, headers, body } = triggerMessage({
    source: "logistics",
    name: "routes.closed",
    id,
    data,
  });
  return { subject, data: body, headers };
};
const event = { subject: "logistics.routes.closed", when: "event.data.country == 'CO'" };
const bound = { event };

test("a due time becomes a run with its key, and the ledger says so", async () => {
  await using w = await world({ dags: [dagOf({ id: "costs", crons: everySecond })] });
  await until(() => expect(w.stateMachine.taken.length).toBeGreaterThanOrEqual(2));
  const [first] = w.stateMachine.taken;
  const dueIso = new Date(first?.start.logicalMs ?? 0).toISOString();
  expect(first?.id).toBe(`start:costs:${dueIso}`);
  const intervalEndMs = first?.start.logicalMs ?? 0;
  expect(first?.start).toMatchObject({
    ...{ dagId: "costs", key: dueIso, causeKind: 1, by: "schedule" },
    ...{ intervalStartMs: intervalEndMs - 1_000, intervalEndMs },
  });
  expect(first?.traceparent).toMatch(/^00-/);
  await until(async () => {
    const fired = (await ticksOf(w, "costs")).find(({ dueMs }) => dueMs === first?.start.logicalMs);
    expect(fired).toMatchObject({ outcome: "FIRED", runId: runIdOf("costs", dueIso) });
  });
});

test("clock and trigger with one key share the run, and each ledger says who had started it", async () => {
  const shared = { scheduleKey: "${run.dag_id}", triggers: [{ ...bound, key: "${run.dag_id}" }] };
  await using w = await world({ dags: [dagOf({ id: "costs", crons: everySecond, ...shared })] });
  const oldest = async () => (await ticksOf(w, "costs")).toReversed().slice(0, 2);
  await until(async () =>
    expect((await oldest()).map(({ outcome }) => outcome)).toEqual(["FIRED", "FIRED"]),
  );
  expect([...w.stateMachine.runs.keys()]).toEqual([runIdOf("costs", "costs")]);
  const [first, second] = await oldest();
  expect(first).toMatchObject({ runId: runIdOf("costs", "costs"), reason: "" });
  expect(second).toMatchObject({
    runId: runIdOf("costs", "costs"),
    reason: `joined the run of the tick ${new Date(first?.dueMs ?? 0).toISOString()}`,
  });
  await w.publishTrigger(closed("routes-7"));
  await until(async () => expect(await triggersOf(w, "routes-7")).toEqual(["costs:joined"]));
});

test("three replicas tick each due time once", async () => {
  await using w = await world({ dags: [dagOf({ id: "costs", crons: everySecond })] });
  await w.start();
  await w.start();
  const due = () => w.stateMachine.taken.map(({ start }) => start.logicalMs).toSorted();
  await until(() => {
    const [from = 0] = due(); // of two replicas the later tick may be the first to arrive
    expect(due().length).toBeGreaterThanOrEqual(4);
    expect([...new Set(due())]).toEqual(due().map((_, index) => from + index * 1_000));
  });
});

test("a DAG that is applied later ticks; paused, its due times are suppressed; resumed, the newest runs", async () => {
  await using w = await world();
  await w.stateMachine.apply(dagOf({ id: "costs", crons: everySecond }));
  await until(() => expect(w.stateMachine.taken.length).toBeGreaterThan(0));
  await w.stateMachine.apply(dagOf({ id: "costs", crons: everySecond, paused: true }));
  await until(async () => {
    const outcomes = (await ticksOf(w, "costs")).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "SUPPRESSED").length).toBeGreaterThanOrEqual(2);
  });
  await w.stateMachine.apply(dagOf({ id: "costs", crons: never, version: 2 }));
  await until(async () => {
    const [newest, before] = await ticksOf(w, "costs");
    expect(newest?.outcome).toBe("FIRED");
    expect(before).toMatchObject({ outcome: "SUPPRESSED", reason: "the DAG was paused" });
  });
});

test.each<[keyof typeof Catchup, number, number]>([
  ["NONE", 0, 5],
  ["LATEST", 1, 4],
  ["ALL", 5, 0],
])("due times missed while nothing ran, catch-up %s", async (catchup, fired, missed) => {
  const [minute, hour] = [60_000, 3_600_000];
  const lastMs = Math.floor(Date.now() / minute - 30) * minute; // far from now, whenever that is
  const crons = [`${new Date(lastMs).getUTCMinutes()} * * * *`];
  const appliedMs = lastMs - 4 * hour - 1; // five due times ago
  const dag = dagOf({ id: "costs", crons, catchup: Catchup[catchup], appliedMs });
  await using w = await world({ dags: [dag] });
  await until(async () => {
    const outcomes = (await ticksOf(w, "costs")).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "FIRED").length).toBe(fired);
    expect(outcomes.filter((outcome) => outcome === "MISSED").length).toBe(missed);
  });
  const order = w.stateMachine.taken.map(({ start }) => start.logicalMs);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test.each([
  [false, "SKIPPED", "DAG costs is retired: apply it to bring it back"],
  [true, "SUPPRESSED", "an earlier run is still active, and overlap is skip"],
])(
  "the DAG's refusal is what the ledger records; for overlap %s that is %s",
  async (overlaps, outcome, reason) => {
    await using w = await world();
    w.stateMachine.refuse = () => reason;
    w.stateMachine.overlaps = overlaps;
    await w.stateMachine.apply(dagOf({ id: "costs", crons: everySecond }));
    await until(async () => {
      const refused = (await ticksOf(w, "costs")).find((tick) => tick.outcome === outcome);
      expect(refused).toMatchObject({ runId: "", reason });
    });
  },
);

test("a verdict that is lost is found out: the tick stays firing until its run is seen", async () => {
  await using w = await world();
  w.stateMachine.answers = false;
  await w.stateMachine.apply(dagOf({ id: "costs", crons: everySecond }));
  await until(async () => {
    const fired = (await ticksOf(w, "costs")).find(({ outcome }) => outcome === "FIRED");
    expect(w.stateMachine.runs.has(fired?.runId ?? "")).toBe(true);
  });
});

test("a trigger starts its DAGs, once, however often it is published", async () => {
  const dags = [
    dagOf({ id: "costs", triggers: [{ ...bound, key: "${run.date}" }] }),
    dagOf({ id: "audit", triggers: [{ event: { subject: "logistics.>" } }] }),
    dagOf({
      id: "mexico",
      triggers: [{ event: { ...event, when: "event.data.country == 'MX'" } }],
    }),
  ];
  await using w = await world({ dags });
  await w.publishTrigger(closed("routes-7"));
  await w.publishTrigger(closed("routes-7"));
  await until(async () =>
    expect(await triggersOf(w, "routes-7")).toEqual([
      "audit:started",
      "costs:started",
      "mexico:filtered",
    ]),
  );
  const starts = w.stateMachine.taken.map(({ start }) => start);
  const logicalMs = starts.find(({ dagId }) => dagId === "costs")?.logicalMs ?? 0;
  const day = new Date(logicalMs).toISOString().slice(0, 10);
  expect(starts.map(({ dagId, key }) => `${dagId} ${key}`).toSorted()).toEqual([
    "audit logistics/routes-7",
    `costs ${day}`,
  ]);
  expect(w.stateMachine.taken[0]?.start).toMatchObject({
    causeKind: 2,
    by: "logistics routes-7",
    paramsJson: "{}",
    eventJson: expect.stringMatching(/"id":"routes-7".*"data":\{"country":"CO"\}/),
  });
});

test("a later trigger with the same key joins the first run", async () => {
  const dags = [dagOf({ id: "costs", triggers: [{ ...bound, key: "${event.data.country}" }] })];
  await using w = await world({ dags });
  await w.publishTrigger(closed("first"));
  await until(async () => expect(await triggersOf(w, "first")).toEqual(["costs:started"]));
  await w.publishTrigger(closed("second"));
  await until(async () => expect(await triggersOf(w, "second")).toEqual(["costs:joined"]));
  const { triggers } = await w.schedules.listTriggers({});
  expect(new Set(triggers.map((trigger) => trigger.runId)).size).toBe(1);
});

test("the trace of the publisher goes on", async () => {
  const dags = [dagOf({ id: "costs", triggers: [bound] })];
  await using w = await world({ dags });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await w.publishTrigger({ ...closed("traced"), traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  await until(() => expect(w.stateMachine.taken).toHaveLength(1));
  expect(w.stateMachine.taken[0]?.start.traceparent).toMatch(
    new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`),
  );
  expect(w.stateMachine.taken[0]?.traceparent).toContain(traceId);
});

test("a trigger right after the apply finds its DAG; one that nobody wants is unbound", async () => {
  await using w = await world();
  w.stateMachine.dags.set("costs", dagOf({ id: "costs", triggers: [bound] })); // no event was heard of it
  await w.publishTrigger(closed("at-once"));
  await until(async () => expect(await triggersOf(w, "at-once")).toEqual(["costs:started"]));
  await w.publishTrigger({ ...closed("unwanted"), subject: "chasqui.trigger.logistics.nobody" });
  await until(async () => expect(await triggersOf(w, "unwanted")).toEqual([":unbound"]));
});

test("what is malformed goes to the dead letters with a reason, and hurts nobody", async () => {
  const dags = [
    dagOf({ id: "costs", triggers: [bound] }),
    dagOf({ id: "broken", triggers: [{ ...bound, key: "${event.data.day}" }] }),
  ];
  await using w = await world({ dags });
  const subject = "chasqui.trigger.logistics.routes.closed";
  const structured = { specversion: "1.0", id: "s", source: "finance", type: "x", data: {} };
  await w.publishTrigger({ subject, data: "no event at all" });
  await w.publishTrigger({ subject, data: JSON.stringify(structured) });
  await w.publishTrigger(closed("good"));
  const dead: { id: string; reason: string }[] = [];
  const signal = AbortSignal.timeout(40_000);
  for await (const letter of w.admin.readStream("CHASQUI_DEAD", "chasqui.dead.>", {
    follow: true,
    signal,
  })) {
    dead.push({ id: letter.id, reason: letter.header("chasqui-dead-reason") ?? "" });
    if (dead.length === 3) break;
  }
  const reasons = dead
    .map(({ reason }) => reason)
    .toSorted()
    .join("\n");
  expect(reasons).toMatch(/no header ce-specversion, and the body is not a JSON object/);
  expect(reasons).toMatch(/ce-source is "finance" and the subject is chasqui.trigger.logistics/);
  expect(reasons).toMatch(/trigger logistics good: DAG broken: key: .*day/);
  await until(async () =>
    expect(await triggersOf(w, "good")).toEqual(["broken:dead", "costs:started"]),
  );
  await until(async () => {
    const { triggers } = await w.schedules.listTriggers({}); // a letter is there before its row
    expect(triggers.filter((trigger) => trigger.outcome === "dead")).toHaveLength(3);
  });
});

test("a source cannot publish in another's name", async () => {
  await using w = await world();
  const bus = await w.sourceBus();
  const message = { ...closed("x"), subject: "chasqui.trigger.finance.invoice" };
  await expect(bus.publishOne(message)).rejects.toThrow(/may not publish/);
});

test("triggers published while no scheduler runs are honoured once one is back", async () => {
  const dags = [dagOf({ id: "costs", triggers: [bound] })];
  await using w = await world({ dags });
  const bus = await w.sourceBus();
  const second = await w.start();
  await w.stopFirst();
  await second.stop();
  const outcomes = await bus.publish(Array.from({ length: 100 }, (_, n) => closed(`t-${n}`)));
  expect(new Set(outcomes)).toEqual(new Set(["stored"]));
  await w.start();
  await until(() => expect(w.stateMachine.runs.size).toBe(100));
  expect(w.stateMachine.taken).toHaveLength(100);
});

test("a renamed DAG: its ledgers show what came under its earlier name, each row by the name that it had", async () => {
  const old = { id: "old", crons: ["*/3 * * * * *"], triggers: [bound] };
  await using w = await world({ dags: [dagOf(old)] });
  await w.publishTrigger(closed("routes-1"));
  await until(async () => expect(await triggersOf(w)).toEqual(["old:started"]));
  const { length } = await ticksOf(w, "old");
  await until(async () => expect((await ticksOf(w, "old")).length).toBeGreaterThan(length));
  // What is due before the scheduler hears that the name is gone is refused, and due again: now that is three seconds off.
  const atMs = Date.now();
  await w.stateMachine.apply(dagOf({ ...old, retiredMs: atMs }));
  await w.stateMachine.apply(dagOf({ ...old, id: "new", was: ["old"], appliedMs: atMs }));
  await until(async () =>
    expect((await ticksOf(w, "new")).filter(({ dueMs }) => dueMs > atMs)).not.toHaveLength(0),
  );
  await w.publishTrigger(closed("routes-2"));
  const names = async () => {
    const { triggers } = await w.schedules.listTriggers({ dagId: "new" });
    return triggers.map(({ dagId, id, outcome }) => `${id} ${dagId} ${outcome}`);
  };
  await until(async () =>
    expect(await names()).toEqual(["routes-2 new started", "routes-1 old started"]),
  );
  const { ticks } = await w.schedules.listTicks({ dagId: "new", pageSize: 1_000 });
  const dueMs = ticks.map(({ dueTime }) => (dueTime === undefined ? 0 : timestampMs(dueTime)));
  expect(new Set(dueMs).size).toBe(dueMs.length); // no due time under both names
  for (const { dagId, dueTime } of ticks)
    expect(dagId).toBe(dueTime !== undefined && timestampMs(dueTime) > atMs ? "new" : "old");
  expect((await ticksOf(w, "old")).every((tick) => tick.dueMs <= atMs)).toBe(true);
});
