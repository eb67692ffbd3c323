// A process that stands still for longer than the ack-wait, and goes on: what it held or finds may be in other hands by
// then, and may have died with them.
import { execFileSync } from "node:child_process";
import { subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { bytes, collect, happenings, inboxDurables, passwordOf, setup } from "./testing.ts";

const DURABLE = "kind-bench_noop";
const ACK_WAIT_MS = 300;
const task = (attempt: string) => ({
  subject: subjects.task("bench.noop", attempt),
  data: bytes(attempt),
  id: attempt,
});

/** The whole process: no timer runs, nothing is read. */
const standStill = (): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * ACK_WAIT_MS);

/** How often what was acknowledged had been delivered. */
const deliveryOf = ({ subject }: { subject: string }): number => Number(subject.split(".")[4]);

test("whoever handled a message meanwhile does not settle it: it comes again", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  await t.ackWait(DURABLE, ACK_WAIT_MS);
  const acks = await t.watchAcks();
  const seen = happenings<number>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    async handle({ deliveryCount }) {
      seen.add(deliveryCount);
      if (deliveryCount === 1) standStill();
    },
  });
  await machine.publish([task("att-1")]);
  const [ack] = await acks.until(1, ({ word }) => word === "+ACK");
  expect(ack && deliveryOf(ack)).toBeGreaterThan(1);
  expect(seen.all[0]).toBe(1);
  await t.log.until(1, ({ message }) => message.startsWith("bus: too late to settle"));
});

test("what came while nobody read looks new and is old", async () => {
  await using t = await setup();
  const runner = await t.bus("bench-runner");
  await t.ackWait(DURABLE, ACK_WAIT_MS);
  const acks = await t.watchAcks();
  const seen = happenings<number>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    handle: async ({ deliveryCount }) => seen.add(deliveryCount),
  });
  const { subject, id } = task("att-1");
  const sender = `
    import { connect } from "nats";
    const nc = await connect(${JSON.stringify({
      ...{ servers: t.nats.url, user: "state-machine", pass: passwordOf("state-machine") },
      inboxPrefix: "_INBOX_state-machine",
    })});
    await nc.jetstream().publish("${subject}", "", { msgID: "${id}" });
    await nc.close();`;
  execFileSync(process.execPath, ["--input-type=module", "-e", sender], {
    cwd: import.meta.dirname,
  });
  standStill();
  const [ack] = await acks.until(1, ({ word }) => word === "+ACK");
  expect(ack && deliveryOf(ack)).toBeGreaterThan(1);
  expect(seen.all[0]).toBe(1);
});

test("an item of a batch says that it may have been given to someone else", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const say = (...ids: string[]) =>
    runner.publish(
      ids.map((id) => ({
        ...{ subject: subjects.inbox("update", "run-1"), data: bytes(id), id },
        bundle: "run-1",
      })),
    );
  const unhurried = await machine.consumeBatches(inboxDurables, { batchMax: 10 });
  await say("u1", "u2");
  for (const item of await collect(unhurried, 2)) {
    expect(item.isRepeated).toBe(false);
    item.ack();
  }
  await unhurried.stop();
  for (const durable of inboxDurables) await t.ackWait(durable, ACK_WAIT_MS);
  const source = await machine.consumeBatches(inboxDurables, { batchMax: 10 });
  await say("u3", "u4");
  const items = await collect(source, 2);
  standStill();
  expect(items.map(({ isRepeated }) => isRepeated)).toEqual([true, true]);
  for (const item of items) item.ack();
  const again = await collect(source, 2);
  expect(again.slice(0, 2).map(({ id }) => id)).toEqual(["u3", "u4"]);
});
