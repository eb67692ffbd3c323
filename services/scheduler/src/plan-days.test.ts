import { expect, test } from "vitest";
import { dayKey, datesAbout, daysIn } from "./plan-days.ts";

const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString();

test.each<[string, string, string, string, string[]]>([
  [
    "in Bogota, both ends included",
    "America/Bogota",
    "2024-10-01T05:00:00Z",
    "2024-10-03T04:59:59Z",
    ["2024-10-01T05:00:00.000Z", "2024-10-02T05:00:00.000Z"],
  ],
  [
    "a day of 25 hours",
    "America/New_York",
    "2024-11-03T04:00:00Z",
    "2024-11-04T05:00:00Z",
    ["2024-11-03T04:00:00.000Z", "2024-11-04T05:00:00.000Z"],
  ],
  [
    "a day without a midnight begins after the jump",
    "America/Santiago",
    "2024-09-08T00:00:00Z",
    "2024-09-08T12:00:00Z",
    ["2024-09-08T04:00:00.000Z"],
  ],
  [
    "a day that the zone never had is none",
    "Pacific/Apia",
    "2011-12-29T10:00:00Z",
    "2011-12-30T10:00:00Z",
    ["2011-12-29T10:00:00.000Z", "2011-12-30T10:00:00.000Z"],
  ],
  ["within a day", "UTC", "2024-10-01T06:00:00Z", "2024-10-01T23:00:00Z", []],
])("days %s", (_, zone, from, to, want) => {
  const span = { fromMs: at(from), toMs: at(to) };
  expect(daysIn(span, zone, 10).map(iso)).toEqual(want);
});

test("more than the most are one more than the most", () => {
  const span = { fromMs: 0, toMs: at("2024-01-01T00:00:00Z") };
  expect(daysIn(span, "UTC", 7)).toHaveLength(8);
});

test("a day is the key of its run, a time within one its instant; each is there once, oldest first", () => {
  const [day, time] = [at("2024-10-02T05:00:00Z"), at("2024-10-01T12:00:00Z")];
  const dates = datesAbout([day, time, day], dayKey("America/Bogota"));
  expect(dates.map(({ runKey, logicalMs }) => [runKey, logicalMs])).toEqual([
    ["2024-10-01T12:00:00.000Z", time],
    ["2024-10-02", day],
  ]);
  expect(dates[1]).toMatchObject({ dueMs: day, intervalStartMs: day, skipped: undefined });
});

test("a date that the template gives no key is skipped, and says why", () => {
  expect(datesAbout([0], () => ({ reason: "key: no such name" }))).toMatchObject([
    { runKey: "", skipped: "key: no such name" },
  ]);
});
