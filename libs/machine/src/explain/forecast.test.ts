// The turn of the last in a line, from how long everybody takes.
import { expect, test } from "vitest";
import type { Taker } from "./forecast.ts";
import { turnOfLast } from "./forecast.ts";

const NOW = 1_000;
const takes = (medianMs: number, more: Partial<Taker> = {}): Taker => ({
  ...{ slots: 1, took: { medianMs, runs: 5 } },
  ...more,
});
const unknown: Taker = { slots: 1, took: undefined };
const none = Infinity;

test.each<[string, number, readonly Taker[], readonly Taker[], unknown]>([
  ["a free slot: now", 1, [], [unknown], { atMs: NOW, runs: none }],
  ["who holds it ends after his median", 1, [takes(500, { sinceMs: 800 })], [unknown], 1_300],
  ["one that is late ends now", 1, [takes(500, { sinceMs: 100 })], [unknown], NOW],
  [
    "the earliest of two",
    2,
    [takes(900, { sinceMs: 900 }), takes(300, { sinceMs: 900 })],
    [unknown],
    1_200,
  ],
  [
    "who is before it takes his time, too",
    1,
    [takes(500, { sinceMs: 800 })],
    [takes(70), unknown],
    1_370,
  ],
  [
    "two slots wait for two ends",
    2,
    [takes(100, { sinceMs: 950 }), takes(300, { sinceMs: 950 })],
    [{ ...unknown, slots: 2 }],
    1_250,
  ],
  [
    "more than there are: all",
    1,
    [takes(100, { sinceMs: 950 })],
    [{ ...unknown, slots: 9 }],
    1_050,
  ],
  ["a holder of whom nothing is known", 1, [unknown], [unknown], undefined],
  [
    "one of two holders is unknown",
    2,
    [unknown, takes(10, { sinceMs: NOW })],
    [unknown],
    undefined,
  ],
  ["one before it is unknown", 1, [takes(1, { sinceMs: NOW })], [unknown, unknown], undefined],
  [
    "one before it is unknown, and there is room for both",
    2,
    [],
    [unknown, unknown],
    { atMs: NOW, runs: none },
  ],
])("%s", (_, size, holders, line, expected) => {
  const turn = turnOfLast({ size, holders, line }, NOW);
  expect(turn).toEqual(typeof expected === "number" ? { atMs: expected, runs: 5 } : expected);
});
