// Dead letters: listed, and sent back to where they came from.
import { subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { listDead, redrive, RejectError } from "./index.ts";
import { adminOptions, bytes, happenings, setup, text } from "./testing.ts";

const DURABLE = "kind-bench_noop";

test("a redriven message is handled with its own id, headers and body", async () => {
  await using t = await setup();
  const admin = adminOptions(t.nats.url);
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const seen = happenings<string>();
  let isMended = false;
  const handled = Promise.withResolvers<void>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    async handle(delivery) {
      const type = delivery.header("ce-type");
      seen.add(`${delivery.id} ${type} ${delivery.traceparent} ${text(delivery.data)}`);
      if (!isMended) throw new RejectError("broken");
      handled.resolve();
    },
  });
  await machine.publishOne({
    subject: subjects.task("bench.noop", "att-1"),
    data: bytes("the body"),
    id: "att-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    headers: { "ce-type": "T" },
  });
  await expect.poll(() => listDead({ ...admin, limit: 9 }).then(({ length }) => length)).toBe(1);
  const [letter] = await listDead({ ...admin, limit: 9 });
  const isEnded = async () => (await t.manager.streams.info("CHASQUI_TASKS")).state.messages === 0;
  await expect.poll(isEnded).toBe(true); // which is after its letter is stored
  isMended = true;
  const sent = await redrive({ ...admin, deadSequence: letter?.deadSequence ?? 0 });
  expect(sent.subject).toBe("chasqui.task.bench_noop.att-1");
  await handled.promise;
  expect(seen.all[1]).toBe(seen.all[0]);
  expect(seen.all[0]).toBe(
    "att-1 T 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 the body",
  );
  await redrive({ ...admin, deadSequence: letter?.deadSequence ?? 0 }); // twice is once
  expect((await t.manager.streams.info("CHASQUI_TASKS")).state.last_seq).toBe(2);
});

test("a letter that is not there, or was cut, is not redriven", async () => {
  await using t = await setup();
  const admin = adminOptions(t.nats.url);
  await expect(redrive({ ...admin, deadSequence: 4 })).rejects.toThrow(
    /dead letter 4: not in CHASQUI_DEAD/,
  );
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const size = 1024 * 1024 - 200; // no room for the reason
  await machine.publishOne({
    subject: subjects.task("bench.noop", "att-2"),
    data: new Uint8Array(size),
    id: "att-2",
  });
  const gone = happenings<string>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    handle: () => Promise.reject(new RejectError("é".repeat(2_000))),
    onDead: async ({ id }) => gone.add(id),
  });
  await gone.until(1);
  const [letter] = await listDead({ ...admin, limit: 1 });
  expect(letter?.reason).toMatch(/^é+…$/);
  expect(Buffer.byteLength(letter?.reason ?? "")).toBeLessThanOrEqual(1_024);
  expect(letter?.data.length).toBeLessThan(size);
  await expect(redrive({ ...admin, deadSequence: 1 })).rejects.toThrow(
    new RegExp(`its body was cut from ${size} to ${letter?.data.length} bytes`),
  );
});

test("the youngest letters come first", async () => {
  await using t = await setup();
  const admin = adminOptions(t.nats.url);
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const gone = happenings<string>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    handle: ({ id }) => Promise.reject(new RejectError(`no ${id}`)),
    onDead: async ({ id }) => gone.add(id),
  });
  for (const attempt of ["att-1", "att-2", "att-3"])
    await machine.publishOne({
      subject: subjects.task("bench.noop", attempt),
      data: bytes(""),
      id: attempt,
    });
  await gone.until(3);
  const letters = await listDead({ ...admin, limit: 2 });
  expect(letters.map(({ reason }) => reason)).toEqual(["no att-3", "no att-2"]);
});

test("a letter waits while another message of its subject is at work", async () => {
  await using t = await setup();
  const admin = adminOptions(t.nats.url);
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  const gone = happenings<string>();
  const atWork = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  await runner.consume(DURABLE, {
    concurrency: 1,
    async handle({ id }) {
      if (id === "first") throw new RejectError("broken");
      atWork.resolve();
      await mayEnd.promise;
    },
    onDead: async ({ id }) => gone.add(id),
  });
  const say = (id: string) =>
    machine.publish([{ subject: subjects.task("bench.noop", "att-1"), data: bytes(""), id }]);
  await say("first");
  await gone.until(1);
  await expect.poll(() => say("second")).toEqual(["stored"]);
  await atWork.promise;
  await expect(redrive({ ...admin, deadSequence: 1 })).rejects.toThrow(
    "dead letter 1: a message of chasqui.task.bench_noop.att-1 is still in CHASQUI_TASKS, " +
      "where only one may be: want it ended first",
  );
  mayEnd.resolve();
  const again = () => redrive({ ...admin, deadSequence: 1 }).then(({ id }) => id);
  await expect.poll(() => again().catch(String)).toBe("first");
});
