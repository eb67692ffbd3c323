import { expect, test } from "vitest";
import { timetableOf } from "./timetable.ts";
import type { TimetableInit } from "./timetable.ts";

function ticks(init: TimetableInit, from: string, count: number): string[] {
  const timetable = timetableOf(init);
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count;) {
    const next = timetable.next(at);
    if (next === undefined) return [...found, "end"];
    expect(next).toBeGreaterThan(at);
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}
const madrid = (cron: string): TimetableInit => ({ crons: [cron], timezone: "Europe/Madrid" });
const SPRING = "2026-03-28T12:00:00Z"; // 02:00 CET becomes 03:00 CEST on 29 March, 01:00Z
const AUTUMN = "2026-10-24T12:00:00Z"; // 03:00 CEST becomes 02:00 CET on 25 October, 01:00Z

test("Bogota knows no summer time: 19:00 is 00:00Z all year", () => {
  const init = { crons: ["0 19 * * *"], timezone: "America/Bogota" };
  expect(ticks(init, "2026-03-28T12:00:00Z", 3)).toEqual([
    "2026-03-29T00:00",
    "2026-03-30T00:00",
    "2026-03-31T00:00",
  ]);
  expect(ticks(init, "2026-10-25T00:00:00Z", 1)).toEqual(["2026-10-26T00:00"]);
});

test.each<[string, string, string, string[]]>([
  ["fixed hour over spring", "0 9 * * *", SPRING, ["2026-03-29T07:00", "2026-03-30T07:00"]],
  ["fixed hour over autumn", "0 9 * * *", AUTUMN, ["2026-10-25T08:00", "2026-10-26T08:00"]],
  // 02:30 does not exist on 29 March: it runs at the first instant after the gap, 03:00 CEST.
  ["in the gap", "30 2 * * *", SPRING, ["2026-03-29T01:00", "2026-03-30T00:30"]],
  // 02:30 comes twice on 25 October: the first (CEST) counts.
  ["in the fold", "30 2 * * *", AUTUMN, ["2026-10-25T00:30", "2026-10-26T01:30"]],
  ["a list in the fold", "30 2,14 * * *", AUTUMN, ["2026-10-24T12:30", "2026-10-25T00:30"]],
  [
    "every hour over spring: no hour is left out or doubled in real time",
    "0 * * * *",
    "2026-03-28T23:30:00Z",
    ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"],
  ],
  [
    "every hour over autumn: both 02:00",
    "0 * * * *",
    "2026-10-24T23:30:00Z",
    ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
  ],
])("Madrid, %s", (_, cron, from, expected) => {
  expect(ticks(madrid(cron), from, expected.length)).toEqual(expected);
});

test("D1: several crons are one list of due times, without twins", () => {
  const init = { crons: ["0 12 * * *", "0 */6 * * *"], timezone: "UTC" };
  expect(ticks(init, "2026-01-01T00:00:00Z", 4).map((at) => at.slice(11))).toEqual([
    "06:00",
    "12:00",
    "18:00",
    "00:00",
  ]);
});

test("day of month and day of week together mean or, as in Vixie cron", () => {
  const init = { crons: ["0 0 13 * 5"], timezone: "UTC" };
  expect(ticks(init, "2026-01-01T00:00:00Z", 4).map((at) => at.slice(5, 10))).toEqual([
    "01-02",
    "01-09",
    "01-13",
    "01-16",
  ]);
});

test("seconds, when six fields are given", () => {
  const timetable = timetableOf({ crons: ["*/2 * * * * *"], timezone: "UTC" });
  expect(timetable.next(1_001)).toBe(2_000);
  expect(timetable.next(2_000)).toBe(4_000);
});

test("D3: start and end are included, and bound the due times", () => {
  const init = {
    crons: ["0 0 * * *"],
    timezone: "UTC",
    startMs: Date.parse("2026-02-01T00:00:00Z"),
    endMs: Date.parse("2026-02-02T00:00:00Z"),
  };
  expect(ticks(init, "2025-12-01T00:00:00Z", 5)).toEqual([
    "2026-02-01T00:00",
    "2026-02-02T00:00",
    "end",
  ]);
});

test("a cron that never comes has no due time", () => {
  expect(timetableOf({ crons: ["0 0 30 2 *"], timezone: "UTC" }).next(0)).toBeUndefined();
});

test("what cannot be read is named", () => {
  expect(() => timetableOf({ crons: ["61 * * * *"], timezone: "UTC" })).toThrow(/cron "61 \* \*/);
  expect(() => timetableOf({ crons: ["0 0 * * *"], timezone: "Mars/Base" })).toThrow(
    /"Mars\/Base"/,
  );
});
