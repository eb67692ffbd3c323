import { PerformanceObserver } from "node:perf_hooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collectStartGarbageWhenIdle } from "./start-garbage.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

function setUp(utilization: () => number) {
  const t = { collected: 0, off: () => {} };
  t.off = collectStartGarbageWhenIdle({ utilization, collect: () => void (t.collected += 1) });
  return t;
}

test("collects once, at the first moment with nothing to do", () => {
  const loads = [0.9, 0.3, 0.01, 0, 0];
  const t = setUp(() => loads.shift() ?? 0);
  vi.advanceTimersByTime(1_000);
  expect(t.collected).toBe(0);
  vi.advanceTimersByTime(500);
  expect(t.collected).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(t.collected).toBe(1);
});

test("a process that is always busy is left alone", () => {
  const t = setUp(() => 0.5);
  vi.advanceTimersByTime(3_600_000);
  expect(t.collected).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
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
  collectStartGarbageWhenIdle({ utilization: () => 0 });
  vi.advanceTimersByTime(500);
  await expect(promise).resolves.toBeUndefined();
  observer.disconnect();
});
