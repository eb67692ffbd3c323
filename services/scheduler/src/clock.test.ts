import { createLogger } from "@chasqui/chassis";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startClock } from "./clock.ts";
import { startEvery } from "./every.ts";
import { createSampler } from "./sampling.ts";

const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "silent" } });
beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function clockAt(times: number[]) {
  const rounds: number[] = [];
  let nextRound: () => Promise<void> = () => Promise.resolve();
  const clock = startClock({
    log,
    now: () => Date.now(),
    nextMs: () => times.find((at) => at > Date.now()),
    pollMs: 1_000,
    round: async () => {
      rounds.push(Date.now());
      await nextRound();
    },
  });
  return { clock, rounds, onRound: (round: () => Promise<void>) => (nextRound = round) };
}

test("wakes at each due time, and every second without one", async () => {
  const { clock, rounds } = clockAt([300, 1_700]);
  await vi.advanceTimersByTimeAsync(2_800);
  expect(rounds).toEqual([0, 300, 1_300, 1_700, 2_700]);
  await clock.stop(0);
});

test("looks at once when told that something changed, one round at a time", async () => {
  const { clock, rounds, onRound } = clockAt([]);
  await vi.advanceTimersByTimeAsync(10);
  const slow = Promise.withResolvers<void>();
  onRound(() => slow.promise);
  clock.wake();
  clock.wake();
  clock.wake();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(rounds).toEqual([0, 10]);
  onRound(() => Promise.resolve());
  slow.resolve();
  await vi.advanceTimersByTimeAsync(1);
  expect(rounds).toHaveLength(3);
  await clock.stop(0);
});

test("a round that fails is tried again after a pause, not in a circle", async () => {
  const { clock, rounds, onRound } = clockAt([]);
  onRound(() => Promise.reject(new Error("the database is away")));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(rounds.length).toBeGreaterThanOrEqual(3);
  expect(rounds.length).toBeLessThanOrEqual(5);
  await clock.stop(0);
});

test("a stop waits for the round in hand and starts no other", async () => {
  const { clock, rounds, onRound } = clockAt([]);
  await vi.advanceTimersByTimeAsync(10);
  const slow = Promise.withResolvers<void>();
  onRound(() => slow.promise);
  clock.wake();
  let stopped = false;
  const stopping = clock.stop(0).then(() => (stopped = true));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(stopped).toBe(false);
  slow.resolve();
  await stopping;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(rounds).toEqual([0, 10]);
  await clock.stop(0);
});

test("repeated work goes on after a failure, and is told to stop in the middle", async () => {
  let rounds = 0;
  let aborted = false;
  const part = startEvery({
    name: "work",
    everyMs: 100,
    log,
    round: (signal) => {
      rounds += 1;
      if (rounds < 3) return Promise.reject(new Error("not this time"));
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          resolve();
        }),
      );
    },
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(rounds).toBe(3); // the third does not end, so there is no fourth
  await part.stop(0);
  expect(aborted).toBe(true);
});

test("so many runs of a second are traced", () => {
  const sampler = createSampler(2);
  const taken = [0, 1, 2, 999, 1_000, 1_001, 1_002].map((ms) => sampler.take(ms));
  expect(taken).toEqual([true, true, false, false, true, true, false]);
  expect(createSampler(0).take(5)).toBe(false);
});
