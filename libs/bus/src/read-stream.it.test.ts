// Streams read in order by a consumer that ends with its reader.
import { subjects } from "@chasqui/contracts";
import { expect, test } from "vitest";
import type { Bus, Delivery } from "./index.ts";
import { bytes, happenings, setup, text, type Happenings } from "./testing.ts";

const line = (body: string, run = "run-1") => ({
  subject: subjects.log(run, "task", "att-1"),
  data: bytes(body),
});
const lines = (count: number) => Array.from({ length: count }, (_, index) => line(`line ${index}`));
const LOGS = subjects.logsOfTask("run-1", "task");
const never = new AbortController().signal;

async function readAll(bus: Bus, startMs?: number): Promise<string[]> {
  const found: string[] = [];
  const options = { follow: false, signal: never, startMs };
  for await (const { data } of bus.readStream("CHASQUI_LOGS", LOGS, options))
    found.push(text(data));
  return found;
}

function follow(bus: Bus, signal: AbortSignal): { seen: Happenings<Delivery>; end: Promise<void> } {
  const seen = happenings<Delivery>();
  const end = (async () => {
    for await (const delivery of bus.readStream("CHASQUI_LOGS", LOGS, { follow: true, signal }))
      seen.add(delivery);
  })();
  return { seen, end };
}

test("what is there is read in order, without the lines of others, and then it ends", async () => {
  await using t = await setup();
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  expect(await readAll(reader)).toEqual([]);
  await runner.publish([line("first"), line("not mine", "run-2"), line("second")]);
  expect(await readAll(reader)).toEqual(["first", "second"]);
  const stored = await t.manager.streams.getMessage("CHASQUI_LOGS", { seq: 3 });
  expect(await readAll(reader, stored.time.getTime())).toContain("second");
  expect(await readAll(reader, Date.now() + 60_000)).toEqual([]);
});

test("more than the server lets go at once: flow control is answered", async () => {
  await using t = await setup();
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  const body = "x".repeat(20_000);
  for (let round = 0; round < 10; round++)
    await runner.publish(Array.from({ length: 200 }, () => line(body)));
  expect(await readAll(reader)).toHaveLength(2_000);
});

test("a follower sees what comes, also over the death of the broker, each line once", async () => {
  await using t = await setup();
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  const stop = new AbortController();
  const { seen, end } = follow(reader, stop.signal);
  await runner.publish(lines(10));
  await seen.until(10);
  const back = new Promise<void>((resolve) => runner.onReconnect(resolve));
  await t.nats.killAndRestart();
  await back;
  await runner.publish([line("line 10"), line("line 11")]);
  await seen.until(12);
  stop.abort();
  await end;
  expect(seen.all.map(({ data }) => text(data))).toEqual(lines(12).map(({ data }) => text(data)));
  await expect
    .poll(async () => (await t.manager.consumers.list("CHASQUI_LOGS").next()).length, {
      interval: 200,
    })
    .toBe(0);
});

test("a stream that was lost is read from its new beginning", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  const stop = new AbortController();
  const { seen, end } = follow(reader, stop.signal);
  await runner.publish(lines(10));
  await seen.until(10);
  await t.nats.wipeStore();
  await expect
    .poll(() =>
      machine.streamPositions().then(
        () => "there",
        () => "gone",
      ),
    )
    .toBe("there");
  await expect.poll(() => runner.publish([line("anew")])).toEqual(["stored"]);
  await seen.until(1, ({ data }) => text(data) === "anew");
  stop.abort();
  await end;
});

test("leaving the loop ends the subscription; a reader may not read more than its user may", async () => {
  await using t = await setup();
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  await runner.publish(lines(3));
  for await (const { data } of reader.readStream("CHASQUI_LOGS", LOGS, {
    follow: true,
    signal: never,
  })) {
    expect(text(data)).toBe("line 0");
    break;
  }
  const stop = new AbortController();
  const { seen, end } = follow(runner, stop.signal);
  await t.log.until(1, ({ message }) => message === "bus: stream not read, trying again");
  stop.abort();
  await end;
  expect(seen.all).toEqual([]);
});
