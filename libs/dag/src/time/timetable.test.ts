import { expect, test } from "vitest";
import { instantsOfWall, nextTick, previousTick, timetableOf } from "./timetable.ts";
import type { Timing } from "./timetable.ts";

const utc: Timing = { timezone: "UTC", crons: [], dates: [], excludes: [] };

function ticks(init: Partial<Timing>, from: string, count: number): string[] {
  const timetable = timetableOf({ ...utc, ...init });
  const found: string[] = [];
  for (let at = Date.parse(from) - 1; found.length < count;) {
    const next = nextTick(timetable, at);
    if (next === undefined) return [...found, "end"];
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}
const madrid = (cron: string): Partial<Timing> => ({ crons: [cron], timezone: "Europe/Madrid" });
const SPRING = "2026-03-28T12:00:00Z"; // 02:00 CET becomes 03:00 CEST on 29 March, 01:00Z
const AUTUMN = "2026-10-24T12:00:00Z"; // 03:00 CEST becomes 02:00 CET on 25 October, 01:00Z

test.each<[string, Partial<Timing>, string, string[]]>([
  ["fixed hour over spring", madrid("0 9 * * *"), SPRING, ["2026-03-29T07:00", "2026-03-30T07:00"]],
  ["fixed hour over autumn", madrid("0 9 * * *"), AUTUMN, ["2026-10-25T08:00", "2026-10-26T08:00"]],
  // 02:30 does not exist on 29 March: the first instant after the gap is 03:00 CEST
  ["in the gap", madrid("30 2 * * *"), SPRING, ["2026-03-29T01:00", "2026-03-30T00:30"]],
  ["several in the gap", madrid("*/20 2 * * *"), SPRING, ["2026-03-29T01:00", "2026-03-30T00:00"]],
  ["in the gap, skip", { ...madrid("30 2 * * *"), gap: "skip" }, SPRING, ["2026-03-30T00:30"]],
  // 02:30 comes twice on 25 October
  ["in the fold", madrid("30 2 * * *"), AUTUMN, ["2026-10-25T00:30", "2026-10-26T01:30"]],
  [
    "in the fold, both",
    { ...madrid("30 2 * * *"), fold: "both" },
    AUTUMN,
    ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-26T01:30"],
  ],
  ["in the fold, last", { ...madrid("30 2 * * *"), fold: "last" }, AUTUMN, ["2026-10-25T01:30"]],
  // every second hour is hands of the clock too: 00:00, 02:00 (the first), 04:00
  [
    "every second hour over autumn",
    madrid("0 */2 * * *"),
    "2026-10-24T21:30:00Z",
    ["2026-10-24T22:00", "2026-10-25T00:00", "2026-10-25T03:00"],
  ],
  [
    "every hour over spring: each real hour once",
    madrid("0 * * * *"),
    "2026-03-28T23:30:00Z",
    ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"],
  ],
  [
    "every hour over autumn: each real hour once",
    madrid("0 * * * *"),
    "2026-10-24T23:30:00Z",
    ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
  ],
  [
    "every hour, first: the hour that comes twice runs once",
    { ...madrid("0 * * * *"), fold: "first" },
    "2026-10-24T23:30:00Z",
    ["2026-10-25T00:00", "2026-10-25T02:00"],
  ],
  [
    "an interval is real time",
    {
      everyMs: 12 * 3_600_000,
      anchorMs: Date.parse("2026-03-27T08:00:00Z"),
      timezone: "Europe/Madrid",
    },
    SPRING,
    ["2026-03-28T20:00", "2026-03-29T08:00", "2026-03-29T20:00"],
  ],
  [
    "an interval does not begin before its anchor",
    { everyMs: 60_000, anchorMs: Date.parse("2026-05-01T00:00:30Z") },
    "2026-01-01T00:00:00Z",
    ["2026-05-01T00:00", "2026-05-01T00:01"],
  ],
  [
    "dates: local times and instants",
    {
      dates: ["2026-10-06T19:00:00Z", "2026-12-24T00:00:00", "2026-10-06T14:00:00"],
      timezone: "America/Bogota",
    },
    "2026-01-01T00:00:00Z",
    ["2026-10-06T19:00", "2026-12-24T05:00", "end"],
  ],
  [
    "a date in the gap is moved",
    { dates: ["2026-03-29T02:30:00"], timezone: "Europe/Madrid" },
    SPRING,
    ["2026-03-29T01:00", "end"],
  ],
  [
    "D1: several crons are one list of due times, without twins",
    { crons: ["0 12 * * *", "0 */6 * * *"], dates: ["2026-01-01T06:00:00"] },
    "2026-01-01T01:00:00Z",
    ["2026-01-01T06:00", "2026-01-01T12:00", "2026-01-01T18:00", "2026-01-02T00:00"],
  ],
  [
    "D3: start and end are included",
    {
      crons: ["0 0 * * *"],
      startMs: Date.parse("2026-02-01T00:00:00Z"),
      endMs: Date.parse("2026-02-02T00:00:00Z"),
    },
    "2025-12-01T00:00:00Z",
    ["2026-02-01T00:00", "2026-02-02T00:00", "end"],
  ],
  [
    "D4: what is excluded is no tick: a day, a range, every year's day, by the zone's calendar",
    {
      crons: ["0 22 * * *"],
      timezone: "America/Bogota", // 22:00 is 03:00Z of the next day
      excludes: [
        { first: "2026-12-22", last: "2026-12-22", name: "" },
        { first: "12-24", last: "12-26", name: "closed" },
        { first: "2026-12-28", last: "2027-01-02", name: "inventory" },
      ],
    },
    "2026-12-21T20:00:00Z",
    ["2026-12-22T03:00", "2026-12-24T03:00", "2026-12-28T03:00", "2027-01-04T03:00"],
  ],
  [
    "a yearly range goes over the turn of the year",
    { crons: ["0 0 * * *"], excludes: [{ first: "12-24", last: "01-06", name: "" }] },
    "2026-12-23T00:00:00Z",
    ["2026-12-23T00:00", "2027-01-07T00:00"],
  ],
  [
    "everything excluded",
    { crons: ["0 0 * * *"], excludes: [{ first: "01-01", last: "12-31", name: "" }] },
    SPRING,
    ["end"],
  ],
  ["a cron that never comes", { crons: ["0 0 30 2 *"] }, SPRING, ["end"]],
  [
    "midnight that does not exist",
    { crons: ["0 0 * * *"], timezone: "America/Santiago" },
    "2026-09-05T12:00:00Z",
    ["2026-09-06T04:00", "2026-09-07T03:00"],
  ],
])("%s", (_, init, from, expected) => {
  expect(ticks(init, from, expected.length)).toEqual(expected);
});

test("the tick before", () => {
  const before = (init: Partial<Timing>, at: string): string => {
    const ms = previousTick(timetableOf({ ...utc, ...init }), Date.parse(at));
    return ms === undefined ? "none" : new Date(ms).toISOString().slice(0, 16);
  };
  expect(before(madrid("0 9 * * MON"), "2026-10-26T08:00:00Z")).toBe("2026-10-19T07:00");
  expect(before(madrid("30 2 * * *"), "2026-10-26T01:30:00Z")).toBe("2026-10-25T00:30");
  expect(before({ dates: ["2026-10-06T00:00:00"] }, "2026-10-06T00:00:00Z")).toBe("none");
  const holiday = { excludes: [{ first: "12-24", last: "12-26", name: "" }] };
  expect(before({ crons: ["0 0 * * *"], ...holiday }, "2026-12-27T00:00:00Z")).toBe(
    "2026-12-23T00:00",
  );
  expect(before({ crons: ["0 0 29 2 *"] }, "2026-01-01T00:00:00Z")).toBe("2024-02-29T00:00");
});

test("a wall-clock time is an instant, none or two", () => {
  const at = (wall: string, gap: "shift" | "skip", fold: "first" | "both"): string[] =>
    instantsOfWall("Europe/Madrid", Date.parse(`${wall}Z`), { gap, fold }).map((ms) =>
      new Date(ms).toISOString().slice(0, 16),
    );
  expect(at("2026-03-29T02:30", "skip", "both")).toEqual([]);
  expect(at("2026-10-25T02:30", "skip", "both")).toEqual(["2026-10-25T00:30", "2026-10-25T01:30"]);
  expect(at("2026-07-01T02:30", "skip", "both")).toEqual(["2026-07-01T00:30"]);
});

test("what cannot be read is named", () => {
  const read = (init: Partial<Timing>) => () => timetableOf({ ...utc, ...init });
  expect(read({ crons: ["61 * * * *"] })).toThrow(/cron "61 \* \*/);
  expect(read({ crons: ["0 0 * * *"], timezone: "Mars/Base" })).toThrow(/"Mars\/Base"/);
  expect(read({ dates: ["soon"] })).toThrow(/"soon"/);
  expect(read({ everyMs: 0 })).toThrow(/every 0 ms/);
});
