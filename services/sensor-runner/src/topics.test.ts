// Topics with a clock of the test's own.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { quietLog } from "@chasqui/runner/testing";
import type { Topic } from "./store/waits.ts";
import { Topics } from "./topics.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const closed: Topic = { kind: "sensor.event", topic: "logistics.routes.closed" };
const costs: Topic = { kind: "sensor.dag", topic: "costs" };

function setup(rows: Topic[] = []) {
  const ears = new Map<string, () => void>();
  const told: string[] = [];
  const t = {
    rows,
    ears,
    told,
    nudges: 0,
    fails: false,
    topics: undefined as unknown as Topics,
    hear: ({ topic }: Topic): void => ears.get(topic)?.(),
  };
  t.topics = new Topics({
    waits: {
      topics: async () => {
        if (t.fails) throw new Error("the database is away");
        return t.rows;
      },
      nudge: async (topics) => {
        if (t.fails) throw new Error("the database is away");
        told.push(topics.map(({ topic }) => topic).join(" "));
        return topics.length;
      },
    },
    subscribe: ({ topic }, heard) => {
      if (ears.has(topic)) throw new Error(`${topic} is listened to twice`);
      ears.set(topic, heard);
      return () => void ears.delete(topic);
    },
    nudged: () => void (t.nudges += 1),
    now: Date.now,
    log: quietLog,
  });
  return t;
}
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("N1: a wait that begins here is listened for at once", async () => {
  const t = setup();
  t.topics.listen(closed);
  t.topics.listen(closed);
  expect([...t.ears.keys()]).toEqual([closed.topic]);
  await t.topics.stop();
  expect(t.ears.size).toBe(0);
});

test("N1: waits of other replicas are found, and told once, since nobody listened", async () => {
  const t = setup([closed]);
  await pass(100);
  expect(t.topics.size).toBe(1);
  t.rows.push(costs);
  await pass(5_000);
  expect([...t.ears.keys()]).toEqual([closed.topic, costs.topic]);
  await pass(2_000);
  expect([...new Set(t.told)]).toEqual([closed.topic, costs.topic]);
  await t.topics.stop();
});

test("what nobody waits for any more is not listened to", async () => {
  const t = setup([closed]);
  await pass(100);
  t.rows.length = 0;
  await pass(20_000);
  expect(t.topics.size).toBe(0);
  t.topics.listen(costs); // its row is on the way
  await pass(1_000);
  expect(t.topics.size).toBe(1);
  await t.topics.stop();
});

test("N2: the first message is told soon, a flood once a second, and the last one after it", async () => {
  const t = setup();
  t.topics.listen(closed);
  t.hear(closed);
  await pass(50);
  expect(t.told).toEqual([closed.topic]);
  for (let n = 0; n < 100; n++) {
    t.hear(closed);
    await pass(50);
  }
  expect(t.told.length).toBeGreaterThanOrEqual(5);
  expect(t.told.length).toBeLessThanOrEqual(7);
  const before = t.told.length;
  await pass(1_000);
  expect(t.told.length).toBe(before + 1);
  await pass(10_000);
  expect(t.told.length).toBe(before + 1);
  expect(t.nudges).toBe(t.told.length);
  await t.topics.stop();
});

test("N2: one message is told twice: its stream may be slower than our ears", async () => {
  const t = setup();
  t.topics.listen(closed);
  t.hear(closed);
  await pass(10_000);
  expect(t.told).toEqual([closed.topic, closed.topic]);
  await t.topics.stop();
});

test("N3: after a reconnect everything counts as heard", async () => {
  const t = setup();
  t.topics.listen(closed);
  t.topics.listen(costs);
  t.topics.wasDeaf();
  await pass(100);
  expect(t.told.join(" ").split(" ").sort()).toEqual([costs.topic, closed.topic]);
  await t.topics.stop();
});

test("a database that is away costs nothing but time", async () => {
  const t = setup([closed]);
  await pass(100);
  t.fails = true;
  t.hear(closed);
  await pass(6_000);
  expect(t.topics.size).toBe(1);
  t.fails = false;
  t.hear(closed);
  await pass(100);
  expect(t.told.at(-1)).toBe(closed.topic);
  await t.topics.stop();
});
