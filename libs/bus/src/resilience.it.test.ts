// What a broker may do to us: die, stand still, lose a consumer, a stream or its whole store.
import { inboxDurable, PARTITIONS, subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { applyTopology, RetryError, type Bus, type OutMessage } from "./index.ts";
import {
  adminOptions,
  bytes,
  happenings,
  installation,
  setup,
  starting,
  type Setup,
} from "./testing.ts";

const DURABLE = "kind-bench_noop";
const DURABLES = Array.from({ length: PARTITIONS }, (_, partition) => inboxDurable(partition));
const task = (attempt: string): OutMessage => ({
  subject: subjects.task("bench.noop", attempt),
  data: bytes(attempt),
  id: attempt,
});
const update = (runId: string): OutMessage => ({
  subject: subjects.inbox("update", runId),
  data: bytes(runId),
  id: runId,
});

/** Publishes until stored, as every sender that keeps its evidence does. */
async function insist(bus: Bus, message: OutMessage): Promise<void> {
  await expect.poll(() => bus.publish([message])).not.toEqual(["failed"]);
}

async function consumers(t: Setup) {
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const tasks = happenings<string>();
  const updates = happenings<string>();
  await runner.consume(DURABLE, { concurrency: 4, handle: async ({ id }) => tasks.add(id) });
  const source = await machine.consumeBatches(DURABLES, { batchMax: 100 });
  void (async () => {
    for (let items = await source.next(); items.length > 0; items = await source.next())
      for (const item of items) {
        updates.add(item.id);
        item.ack();
      }
  })();
  const roundTrip = async (name: string): Promise<void> => {
    await insist(machine, task(`att-${name}`));
    await insist(runner, update(`run-${name}`));
    await tasks.until(1, (id) => id === `att-${name}`);
    await updates.until(1, (id) => id === `run-${name}`);
  };
  await roundTrip("before");
  return { machine, runner, tasks, updates, roundTrip };
}

test("killed with -9 again and again: everything goes on, nothing stored is lost", async () => {
  await using t = await setup();
  const { machine, runner, tasks, updates, roundTrip } = await consumers(t);
  const reconnects = happenings<string>();
  machine.onReconnect(() => reconnects.add("machine"));
  runner.onReconnect(() => reconnects.add("runner"));
  const sent = new Set<string>();
  for (let round = 1; round <= 3; round++) {
    const ids = Array.from({ length: 50 }, (_, index) => `${round}-${index}`);
    const sending = machine.publish(ids.map((id) => task(`att-${id}`)));
    const saying = runner.publish(ids.map((id) => update(`run-${id}`)));
    await t.nats.killAndRestart();
    await reconnects.until(round, (who) => who === "machine");
    await reconnects.until(round, (who) => who === "runner");
    for (const outcomes of [await sending, await saying])
      expect(outcomes.every((outcome) => outcome !== "refused")).toBe(true);
    for (const id of ids) {
      await insist(machine, task(`att-${id}`));
      await insist(runner, update(`run-${id}`));
      sent.add(id);
    }
    await roundTrip(`round-${round}`);
  }
  await expect.poll(() => [...sent].filter((id) => !tasks.all.includes(`att-${id}`))).toEqual([]);
  await expect.poll(() => [...sent].filter((id) => !updates.all.includes(`run-${id}`))).toEqual([]);
});

test("a broker that stands still for a while is waited for", async () => {
  await using t = await setup();
  const { machine, runner, tasks, updates } = await consumers(t);
  await t.nats.pause();
  const sending = machine.publish([task("att-paused")]);
  const saying = runner.publish([update("run-paused")]);
  await t.nats.resume();
  expect(await sending).toEqual(["stored"]);
  expect(await saying).toEqual(["stored"]);
  await tasks.until(1, (id) => id === "att-paused");
  await updates.until(1, (id) => id === "run-paused");
});

test("deleted consumers are created again by those who read them", async () => {
  await using t = await setup();
  const { roundTrip } = await consumers(t);
  await t.manager.consumers.delete("CHASQUI_TASKS", DURABLE);
  await Promise.all(
    DURABLES.map((durable) => t.manager.consumers.delete("CHASQUI_INBOX", durable)),
  );
  await roundTrip("after");
  const info = await t.manager.consumers.info("CHASQUI_TASKS", DURABLE);
  expect(info.config.filter_subject).toBe("chasqui.task.bench_noop.*");
});

test("deleted streams are created again by the state machine, then their consumers", async () => {
  await using t = await setup();
  const bytesOf = async (name: string): Promise<number> =>
    (await t.manager.streams.info(name)).config.max_bytes;
  for (const name of ["CHASQUI_TASKS", "CHASQUI_LOGS", "KV_CHASQUI_KINDS"])
    await t.manager.streams.update(name, { max_bytes: 77 * 1024 * 1024 }); // by ops
  const { machine, roundTrip } = await consumers(t);
  await machine.ensureTopology({ durables: [], streams: ["CHASQUI_TASKS"] }, starting());
  await t.manager.streams.delete("CHASQUI_TASKS");
  await t.manager.streams.delete("CHASQUI_INBOX");
  await roundTrip("after");
  expect(await bytesOf("CHASQUI_TASKS")).toBe(77 * 1024 * 1024);
  // It looks after those too that it neither reads nor writes, as often as it asks how far they are.
  await t.manager.streams.delete("CHASQUI_LOGS");
  await t.manager.streams.delete("KV_CHASQUI_KINDS");
  await expect(machine.streamPositions()).rejects.toThrow("stream not found");
  for (const name of ["stream CHASQUI_LOGS", "bucket CHASQUI_KINDS"])
    await t.log.until(1, ({ message }) => message === `bus: ${name} was not there, made it`);
  expect(await bytesOf("CHASQUI_LOGS")).toBe(77 * 1024 * 1024);
  expect(await bytesOf("KV_CHASQUI_KINDS")).toBe(77 * 1024 * 1024);
});

test("the whole store is lost: streams, consumers and kinds come back by themselves", async () => {
  await using t = await setup();
  const { machine, runner, roundTrip } = await consumers(t);
  await runner.announceKind({
    $typeName: "chasqui.task.v1.KindAnnouncement",
    kind: "bench.noop",
    description: "does nothing",
    service: "bench-runner",
  });
  const before = await machine.streamPositions();
  await t.nats.wipeStore();
  await roundTrip("after");
  const after = await machine.streamPositions();
  expect(before.CHASQUI_INBOX.lastSequence).toBeGreaterThan(0);
  expect(after.CHASQUI_INBOX.created > before.CHASQUI_INBOX.created).toBe(true);
  await expect
    .poll(async () => (await machine.listKinds()).map(({ kind }) => kind))
    .toEqual(["bench.noop"]);
  const changes = await applyTopology({ ...adminOptions(t.nats.url), installation });
  expect(changes.filter(({ action }) => action === "updated")).toEqual([]);
});

test("an ack that was meant for the lost store does not end a message of the new one", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const [oldIsDone, newIsDone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const seen = happenings<string>();
  const consuming = await runner.consume(DURABLE, {
    concurrency: 2,
    async handle({ id, streamSequence }) {
      seen.add(`${id} is number ${streamSequence}`);
      if (id === "att-old") return oldIsDone.promise;
      await newIsDone.promise;
      if (seen.all.length === 2) throw new RetryError("once more", { retryAfterMs: 1 });
    },
  });
  await machine.publishOne(task("att-old"));
  await seen.until(1);
  await t.nats.wipeStore();
  await insist(machine, task("att-new"));
  await seen.until(2);
  oldIsDone.resolve(); // its number is now that of the new one
  await expect.poll(() => consuming.inFlight).toBe(1);
  await insist(runner, update("run-flush")); // on the same connection: the ack would be there by now
  newIsDone.resolve();
  const numbers = ["att-old is number 1", "att-new is number 1", "att-new is number 1"];
  expect(await seen.until(3)).toEqual(numbers);
});

test("what was handled while the broker was away is acknowledged when it is back", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const open = Promise.withResolvers<void>();
  const seen = happenings<string>();
  const consuming = await runner.consume(DURABLE, {
    concurrency: 2,
    async handle({ id }) {
      seen.add(id);
      await open.promise;
    },
  });
  await machine.publish([task("att-1"), task("att-2")]);
  await seen.until(2);
  await t.nats.kill();
  await t.log.until(2, ({ message }) => message === "bus: disconnected");
  open.resolve();
  await expect.poll(() => consuming.inFlight).toBe(0);
  await t.nats.restart();
  const left = () => t.manager.streams.info("CHASQUI_TASKS").then(({ state }) => state.messages);
  await expect.poll(left, { timeout: 20_000 }).toBe(0); // before the ack-wait is over
  // Killed, a server may have forgotten that it had delivered one: then it came again, and was acknowledged, too.
  expect(new Set(seen.all)).toEqual(new Set(["att-1", "att-2"]));
});

test("a service without a right to create waits until its consumer is back", async () => {
  await using t = await setup();
  const { machine, tasks } = await consumers(t);
  await t.manager.streams.delete("CHASQUI_TASKS");
  // The runner sees it gone and cannot create the stream; the state machine does so on its next publish.
  await t.log.until(1, ({ message }) => message === "bus: consumer not reached, trying again");
  expect(await machine.publish([task("att-late")])).toEqual(["failed"]);
  await t.log.until(
    1,
    ({ message }) => message === "bus: stream CHASQUI_TASKS was not there, made it",
  );
  await insist(machine, task("att-late"));
  await tasks.until(1, (id) => id === "att-late");
});

test("started before the broker, it waits for it", async () => {
  await using t = await setup();
  await t.nats.kill();
  const waiting = t.bus("bench-runner");
  await t.log.until(2, ({ message }) => message === "bus: waiting for nats-server");
  await t.nats.restart();
  expect((await waiting).state).toBe("connected");
});
