// How services begin on a bus where something is missing, against a real nats-server.
import { bucketStream, consumersOf, streams, subjects, type StreamName } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { applyTopology, type Bus, type Needs, type OutMessage } from "./index.ts";
import {
  adminOptions,
  bytes,
  happenings,
  inboxDurables,
  installation,
  setup,
  starting,
  type Setup,
} from "./testing.ts";

const machineNeeds: Needs = {
  durables: inboxDurables,
  streams: ["CHASQUI_INBOX", "CHASQUI_TASKS", "CHASQUI_EVENTS"],
};
const runnerNeeds: Needs = {
  durables: ["kind-bench_noop", "kind-bench_sleep"],
  streams: ["CHASQUI_TASKS", "CHASQUI_INBOX"],
  buckets: ["CHASQUI_KINDS"],
};
const schedulerDurables = Object.entries(consumersOf(installation))
  .filter(([, { owner }]) => owner === "scheduler")
  .map(([durable]) => durable);
const schedulerNeeds: Needs = {
  durables: schedulerDurables,
  streams: ["CHASQUI_TRIGGERS", "CHASQUI_EVENTS"],
};

const task = (attempt: string): OutMessage => ({
  subject: subjects.task("bench.noop", attempt),
  data: bytes(attempt),
  id: attempt,
});

const seen = (t: Setup, message: string): Promise<unknown> =>
  t.log.until(1, (line) => line.message === message);
const WAITS = "bus: waits until this is there";

/** Ids that come, each handled once. */
async function idsOf(bus: Bus, durable: string) {
  const ids = happenings<string>();
  await bus.consume(durable, { concurrency: 8, handle: async ({ id }) => ids.add(id) });
  return ids;
}

test("on an empty store the state machine makes streams, the bucket and its own durables", async () => {
  await using t = await setup({ topology: false });
  const machine = await t.bus("state-machine");
  await machine.ensureTopology(machineNeeds, starting());
  expect(await machine.publish([task("att-1")])).toEqual(["stored"]);
  const made = await t.manager.streams.names().next();
  expect(made.toSorted()).toEqual(
    [...Object.keys(streams), bucketStream("CHASQUI_KINDS")].toSorted(),
  );
  // Nothing is otherwise than the admin would have made it; durables of others are theirs to make.
  const changes = await applyTopology({ ...adminOptions(t.nats.url), installation });
  const others = Object.entries(consumersOf(installation)).filter(
    ([, { owner }]) => owner !== "state-machine",
  );
  expect(changes.map(({ action, thing }) => `${action} ${thing}`)).toEqual(
    others.map(([durable, { stream }]) => `created consumer ${durable} of ${stream}`),
  );
});

test("who may not make streams waits for them, says so, makes its durables, and misses nothing", async () => {
  await using t = await setup({ topology: false });
  const [runner, scheduler] = [await t.bus("bench-runner"), await t.bus("scheduler")];
  const [runnerStart, schedulerStart] = [starting(), starting()];
  const running = runner.ensureTopology(runnerNeeds, runnerStart);
  const scheduling = scheduler.ensureTopology(schedulerNeeds, schedulerStart);
  const by = "does not exist: state-machine makes it, or `chasqui admin topology`";
  expect(await runnerStart.waits.until(1)).toEqual([
    `stream CHASQUI_TASKS: ${by}; stream CHASQUI_INBOX: ${by}; bucket CHASQUI_KINDS: ${by}`,
  ]);
  await schedulerStart.waits.until(1);
  const [line] = await t.log.until(2, ({ message }) => message === WAITS);
  expect(line).toMatchObject({ level: "warn", facts: { waited_ms: expect.any(Number) } });

  const machine = await t.bus("state-machine");
  await machine.ensureTopology(machineNeeds, starting());
  const source = await t.bus("source-logistics");
  // Whether this comes before or after their durables are there makes no difference.
  await machine.publishOne(task("att-1"));
  const trigger = {
    subject: "chasqui.trigger.logistics.closed",
    data: bytes("{}"),
    id: "closed-1",
  };
  await source.publishOne(trigger);
  await Promise.all([running, scheduling]);
  expect(runnerStart.waits.all.at(-1)).toBe("nothing");
  expect(await (await idsOf(runner, "kind-bench_noop")).until(1)).toEqual(["att-1"]);
  expect(await (await idsOf(scheduler, "scheduler-triggers")).until(1)).toEqual(["closed-1"]);
  await seen(t, "bus: everything that was missing is there");
});

test("a durable that is missing begins with the first message that its stream still has", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  await machine.publish(["att-1", "att-2", "att-3"].map(task));
  const before = await runner.consume("kind-bench_noop", {
    concurrency: 1,
    handle: async () => undefined,
  });
  const left = () => t.manager.streams.info("CHASQUI_TASKS").then(({ state }) => state.messages);
  await expect.poll(left).toBe(0);
  await before.stop(1_000);
  await machine.publish(["att-4", "att-5"].map(task));
  await t.manager.consumers.delete("CHASQUI_TASKS", "kind-bench_noop");
  const start = starting();
  await runner.ensureTopology(runnerNeeds, start);
  expect(start.waits.all).toEqual(["nothing"]); // nothing was waited for
  const ids = await idsOf(runner, "kind-bench_noop");
  await machine.publishOne(task("att-6"));
  expect((await ids.until(3)).toSorted()).toEqual(["att-4", "att-5", "att-6"]);
});

test("state machines that start at once, beside the admin, end with one topology", async () => {
  await using t = await setup({ topology: false });
  const machines = await Promise.all([1, 2, 3].map(() => t.bus("state-machine")));
  const admin = { ...adminOptions(t.nats.url), installation };
  await Promise.all([
    applyTopology(admin),
    ...machines.map((machine) => machine.ensureTopology(machineNeeds, starting())),
  ]);
  expect(await applyTopology(admin)).toEqual([]);
});

test("a store that is lost while services start is made again, too", async () => {
  await using t = await setup({ topology: false });
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const runnerStart = starting();
  const running = runner.ensureTopology(runnerNeeds, runnerStart);
  await seen(t, WAITS);
  await t.nats.kill();
  await t.log.until(2, ({ message }) => message === "bus: disconnected");
  const machineStart = starting();
  const deciding = machine.ensureTopology(machineNeeds, machineStart);
  expect((await machineStart.waits.until(1))[0]).toContain("not connected");
  await t.nats.wipeStore();
  await Promise.all([deciding, running]);
  await t.nats.wipeStore(); // the moment after
  const ids = await idsOf(runner, "kind-bench_noop");
  await expect.poll(() => machine.publish([task("att-1")])).not.toEqual(["failed"]);
  expect(await ids.until(1)).toEqual(["att-1"]);
});

test("a stop ends the wait at once, also when the broker stands still", async () => {
  await using t = await setup({ topology: false });
  const runner = await t.bus("bench-runner");
  const [first, second, third] = [starting(), starting(), starting()];
  const waiting = runner.ensureTopology(runnerNeeds, first);
  await first.waits.until(1);
  first.stop();
  await expect(waiting).rejects.toThrow("stop");
  await t.nats.pause();
  const startedMs = performance.now();
  const asking = runner.ensureTopology(runnerNeeds, second);
  second.stop();
  await expect(asking).rejects.toThrow("stop");
  third.stop();
  await expect(runner.ensureTopology(runnerNeeds, third)).rejects.toThrow("stop");
  expect(performance.now() - startedMs).toBeLessThan(2_000); // a question waits five seconds for its answer
  await t.nats.resume();
});

test("with little room the state machine makes smaller streams, as the admin does", async () => {
  await using t = await setup({ topology: false, storeBytesMax: 3_000 * 1024 * 1024 });
  const machine = await t.bus("state-machine");
  const all = Object.keys(streams).map((name) => name as StreamName);
  await machine.ensureTopology({ durables: [], streams: all }, starting());
  const [line] = await t.log.until(1, ({ message }) => message.includes("CHASQUI_EVENTS was not"));
  expect(line?.facts["detail"]).toMatch(/^with \d+ bytes: the server has no room for 2147483648$/);
});

test("streams are made as ops had set them when an earlier process looked; a server alone keeps one replica", async () => {
  await using t = await setup({ topology: false });
  const bytesMax = 88 * 1024 * 1024;
  const machine = await t.bus("state-machine", {
    opsOwned: {
      CHASQUI_INBOX: { num_replicas: 3, max_bytes: bytesMax },
      KV_CHASQUI_KINDS: { num_replicas: 1, max_bytes: bytesMax },
    },
  });
  await machine.ensureTopology(machineNeeds, starting());
  const owned = { num_replicas: 1, max_bytes: bytesMax };
  expect((await t.manager.streams.info("CHASQUI_INBOX")).config).toMatchObject(owned);
  expect((await t.manager.streams.info("KV_CHASQUI_KINDS")).config).toMatchObject(owned);
  const [line] = await t.log.until(1, ({ message }) => message.includes("CHASQUI_INBOX was not"));
  expect(line?.facts).toMatchObject({
    like: "as it was seen before",
    detail: "with 1 replica: the server is alone, and cannot keep 3",
  });
  expect(machine.opsOwned()).toMatchObject({ CHASQUI_INBOX: owned, KV_CHASQUI_KINDS: owned });
});

test("what this user may not make is refused at once, as drift is", async () => {
  await using t = await setup();
  const runner = await t.bus("bench-runner");
  await t.manager.consumers.delete("CHASQUI_TASKS", "kind-other_thing");
  const start = starting();
  const needs: Needs = { durables: ["kind-other_thing"], streams: [] }; // the other runner's
  await expect(runner.ensureTopology(needs, start)).rejects.toThrow(
    /run `chasqui admin topology`:\n {2}consumer kind-other_thing of CHASQUI_TASKS: .*user bench-runner may not ask it/,
  );
  expect(start.waits.all).toEqual([]);
});
