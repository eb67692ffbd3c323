// Rounds: at the start, again, sooner after a failure, and none after the stop.
import { expect, test } from "vitest";
import { startEvery } from "./every.ts";

function rounds(fails: boolean) {
  const warned: string[] = [];
  let count = 0;
  const third = Promise.withResolvers<void>();
  const round = (): Promise<void> => {
    count += 1;
    if (count === 3) third.resolve();
    return fails ? Promise.reject(new Error("away")) : Promise.resolve();
  };
  const log = { warn: (_fields: unknown, message?: string) => void warned.push(message ?? "") };
  return { round, log, warned, third: third.promise, count: () => count };
}

test("goes on, whether a round fails or not", async () => {
  for (const fails of [false, true]) {
    const t = rounds(fails);
    const part = startEvery({ name: "look", everyMs: 1, log: t.log, round: t.round });
    await t.third;
    await part.stop(0);
    const ended = t.count();
    await part.stop(0);
    expect(t.count()).toBe(ended);
    expect(t.warned.length > 0).toBe(fails);
  }
});

test("a stop waits for the round in hand, and tells it", async () => {
  const steps: string[] = [];
  const begun = Promise.withResolvers<void>();
  const part = startEvery({
    name: "look",
    everyMs: 1,
    log: { warn: () => void steps.push("warned") },
    round: async (signal) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      steps.push("ended");
      signal.throwIfAborted();
    },
  });
  await begun.promise;
  await part.stop(0);
  expect(steps).toEqual(["ended"]);
});
