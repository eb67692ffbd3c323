// The publisher under a real nats-server with the generated accounts.
import { subjects } from "@chasqui/contracts";
import { expect, test, vi } from "vitest";
import type { OutMessage } from "./index.ts";
import { bytes, setup, text } from "./testing.ts";

const task = (attempt: string, id = attempt): OutMessage => ({
  subject: subjects.task("bench.noop", attempt),
  data: bytes(attempt),
  id,
});
const update = (runId: string, id = runId): OutMessage => ({
  subject: subjects.inbox("update", runId),
  data: bytes(runId),
  id,
});

test("a thousand messages at once: each its own outcome, in order, on the stream as sent", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const messages = Array.from({ length: 1_000 }, (_, index) => update(`run-${index % 990}`));
  const outcomes = await machine.publish(messages);
  expect(outcomes.slice(0, 990).every((outcome) => outcome === "stored")).toBe(true);
  expect(outcomes.slice(990)).toEqual(Array.from({ length: 10 }, () => "duplicate"));
  expect((await t.manager.streams.info("CHASQUI_INBOX")).state.messages).toBe(990);
  expect(await machine.publish([])).toEqual([]);
});

test("only what was said travels: body, id, traceparent and the given headers", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const event = subjects.event("run-settled", "costs", "run-1");
  const headers = { "ce-type": "chasqui.run.v1.RunSettled", "ce-source": "ñandú" };
  await machine.publish([
    { subject: subjects.inbox("run", "run-1"), data: bytes("a") },
    { subject: event, data: bytes("b"), id: "run-1:4:run-settled", traceparent, headers },
  ]);
  const bare = await t.manager.streams.getMessage("CHASQUI_INBOX", { seq: 1 });
  expect([...bare.header]).toEqual([]);
  expect(text(bare.data)).toBe("a");
  const full = await t.manager.streams.getMessage("CHASQUI_EVENTS", { seq: 1 });
  expect(Object.fromEntries(full.header)).toEqual({
    "Nats-Msg-Id": ["run-1:4:run-settled"],
    traceparent: [traceparent],
    "ce-type": ["chasqui.run.v1.RunSettled"],
    "ce-source": ["ñandú"],
  });
});

test("a second assignment of an attempt is refused while the first is queued or held", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const runner = await t.bus("bench-runner");
  expect(await machine.publish([task("att-1")])).toEqual(["stored"]);
  expect(
    await machine.publish([task("att-1"), task("att-1", "another id"), task("att-2")]),
  ).toEqual(["duplicate", "refused", "stored"]);
  const open = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const consuming = await runner.consume("kind-bench_noop", {
    concurrency: 2,
    async handle() {
      held.resolve();
      await open.promise;
    },
  });
  await held.promise;
  expect(await machine.publish([task("att-1", "a third id")])).toEqual(["refused"]);
  await expect(machine.publishOne(task("att-1", "a fourth id"))).rejects.toThrow(
    /chasqui\.task\.bench_noop\.att-1 of a fourth id: refused: maximum messages per subject exceeded/,
  );
  open.resolve();
  await consuming.stop(5_000);
  await expect.poll(() => machine.publish([task("att-1", "a fifth id")])).toEqual(["stored"]);
});

test("a full stream refuses", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await t.manager.streams.update("CHASQUI_INBOX", { max_msgs: 2 });
  expect(await machine.publish(["run-1", "run-2", "run-3"].map((runId) => update(runId)))).toEqual([
    "stored",
    "stored",
    "refused",
  ]);
});

test("no stream for a subject: failed at once, with a reason, and looked after", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await t.manager.streams.delete("CHASQUI_EVENTS");
  const event = { subject: subjects.event("run-settled", "costs", "run-1"), data: bytes("x") };
  expect(await machine.publish([event])).toEqual(["failed"]);
  await expect(machine.publishOne(event)).rejects.toThrow(/failed: no stream has this subject/);
  // The state machine may create it again, and does.
  await t.log.until(
    1,
    ({ message }) => message === "bus: stream CHASQUI_EVENTS was not there, made it",
  );
  expect(await machine.publish([event])).toEqual(["stored"]);
});

test("what cannot be sent fails alone", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const outcomes = await machine.publish([
    update("run-1"),
    { ...update("run-2"), data: new Uint8Array(2 * 1024 * 1024) },
    { ...update("run-3"), headers: { "ce-subject": "one\r\ntwo: three" } },
    update("run-4"),
  ]);
  expect(outcomes).toEqual(["stored", "failed", "failed", "stored"]);
});

test("while disconnected publishing fails at once, and nothing is sent later", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const reconnected = new Promise<void>((resolve) => machine.onReconnect(resolve));
  await machine.publishOne(update("run-1"));
  await t.nats.kill();
  await t.log.until(1, ({ message }) => message === "bus: disconnected");
  expect(machine.state).toBe("reconnecting");
  const before = performance.now();
  expect(await machine.publish([update("run-2"), update("run-3")])).toEqual(["failed", "failed"]);
  await expect(machine.publishOne(update("run-4"))).rejects.toThrow(/failed: not connected/);
  expect(performance.now() - before).toBeLessThan(4_900); // sooner than the time-out of a publish
  await t.nats.restart();
  await reconnected;
  expect(machine.state).toBe("connected");
  await machine.publishOne(update("run-5"));
  // The manager's own connection may come back later than the machine's.
  const { state } = await vi.waitFor(() => t.manager.streams.info("CHASQUI_INBOX"), 40_000);
  expect(state.messages).toBe(2); // run-1 and run-5
});

test("what is under way when the broker dies fails at once; nothing hangs", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await t.nats.pause();
  const outcomes = machine.publish([update("run-1"), update("run-2")]);
  const before = performance.now();
  await t.nats.kill();
  expect(await outcomes).toEqual(["failed", "failed"]);
  expect(performance.now() - before).toBeLessThan(4_900); // sooner than the time-out of a publish
});

test("a broker that stands still: failed after the time-out, stored when it goes on", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await t.nats.pause();
  const before = performance.now();
  expect(await machine.publish([update("run-1")])).toEqual(["failed"]);
  expect(performance.now() - before).toBeGreaterThan(4_900);
  await t.nats.resume();
  // The first copy was stored after all: the id makes the second one harmless.
  expect(await machine.publish([update("run-1")])).toEqual(["duplicate"]);
});

test("drain waits for what is under way", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const outcomes = machine.publish([update("run-1"), update("run-2")]);
  await machine.drain();
  expect(await outcomes).toEqual(["stored", "stored"]);
  expect(machine.state).toBe("closed");
  expect(await machine.publish([update("run-3")])).toEqual(["failed"]);
  await machine.drain();
});

test("a wrong password is refused with a message that says so", async () => {
  await using t = await setup();
  const { connectBus } = await import("./index.ts");
  await expect(
    connectBus({
      url: t.nats.url,
      user: "scheduler",
      password: "wrong",
      service: "scheduler",
      installation: { sources: [], runners: {} },
    }),
  ).rejects.toThrow(/bus user "scheduler" at nats:.*: the server refused the login/);
});
