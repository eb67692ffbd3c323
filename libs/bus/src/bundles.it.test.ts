// Bundles under a real nats-server: one message for the broker, many for who reads them.
import { inboxDurable, subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { bundled } from "./bundle.ts";
import { listDead, redrive, type OutMessage } from "./index.ts";
import { adminOptions, bytes, collect, happenings, inboxDurables, setup, text } from "./testing.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const update = (runId: string): OutMessage => ({
  subject: subjects.inbox("update", runId),
  data: bytes(`body of ${runId}`),
  id: runId,
  traceparent: TRACEPARENT,
  bundle: "updates",
});
const runs = (count: number): OutMessage[] =>
  Array.from({ length: count }, (_, index) => update(`run-${index}`));

test("a bundle is stored and acked once, and each of its messages is as if it had come alone", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
  expect(await runner.publish(runs(3))).toEqual(["stored", "stored", "stored"]);
  expect(await runner.publish(runs(3))).toEqual(["duplicate", "duplicate", "duplicate"]);
  expect((await t.manager.streams.info("CHASQUI_INBOX")).state.messages).toBe(1);

  const items = await collect(source, 3);
  for (const [index, item] of items.entries()) {
    const runId = `run-${index}`;
    expect(item.subject).toBe(subjects.inbox("update", runId));
    expect([item.id, item.traceparent, text(item.data), item.deliveryCount]).toEqual([
      ...[runId, TRACEPARENT, `body of ${runId}`, 1],
    ]);
  }
  items[0]?.ack();
  items[0]?.ack(); // only the first settlement counts
  items[2]?.ack();
  await t.outside.flush();
  expect(acks.all).toEqual([]);
  items[1]?.ack();
  await acks.until(1, ({ word }) => word === "+ACK");
  await expect
    .poll(async () => (await t.manager.streams.info("CHASQUI_INBOX")).state.messages)
    .toBe(0);
});

test("one that is to come again brings the others along, as after a lost ack", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
  await runner.publish(runs(3));
  const items = await collect(source, 3);
  items[0]?.retry(5);
  items[1]?.ack();
  items[2]?.retry(20); // the longest pause that was asked for
  const again = await collect(source, 3);
  expect(again.map(({ id, deliveryCount }) => `${id} ${deliveryCount}`)).toEqual([
    "run-0 2",
    "run-1 2",
    "run-2 2",
  ]);
  for (const item of again) item.ack();
  await acks.until(2);
  expect(acks.all.map(({ word }) => word)).toEqual(['-NAK {"delay":20000000}', "+ACK"]);
});

test("a message of a bundle is a dead letter by itself, and is redriven by itself", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const acks = await t.watchAcks();
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
  await runner.publish(runs(3));
  const [first, second, third] = await collect(source, 3);
  first?.ack();
  await Promise.all([second?.dead("no such attempt"), third?.dead("no such run")]);
  await acks.until(1, ({ word }) => word === "+ACK");

  const admin = adminOptions(t.nats.url);
  const letters = await listDead({ ...admin, limit: 9 });
  expect(letters.map(({ id, reason, subject }) => [id, reason, subject])).toEqual([
    ["run-2", "no such run", subjects.inbox("update", "run-2")],
    ["run-1", "no such attempt", subjects.inbox("update", "run-1")],
  ]);
  expect(text(letters[1]?.data ?? bytes(""))).toBe("body of run-1");
  await redrive({ ...admin, deadSequence: letters[1]?.deadSequence ?? 0 });
  const [again] = await collect(source, 1);
  expect([again?.id, again?.traceparent, again?.subject]).toEqual([
    ...["run-1", TRACEPARENT, subjects.inbox("update", "run-1")],
  ]);
  again?.ack();
  await acks.until(2, ({ word }) => word === "+ACK");
});

test("a bundle that holds what its sender may not say is one message, for its receiver to refuse", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
  const start = { ...update("costs"), subject: subjects.inbox("dag", "costs") };
  const [forged] = bundled([update("run-1"), start])?.messages ?? [];
  if (forged === undefined) throw new Error("no bundle");
  await runner.publishOne(forged);
  const items = await collect(source, 1);
  expect(items.map(({ subject }) => subject)).toEqual([subjects.bundle(forged.subject)]);
  await items[0]?.dead("not what it says");
  const letters = await listDead({ ...adminOptions(t.nats.url), limit: 9 });
  expect(letters.map(({ id }) => id)).toEqual([forged.id]);
});

test("a bundle is one message of the credit, taken when its last message is", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const source = await machine.consumeBatches(inboxDurables.slice(0, 1), { batchMax: 2 });
  // Three bundles of three for one partition, of which the credit admits two.
  const first = { ...update("run-first"), subject: "chasqui.inbox.0.update.run-first" };
  for (let n = 0; n < 3; n++)
    await runner.publish([first, ...runs(2)].map((one) => ({ ...one, id: `${one.id}-${n}` })));
  await expect.poll(() => source.waiting).toBe(6);
  const pending = async (): Promise<number> =>
    (await t.manager.consumers.info("CHASQUI_INBOX", inboxDurable(0))).num_ack_pending;
  expect((await source.next()).length).toBe(2);
  expect(await pending()).toBe(2);
  expect((await source.next()).length).toBe(2); // the first bundle is taken with its third message
  await expect.poll(pending).toBe(3);
  await source.stop();
});

test("DELIVER=twice hands every message of a bundle out twice", async () => {
  process.env.DELIVER = "twice";
  try {
    await using t = await setup();
    const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
    const acks = await t.watchAcks();
    const source = await machine.consumeBatches(inboxDurables, { batchMax: 100 });
    await runner.publish(runs(2));
    const items = await collect(source, 4);
    expect(items.map(({ id, deliveryCount }) => `${id} ${deliveryCount}`)).toEqual([
      ...["run-0 1", "run-1 1", "run-0 2", "run-1 2"],
    ]);
    for (const item of items) item.ack();
    await acks.until(1, ({ word }) => word === "+ACK");
  } finally {
    delete process.env.DELIVER;
  }
});

test("who listens on plain subjects hears each message", async () => {
  await using t = await setup();
  const [admin, runner] = [await t.bus("admin"), await t.bus("bench-runner")];
  const heard = happenings<string>();
  const listening = admin.subscribePlain("chasqui.inbox.>", (data, subject) =>
    heard.add(`${subject.split(".").at(-1)}: ${text(data)}`),
  );
  await listening.established();
  await runner.publish(runs(2));
  expect(await heard.until(2)).toEqual(["run-0: body of run-0", "run-1: body of run-1"]);
});
