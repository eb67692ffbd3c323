import { expect, test } from "vitest";
import { causeText, duration, elapsedMs, plural, relative, withoutAnsi } from "./format.ts";

const now = Date.parse("2026-11-22T19:00:00Z");

test.each<[number, string]>([
  [0, "now"],
  [4_000, "now"],
  [12_000, "12 s ago"],
  [3 * 60_000 + 20_000, "3 min ago"],
  [5 * 3_600_000, "5 h ago"],
  [86_400_000, "1 day ago"],
  [3 * 86_400_000, "3 days ago"],
  [8 * 86_400_000, "14 Nov"],
  [400 * 86_400_000, "18 Oct 2025"],
  [-90_000, "in 1 min"],
  [-2 * 3_600_000, "in 2 h"],
])("%i ms before now: %s", (before, expected) => {
  expect(relative(now - before, now)).toBe(expected);
});

test.each<[number, string]>([
  [0, "0 ms"],
  [340.4, "340 ms"],
  [12_440, "12.4 s"],
  [59_960, "1 min 00 s"],
  [200_000, "3 min 20 s"],
  [3_900_000, "1 h 05 min"],
  [51 * 3_600_000, "2 d 3 h"],
  [-5, "0 ms"],
])("%d ms: %s", (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test("elapsed: until its end, else until now, nothing before it began", () => {
  const startedTime = "2026-11-22T18:59:00Z";
  expect(elapsedMs({ startedTime, endTime: "2026-11-22T18:59:30Z" }, now)).toBe(30_000);
  expect(elapsedMs({ startedTime }, now)).toBe(60_000);
  expect(elapsedMs({}, now)).toBeUndefined();
});

test("causes in words", () => {
  expect(causeText({ cause: { kind: "schedule", by: "schedule" } })).toBe("schedule");
  expect(causeText({ cause: { kind: "trigger", by: "logistics routes-7" } })).toBe(
    "trigger logistics routes-7",
  );
  expect(causeText({ cause: { kind: "manual", by: "user:ana" } })).toBe("by ana");
  expect(causeText({ cause: { kind: "manual", by: "anonymous" } })).toBe("by hand");
});

test("counts and colours of terminals", () => {
  expect([plural(1, "task"), plural(2, "task")]).toEqual(["1 task", "2 tasks"]);
  expect(withoutAnsi("\u001b[31mred\u001b[0m and \u001b[1;32mgreen")).toBe("red and green");
});
