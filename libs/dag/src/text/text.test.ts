// Durations and suggestions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { editDistance, nearest, quote } from "./suggest.ts";

test.each([
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["1.5h", 5_400_000],
  ["500ms", 500],
  ["0s", 0],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toEqual({ ok: true, ms });
});

test.each(["", "5", "m", "5 m", "-5m", "5m1h", "5m5m", "1e3s", "5min", "9999999d", "1.s"])(
  "%j is not a duration",
  (text) => {
    expect(parseDuration(text)).toMatchObject({
      ok: false,
      message: expect.stringContaining(quote(text)),
    });
  },
);

test("a formatted duration parses to the same duration", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: limits.durationMsMax }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms });
    }),
  );
});

test.each([
  ["agregate", "aggregate"],
  ["Aggregate", "aggregate"],
  ["aggergate", "aggregate"],
  ["mial", "mail"],
  ["banana", undefined],
  ["x".repeat(5_000), undefined],
])("%s means %s", (written, meant) => {
  expect(nearest(written, ["mail", "aggregate", "load"])).toBe(meant);
});

test("edit distance is a distance", () => {
  const word = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b, 100)).toBe(editDistance(b, a, 100));
      expect(editDistance(a, b, 100) === 0).toBe(a === b);
    }),
  );
});

test("quoted input is one short line", () => {
  expect(quote("a\n\0b")).toBe("`a b`");
  expect(quote("x".repeat(500)).length).toBeLessThan(70);
});

test("a name with nothing in common is not meant", () => {
  expect([nearest("c", ["a", "b"]), nearest("C", ["c"]), nearest("b1", ["b2"])]).toEqual([
    undefined,
    "c",
    "b2",
  ]);
});
