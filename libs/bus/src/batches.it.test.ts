// Batches of several durables under a real nats-server.
import { subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { listDead } from "./index.ts";
import { adminOptions, bytes, collect, inboxDurables, setup, text } from "./testing.ts";

const update = (runId: string) => ({
  subject: subjects.inbox("update", runId),
  data: bytes(runId),
  id: runId,
});
const runs = (count: number) => Array.from({ length: count }, (_, index) => update(`run-${index}`));

const KIB = 1024;

test("the queue is bounded by bytes, and what waits for room comes in its order, the largest message too", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const [durable = ""] = inboxDurables.filter((name) => name.endsWith("-0"));
  const runId = Array.from({ length: 99 }, (_, n) => `run-${n}`).find((id) =>
    subjects.inbox("update", id).startsWith("chasqui.inbox.0."),
  );
  const source = await machine.consumeBatches([durable], { batchMax: 1_000 });
  const sized = (id: string, size: number) => ({
    ...update(runId ?? ""),
    id,
    data: Buffer.alloc(size, id),
  });
  const ids = Array.from({ length: 300 }, (_, index) => `u-${index}`);
  for (const id of ids) await runner.publishOne(sized(id, 100 * KIB));
  const requests = async () =>
    (await t.manager.consumers.info("CHASQUI_INBOX", durable)).num_waiting;
  await expect.poll(requests).toBe(0); // there is no room for what it could ask for
  expect(source.waiting).toBeGreaterThan(40);
  expect(source.waiting * 100 * KIB).toBeLessThan(10 * 1024 * KIB);

  await runner.publishOne(sized("largest", 1000 * KIB));
  const seen: string[] = [];
  while (seen.length < 301) {
    const batch = await source.next();
    expect(batch.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThan(9 * 1024 * KIB);
    for (const item of batch) {
      seen.push(item.id);
      item.ack();
    }
  }
  expect(seen).toEqual([...ids, "largest"]);
});

test("next resolves as soon as something waits, from all durables, at most batchMax", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 50 });
  const first = source.next();
  await runner.publishOne(update("run-one"));
  const items = await first;
  expect(items.map(({ data }) => text(data))).toEqual(["run-one"]);
  let waiting = source.next();
  await expect(source.next()).rejects.toThrow(/want one reader/);

  await runner.publish(runs(300));
  const sizes: number[] = [];
  const seen = new Set<string>();
  while (seen.size < 300) {
    const batch = await waiting;
    waiting = source.next();
    sizes.push(batch.length);
    for (const item of batch) {
      seen.add(item.id);
      item.ack();
    }
  }
  for (const item of items) item.ack();
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
  await acks.until(301, ({ word }) => word === "+ACK");
  await expect
    .poll(async () => (await t.manager.streams.info("CHASQUI_INBOX")).state.messages)
    .toBe(0);
});

test("the queue is bounded by what nobody has taken", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 10 });
  const outcomes = await runner.publish(runs(1_000));
  expect(outcomes.every((outcome) => outcome === "stored")).toBe(true);
  const delivered = async (): Promise<number> => {
    const infos = inboxDurables.map((durable) =>
      t.manager.consumers.info("CHASQUI_INBOX", durable),
    );
    return (await Promise.all(infos)).reduce((sum, info) => sum + info.num_ack_pending, 0);
  };
  await expect.poll(() => source.waiting).toBe(80);
  expect(await delivered()).toBe(80);
  const items = await source.next();
  expect(items).toHaveLength(10);
  await expect.poll(delivered).toBe(90);
  expect(await collect(source, 990)).toHaveLength(990);
});

test("retry brings an item back, dead buries it, and only the first settlement counts", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 10 });
  await runner.publishOne(update("run-1"));
  const [item] = await source.next();
  item?.retry(5);
  item?.ack();
  const [again] = await source.next();
  expect(again?.deliveryCount).toBe(2);
  await again?.dead("an update of\nan unknown attempt");
  again?.ack();
  await again?.dead("twice");
  await acks.until(2);
  await t.outside.flush();
  expect(acks.all.map(({ word }) => word)).toEqual(['-NAK {"delay":5000000}', "+TERM"]);
  const letters = await listDead({ ...adminOptions(t.nats.url), limit: 10 });
  expect(letters.map(({ reason, id }) => `${id}: ${reason}`)).toEqual([
    "run-1: an update of an unknown attempt",
  ]);
});

test("items that wait longer than the ack-wait do not come again", async () => {
  await using t = await setup();
  await Promise.all(inboxDurables.map((durable) => t.ackWait(durable, 2_000)));
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 1 });
  await runner.publishOne(update("run-1"));
  const [held] = await source.next(); // in our hands, as in a long commit
  await runner.publishOne(update("run-1-waits-behind"));
  await expect.poll(() => source.waiting).toBe(1); // in the queue
  await acks.until(8, ({ word }) => word === "+WPI"); // for both, over more than the ack-wait
  held?.ack();
  const [waited] = await source.next();
  expect(waited?.deliveryCount).toBe(1);
  waited?.ack();
  await acks.until(2, ({ word }) => word === "+ACK");
  await source.stop();
  expect(await source.next()).toEqual([]);
});

test("stop gives back what nobody has taken and ends a waiting next", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 5 });
  await runner.publish(runs(40));
  const taken = await source.next();
  await expect.poll(() => source.waiting).toBeGreaterThan(10);
  await source.stop();
  await source.stop();
  expect(source.waiting).toBe(0);
  for (const item of taken) item.ack(); // what was taken can still be settled
  const next = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
  const rest = await collect(next, 40 - taken.length);
  expect(new Set([...taken, ...rest].map(({ id }) => id)).size).toBe(40);
  for (const item of rest) item.ack();
  await expect
    .poll(async () => (await t.manager.streams.info("CHASQUI_INBOX")).state.messages)
    .toBe(0);
  const waiting = next.next();
  await next.stop();
  expect(await waiting).toEqual([]);
});

test("DELIVER=twice hands every item out twice", async () => {
  process.env.DELIVER = "twice";
  try {
    await using t = await setup();
    const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
    const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
    await runner.publishOne(update("run-one"));
    const items = await collect(source, 2);
    expect(items.map(({ id, deliveryCount }) => `${id} ${deliveryCount}`)).toEqual([
      "run-one 1",
      "run-one 2",
    ]);
    for (const item of items) item.ack();
    await runner.publish(runs(300)); // the credit of the pull is not used up by the copies
    await collect(source, 600);
  } finally {
    delete process.env.DELIVER;
  }
});
