import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noTelemetry } from "@chasqui/chassis";
import { memoryBus, refOf } from "./testing/memory-bus.ts";
import { quietLog } from "./testing/quiet-log.ts";
import { tracing } from "./traces.ts";
import type { Update } from "./translate.ts";
import { startUpdateSender } from "./updates.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => vi.useRealTimers());

function setup() {
  const bus = memoryBus();
  const sender = startUpdateSender({
    bus,
    tracing: tracing(noTelemetry, () => 0),
    log: quietLog,
    now: () => 0,
  });
  const update = (attempt: number, sequence = 1): Update => ({
    ref: refOf({ attempt }),
    sequence,
    said: { state: "running" },
    times: {},
    link: "",
  });
  return { bus, sender, update };
}

test("U1: what is said in one turn goes out as one publish, in order", async () => {
  const { bus, sender, update } = setup();
  await Promise.all([1, 2, 3].map((attempt) => sender.send(update(attempt))));
  await sender.send(update(4));
  expect(bus.publishes).toEqual([3, 1]);
  expect(bus.updates.map((one) => one.attempt)).toEqual([1, 2, 3, 4]);
});

test("a second copy is told to be one", async () => {
  const { sender, update } = setup();
  expect(await sender.send(update(1))).toBe("stored");
  expect(await sender.send(update(1))).toBe("duplicate");
});

test("U2: what is not stored is said again with the same id until it is, and it alone", async () => {
  const { bus, sender, update } = setup();
  const answers = ["failed", "refused", "failed"] as const;
  const tried: (string | undefined)[] = [];
  const unlucky = update(2);
  bus.answer = ({ id }) => {
    if (!id?.startsWith(unlucky.ref.attemptId)) return undefined;
    return answers[tried.push(id) - 1];
  };
  const state = { settled: false };
  const lucky = sender.send(update(1));
  const second = sender.send(unlucky).finally(() => (state.settled = true));
  await lucky;
  for (const [index, delayMs] of [100, 200, 400].entries()) {
    expect(tried).toHaveLength(index + 1);
    expect(state.settled).toBe(false);
    await vi.advanceTimersByTimeAsync(delayMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await second).toBe("stored");
  expect(tried).toHaveLength(4);
  expect(new Set(tried).size).toBe(1);
  expect(bus.updates).toHaveLength(2);
  expect(sender.waiting).toBe(0);
});

test("a bus that throws counts as one that does not confirm", async () => {
  const { bus, sender, update } = setup();
  const publish = bus.publish.bind(bus);
  let thrown = 0;
  bus.publish = async (messages) => {
    if (thrown++ === 0) throw new Error("disconnected");
    return publish(messages);
  };
  const sent = sender.send(update(1));
  await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(100);
  expect(await sent).toBe("stored");
});

test("U3: after stop nothing waits for ever", async () => {
  const { bus, sender, update } = setup();
  bus.answer = () => "failed";
  const sent = sender.send(update(1));
  const refused = sent.catch((thrown: unknown) => String(thrown));
  await new Promise((resolve) => setImmediate(resolve));
  sender.stop();
  expect(await refused).toContain("the runner stopped before the bus stored");
  await expect(sender.send(update(2))).rejects.toThrow("the runner stopped");
});
