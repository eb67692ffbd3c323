import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BATCH_BYTES_MAX } from "./core/log-lines.ts";
import { FLUSH_MS, LOG_BYTES_MAX, WAITING_BYTES_MAX, openAttemptLog } from "./logs.ts";
import { memoryBus, refOf } from "./testing/memory-bus.ts";
import { quietLog } from "./testing/quiet-log.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setup(startCounter = 0) {
  const bus = memoryBus();
  const mask = (text: string): string => text.replaceAll("hunter2", "[secret]");
  const log = openAttemptLog({ bus, log: quietLog, mask, now: Date.now }, refOf({}), {
    startCounter,
  });
  const texts = (): string[] => bus.logs.flatMap((batch) => batch.lines.map((line) => line.text));
  const counters = (): number[] =>
    bus.logs.flatMap((batch) => batch.lines.map((line) => line.counter));
  return { bus, log, texts, counters };
}

test("G1: lines leave after a while, together", async () => {
  const { bus, log, texts } = setup();
  log.line("a");
  log.line("b");
  await vi.advanceTimersByTimeAsync(FLUSH_MS - 1);
  expect(bus.publishes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(texts()).toEqual(["a", "b"]);
  expect(bus.publishes).toEqual([1]);
});

test("G1: a full batch leaves at once", async () => {
  const { bus, log } = setup();
  for (let n = 0; n < 5; n++) log.line("x".repeat(BATCH_BYTES_MAX / 4));
  await vi.advanceTimersByTimeAsync(0);
  expect(bus.publishes.length).toBeGreaterThan(0);
});

test("G1: batches keep their order while the bus hesitates", async () => {
  const { bus, log, counters } = setup(10);
  let refusals = 3;
  bus.answer = () => (refusals-- > 0 ? "failed" : undefined);
  log.line("first");
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  log.line("second");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(counters()).toEqual([11, 12]);
});

test("the last batch says that it is the last, also when it is empty", async () => {
  const some = setup();
  some.log.line("only");
  await some.log.end();
  await some.log.end();
  some.log.line("too late");
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  expect(some.bus.logs.map(({ lines, complete }) => [lines.length, complete])).toEqual([[1, true]]);

  const none = setup();
  await none.log.end();
  expect(none.bus.logs.map(({ lines, complete }) => [lines.length, complete])).toEqual([[0, true]]);
});

test("G2: secrets are masked in what is sent and in the tail", async () => {
  const { log, texts } = setup();
  log.line("password hunter2");
  await log.flush();
  expect(texts()).toEqual(["password [secret]"]);
  expect(log.tail()).toEqual(["password [secret]"]);
});

test("G3: what the bus does not take is dropped, with a word and a gap", async () => {
  const { bus, log, texts, counters } = setup();
  bus.answer = () => "failed";
  const line = "x".repeat(16_000);
  const count = Math.ceil(WAITING_BYTES_MAX / line.length) + 50;
  for (let n = 0; n < count; n++) log.line(line);
  bus.answer = undefined;
  await log.flush();
  log.line("after");
  await log.end();
  expect(texts().at(-2)).toMatch(/lines are missing here/);
  expect(texts().at(-1)).toBe("after");
  expect(counters().length).toBeLessThan(count);
  expect(counters().at(-1)).toBe(count + 2);
  expect(log.counter).toBe(count + 2);
});

test("G3: a log without end keeps only its end", async () => {
  const { log, texts } = setup();
  const line = "x".repeat(16_000);
  for (let n = 0; n < LOG_BYTES_MAX / line.length + 2; n++) {
    log.line(line);
    if (n % 100 === 0) await log.flush();
  }
  log.line("the end");
  await log.end();
  expect(texts().at(-1)).toMatch(/only its end is kept/);
  expect(log.tail().at(-1)).toBe("the end");
});

test("G4: an end without a bus takes seconds, not for ever", async () => {
  const { bus, log } = setup();
  bus.answer = () => "failed";
  log.line("lost");
  const ended = log.end();
  await vi.advanceTimersByTimeAsync(11_000);
  await ended;
  expect(bus.logs).toEqual([]);
});

test("a batch cut elsewhere after a restart is another message", async () => {
  const { bus, log } = setup();
  log.line("a");
  await log.flush();
  const again = openAttemptLog(
    { bus, log: quietLog, mask: (text) => text, now: Date.now },
    refOf({}),
  );
  again.line("a");
  again.line("b");
  await again.flush();
  expect(bus.logs.map((batch) => batch.lines.map((line) => line.counter))).toEqual([[1], [1, 2]]);
});
