import { PerformanceObserver } from "node:perf_hooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collectGarbageWhenIdle } from "./idle-garbage.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

const MIB = 1024 * 1024;

function setUp(utilization: () => number, rssBytes: () => number = () => 80 * MIB) {
  const t = { collected: 0, off: () => {} };
  const collect = () => void (t.collected += 1);
  t.off = collectGarbageWhenIdle({ utilization, collect, rssBytes });
  return t;
}

test("collects after the start, once there is nothing to do for ten seconds, and then leaves well alone", () => {
  const loads = [0.9, 0.3, 0.01, 0, 0];
  const t = setUp(() => loads.shift() ?? 0);
  vi.advanceTimersByTime(10_500);
  expect(t.collected).toBe(0);
  vi.advanceTimersByTime(500);
  expect(t.collected).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(t.collected).toBe(1);
});

test("collects again when a burst of work has left it larger, once it is idle", () => {
  let rss = 80 * MIB;
  let load = 0;
  const t = setUp(
    () => load,
    () => rss,
  );
  vi.advanceTimersByTime(11_000);
  expect(t.collected).toBe(1);
  load = 0.9;
  rss = 300 * MIB;
  vi.advanceTimersByTime(30_000);
  expect(t.collected).toBe(1);
  load = 0;
  vi.advanceTimersByTime(10_000);
  expect(t.collected).toBe(2);
});

test("who works every second is not made to wait for a collection, however much it has grown", () => {
  let looks = 0;
  const t = setUp(
    () => (looks++ % 2 === 0 ? 0.1 : 0),
    () => 80 * MIB + looks * MIB,
  );
  vi.advanceTimersByTime(600_000);
  expect(t.collected).toBe(0);
});

test("who looks after something now and then is idle all the same", () => {
  let looks = 0;
  const t = setUp(() => (looks++ % 4 === 0 ? 0.06 : 0.002));
  vi.advanceTimersByTime(10_000);
  expect(t.collected).toBe(1);
});

test("of a large heap a small growth is not worth a collection", () => {
  let rss = 400 * MIB;
  const t = setUp(
    () => 0,
    () => rss,
  );
  vi.advanceTimersByTime(11_000);
  rss = 480 * MIB;
  vi.advanceTimersByTime(60_000);
  expect(t.collected).toBe(1);
  rss = 520 * MIB;
  vi.advanceTimersByTime(11_000);
  expect(t.collected).toBe(2);
});

test("memory that a collection cannot give back is not asked for again and again", () => {
  let rss = 80 * MIB;
  const t = setUp(
    () => 0,
    () => rss,
  );
  vi.advanceTimersByTime(11_000);
  rss = 300 * MIB;
  vi.advanceTimersByTime(60_000);
  expect(t.collected).toBe(2);
});

test("a process that is always busy is left alone", () => {
  const t = setUp(() => 0.5);
  vi.advanceTimersByTime(3_600_000);
  expect(t.collected).toBe(0);
});

test("called off, it never collects", () => {
  const t = setUp(() => 0);
  t.off();
  vi.advanceTimersByTime(60_000);
  expect(t.collected).toBe(0);
});

test("what it does by itself collects on this Node", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const observer = new PerformanceObserver(() => resolve());
  observer.observe({ entryTypes: ["gc"] });
  collectGarbageWhenIdle({ utilization: () => 0 });
  vi.advanceTimersByTime(10_000);
  await expect(promise).resolves.toBeUndefined();
  observer.disconnect();
});
