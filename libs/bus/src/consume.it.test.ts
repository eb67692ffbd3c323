// Consumers under a real nats-server with the generated accounts.
import { subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { consume } from "./consume.ts";
import { createUndertaker } from "./dead.ts";
import { openLink } from "./link.ts";
import { listDead, RejectError, RetryError, type Delivery } from "./index.ts";
import { adminOptions, bytes, happenings, passwordOf, setup, text } from "./testing.ts";

const DURABLE = "kind-bench_noop";
const ACKED = "+ACK";
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const task = (attempt: string, body = attempt) => ({
  subject: subjects.task("bench.noop", attempt),
  data: bytes(body),
  id: attempt,
});

/** A promise and its resolve: a handler that waits for the test. */
const gate = () => Promise.withResolvers<void>();

test("a handled message is acknowledged on the wire, with what it said about itself", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const seen = happenings<Delivery>();
  const before = Date.now();
  const consuming = await runner.consume(DURABLE, {
    concurrency: 4,
    handle: async (delivery) => seen.add(delivery),
  });
  await machine.publish([{ ...task("att-1", "body"), traceparent: TRACEPARENT }]);

  const [delivery] = await seen.until(1);
  const [ack] = await acks.until(1, ({ word }) => word === ACKED);
  expect(ack?.subject).toMatch(/^\$JS\.ACK\.CHASQUI_TASKS\.kind-bench_noop\.1\.1\.1\./);
  expect(delivery?.subject).toBe("chasqui.task.bench_noop.att-1");
  expect(text(delivery?.data ?? bytes(""))).toBe("body");
  expect(delivery?.id).toBe("att-1");
  expect(delivery?.traceparent).toBe(TRACEPARENT);
  expect(delivery?.header("nobody")).toBeUndefined();
  expect(delivery?.deliveryCount).toBe(1);
  expect(delivery?.streamSequence).toBe(1);
  expect(delivery?.publishedMs).toBeGreaterThanOrEqual(before - 1);
  expect(delivery?.ageMs).toBeLessThan(60_000);
  expect(consuming.lastMessageMs).toBeGreaterThanOrEqual(before);
  await consuming.stop(1_000);
  expect(consuming.inFlight).toBe(0);
});

test("a message that fails comes again, and one that asks for time comes when it asked", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const seen = happenings<Delivery>();
  await runner.consume(DURABLE, {
    concurrency: 4,
    async handle(delivery) {
      seen.add(delivery);
      if (delivery.id === "att-2" && delivery.deliveryCount === 1) throw new Error("not today");
      if (delivery.id === "att-3" && delivery.deliveryCount === 1)
        throw new RetryError("the neighbour is busy", { retryAfterMs: 40 });
    },
  });
  await machine.publish([task("att-2"), task("att-3")]);

  await acks.until(2, ({ word }) => word === ACKED);
  expect(seen.all.map(({ id, deliveryCount }) => `${id} ${deliveryCount}`).sort()).toEqual([
    "att-2 1",
    "att-2 2",
    "att-3 1",
    "att-3 2",
  ]);
  const naks = acks.all.filter(({ word }) => word.startsWith("-NAK"));
  expect(naks.map(({ word }) => word).sort()).toEqual([
    '-NAK {"delay":250000000}',
    '-NAK {"delay":40000000}',
  ]);
});

test("wrong input is a dead letter with a readable reason, and onDead is told first", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const told = happenings<string>();
  await runner.consume(DURABLE, {
    concurrency: 4,
    handle: () => Promise.reject(new RejectError("attempt 0:\r\n\twant 1 or more")),
    async onDead(delivery, reason) {
      const letters = await listDead({ ...adminOptions(t.nats.url), limit: 1 });
      told.add(`${delivery.id}: ${reason}: ${letters.length} letter is stored`);
    },
  });
  await machine.publish([{ ...task("att-4", "poison"), headers: { "ce-type": "some.Type" } }]);

  const [term] = await acks.until(1, ({ word }) => word.startsWith("+TERM"));
  expect(term?.word).toBe("+TERM"); // with a reason behind it, server 2.9 would ignore it
  expect(told.all).toEqual(["att-4: attempt 0:\r\n\twant 1 or more: 1 letter is stored"]);
  const [letter] = await listDead({ ...adminOptions(t.nats.url), limit: 10 });
  expect(letter).toMatchObject({
    consumer: DURABLE,
    reason: "attempt 0: want 1 or more",
    id: "att-4",
    subject: "chasqui.task.bench_noop.att-4",
    stream: "CHASQUI_TASKS",
    sequence: 1,
  });
  expect(letter?.headers).toContainEqual(["ce-type", "some.Type"]);
  expect(letter?.headers).toContainEqual(["Nats-Msg-Id", "dead:CHASQUI_TASKS:1"]);
  expect(text(letter?.data ?? bytes(""))).toBe("poison");
  await expect
    .poll(async () => (await t.manager.streams.info("CHASQUI_TASKS")).state.messages)
    .toBe(0);
});

test("a message whose letter cannot be stored comes again until it can", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  await t.manager.streams.delete("CHASQUI_DEAD");
  await runner.consume(DURABLE, {
    concurrency: 1,
    handle: () => Promise.reject(new RejectError("no good")),
  });
  await machine.publish([task("att-5")]);
  const [nak] = await acks.until(1);
  expect(nak?.word).toBe('-NAK {"delay":5000000000}');
  expect((await t.manager.streams.info("CHASQUI_TASKS")).state.messages).toBe(1);
});

test("a handler that takes longer than the ack-wait keeps its message", async () => {
  await using t = await setup();
  await t.ackWait(DURABLE, 2_000); // a word at half time: a second that stands still is borne
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const [open, seen] = [gate(), happenings<Delivery>()];
  const consuming = await runner.consume(DURABLE, {
    concurrency: 4,
    async handle(delivery) {
      seen.add(delivery);
      await open.promise;
    },
  });
  await machine.publish([task("att-6")]);
  // Four words take longer than the ack-wait: without them it would have come again.
  await acks.until(4, ({ word }) => word === "+WPI");
  open.resolve();
  await acks.until(1, ({ word }) => word === ACKED);
  expect(seen.all).toHaveLength(1);
  expect(consuming.inFlight).toBe(0);
});

test("never more messages in hand than slots", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const [open, seen] = [gate(), happenings<string>()];
  let most = 0;
  const consuming = await runner.consume(DURABLE, {
    concurrency: 3,
    async handle(delivery) {
      most = Math.max(most, consuming.inFlight);
      seen.add(delivery.id);
      await open.promise;
    },
  });
  await machine.publish(Array.from({ length: 12 }, (_, index) => task(`att-${index}`)));
  await seen.until(3);
  // What the server has let go is what is in hand: nothing waits in a queue of ours.
  const { num_ack_pending } = await t.manager.consumers.info("CHASQUI_TASKS", DURABLE);
  expect(num_ack_pending).toBe(3);
  open.resolve();
  await seen.until(12);
  expect(most).toBeLessThanOrEqual(3);
});

test("stop waits for the work in hand and takes nothing new", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const [open, seen] = [gate(), happenings<string>()];
  const consuming = await runner.consume(DURABLE, {
    concurrency: 4,
    async handle(delivery, signal) {
      seen.add(delivery.id);
      await open.promise;
      expect(signal.aborted).toBe(false);
    },
  });
  await machine.publish([task("att-7")]);
  await seen.until(1);
  const stopped = consuming.stop(20_000);
  expect(consuming.stop(20_000)).toBe(stopped);
  await expect
    .poll(async () => (await t.manager.consumers.info("CHASQUI_TASKS", DURABLE)).num_waiting)
    .toBe(0);
  await machine.publish([task("att-8")]);
  open.resolve();
  await stopped;
  expect(seen.all).toEqual(["att-7"]);
  const next = happenings<string>();
  await runner.consume(DURABLE, { concurrency: 1, handle: async ({ id }) => next.add(id) });
  expect(await next.until(1)).toEqual(["att-8"]);
  expect(seen.all).toEqual(["att-7"]);
});

test("stop past its deadline aborts the work and gives the message back", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const seen = happenings<string>();
  const consuming = await runner.consume(DURABLE, {
    concurrency: 4,
    handle: (delivery, signal) =>
      new Promise((_, reject) => {
        seen.add(delivery.id);
        // One listens to the signal, the other is deaf.
        if (delivery.id === "att-9") signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  await machine.publish([task("att-9"), task("att-10")]);
  await seen.until(2);
  await consuming.stop(20);
  const naks = await acks.until(2, ({ word }) => word === "-NAK");
  expect(naks.map(({ subject }) => subject.split(".")[5]).sort()).toEqual(["1", "2"]);
  const again = happenings<string>();
  const next = await t.bus("bench-runner");
  await next.consume(DURABLE, {
    concurrency: 4,
    handle: async ({ id, deliveryCount }) => again.add(`${id} ${deliveryCount}`),
  });
  expect((await again.until(2)).sort()).toEqual(["att-10 2", "att-9 2"]);
});

test("asking for time is never counted against a message", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const deliveries = happenings<string>();
  const gone = happenings<string>();
  await runner.consume(DURABLE, {
    concurrency: 4,
    async handle(delivery) {
      deliveries.add(delivery.id);
      throw new RetryError("busy", { retryAfterMs: 1 });
    },
    onDead: async (delivery) => gone.add(delivery.id),
  });
  await machine.publish([task("att-11")]);
  await deliveries.until(60); // three times what its own failures may be
  expect(gone.all).toEqual([]);
});

test("a message that fails alone too often is a dead letter, others pass meanwhile", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const deliveries = happenings<string>();
  const link = await openLink({
    url: t.nats.url,
    user: "bench-runner",
    password: passwordOf("bench-runner"),
    service: "bench-runner",
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  const undertaker = createUndertaker({
    durable: DURABLE,
    publish: (messages) => runner.publish(messages),
    bytesMax: () => 1024 * 1024,
    log: link.log,
  });
  const consuming = await consume(
    {
      link,
      stream: "CHASQUI_TASKS",
      durable: DURABLE,
      deliveriesMax: 3, // the topology's twenty take a quarter of an hour
      undertaker,
      recreate: () => Promise.reject(new Error("not here")),
      deliverTwice: false,
    },
    {
      concurrency: 2,
      async handle({ id }) {
        deliveries.add(id);
        if (id === "att-bad") throw new Error("no such column", { cause: new Error("42703") });
      },
    },
  );
  await machine.publish([task("att-bad"), task("att-good")]);
  await expect
    .poll(() => listDead({ ...adminOptions(t.nats.url), limit: 1 }))
    .toMatchObject([
      { id: "att-bad", reason: "gave up after 3 deliveries: no such column: 42703" },
    ]);
  expect([...deliveries.all].sort()).toEqual(["att-bad", "att-bad", "att-bad", "att-good"]);
  await consuming.stop(1_000);
  await link.drain();
});

test("DELIVER=twice hands every message to its handler twice", async () => {
  process.env.DELIVER = "twice";
  try {
    await using t = await setup();
    const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
    const acks = await t.watchAcks();
    const seen = happenings<string>();
    await runner.consume(DURABLE, {
      concurrency: 4,
      handle: async ({ id, deliveryCount }) => seen.add(`${id} ${deliveryCount}`),
    });
    await machine.publish([task("att-12")]);
    await seen.until(2);
    await acks.until(1);
    expect(seen.all).toEqual(["att-12 1", "att-12 2"]);
    expect(acks.all.map(({ word }) => word)).toEqual([ACKED]);
  } finally {
    delete process.env.DELIVER;
  }
});

test("a durable that nobody knows is refused with those that exist", async () => {
  await using t = await setup();
  const runner = await t.bus("bench-runner");
  await expect(
    runner.consume("kind-nobody", { concurrency: 1, handle: async () => undefined }),
  ).rejects.toThrow(/consumer "kind-nobody": not in the topology: want one of .*kind-bench_noop/);
});
