// Crons, zones, dates and ticks, over the days when clocks change.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCron } from "./cron.ts";
import { dateInZone, isDate, plusDays } from "./dates.ts";
import { startOfDay } from "./start-of-day.ts";
import { nextTicks } from "./ticks.ts";
import { isZone, nearestZone } from "./zone.ts";

test.each([
  ["0 19 * * *", "0 19 * * *"],
  ["  0   19 * * mon-fri ", "0 19 * * MON-FRI"],
  ["@daily", "0 0 * * *"],
  ["@Hourly", "0 * * * *"],
  ["0 0 L * *", "0 0 L * *"],
  ["*/15 8-18 1,15 jan *", "*/15 8-18 1,15 JAN *"],
])("cron %s", (text, cron) => {
  expect(parseCron(text)).toEqual({ ok: true, value: cron });
});

test.each([
  ["60 * * * *", 0, "minute `60`: out of range: want * or 0..59"],
  ["0 24 * * *", 2, "hour `24`: out of range: want * or 0..23"],
  ["0 0 0 * *", 4, "day of month `0`: out of range"],
  ["0 0 * 13 *", 6, "month `13`: out of range"],
  ["0 0 * * 8", 8, "day of week `8`: out of range"],
  ["30-10 * * * *", 0, "minute `30-10`: a range that ends before it begins"],
  ["*/0 * * * *", 0, "minute `*/0`: a step that does not fit"],
  ["x * * * *", 0, "minute `x`: not understood"],
  ["? * * * *", 0, "a character that does not belong there"],
  ["0 0 30 2 *", 0, "never comes due"],
  ["@fortnightly", 0, "want one of @yearly"],
  ["", 0, "has 0 fields"],
])("cron %s is wrong at %i: %s", (text, offset, message) => {
  expect(parseCron(text)).toMatchObject({
    ok: false,
    offset,
    message: expect.stringContaining(message),
  });
});

test("six fields are told apart from nonsense", () => {
  expect(parseCron("0 0 19 * * *")).toMatchObject({ suggestion: "leave out the seconds" });
});

test("parsing a cron never throws", () => {
  const field = fc.stringMatching(/^[0-9*/,#LWA-Za-z?+-]{1,5}$/);
  const text = fc.oneof(
    fc.string(),
    fc.array(field, { minLength: 5, maxLength: 5 }).map((f) => f.join(" ")),
  );
  fc.assert(fc.property(text, (cron) => typeof parseCron(cron).ok === "boolean"));
});

test("zones", () => {
  expect(["America/Bogota", "UTC", "Europe/Berlin"].filter(isZone)).toHaveLength(3);
  expect(["", "+05:00", "Mars/X", "Bogota"].filter(isZone)).toEqual([]);
  expect(nearestZone("Bogota")).toBe("America/Bogota");
  expect(nearestZone("Europe/Berln")).toBe("Europe/Berlin");
});

test("dates in a zone", () => {
  const ms = Date.parse("2026-10-07T02:00:00Z");
  expect([dateInZone(ms, "America/Bogota"), dateInZone(ms, "UTC")]).toEqual([
    "2026-10-06",
    "2026-10-07",
  ]);
  expect([plusDays("2026-03-01", -1), plusDays("2026-12-31", 1)]).toEqual([
    "2026-02-28",
    "2027-01-01",
  ]);
  expect(["2026-02-29", "2026-13-01", "26-01-01", "x"].filter(isDate)).toEqual([]);
});

test("a day begins where its date begins, also when the clock jumps over midnight", () => {
  const at = (date: string, zone: string): string => new Date(startOfDay(date, zone)).toISOString();
  expect(at("2026-10-06", "America/Bogota")).toBe("2026-10-06T05:00:00.000Z");
  expect(at("2026-10-06", "Pacific/Kiritimati")).toBe("2026-10-05T10:00:00.000Z");
  expect(at("2018-11-04", "America/Sao_Paulo")).toBe("2018-11-04T03:00:00.000Z");
});

const ticks = (
  crons: string[],
  timezone: string,
  after: string,
  count: number,
  { start = "", end = "" } = {},
): string[] =>
  nextTicks({ crons, timezone, start, end }, Date.parse(after), count).map((ms) =>
    new Date(ms).toISOString().replace(":00.000Z", "Z"),
  );

test("a time of day in the spring gap runs after it; one that comes twice in autumn runs once", () => {
  expect(ticks(["30 2 * * *"], "America/New_York", "2026-03-07T12:00Z", 2)).toEqual([
    "2026-03-08T07:00Z",
    "2026-03-09T06:30Z",
  ]);
  expect(ticks(["30 1 * * *"], "America/New_York", "2026-10-31T12:00Z", 2)).toEqual([
    "2026-11-01T05:30Z",
    "2026-11-02T06:30Z",
  ]);
});

test("several crons make one schedule, an instant of both is one tick", () => {
  expect(ticks(["0 1 * * *", "0 */12 * * *", "0 0 * * *"], "UTC", "2026-01-01T00:00Z", 4)).toEqual([
    "2026-01-01T01:00Z",
    "2026-01-01T12:00Z",
    "2026-01-02T00:00Z",
    "2026-01-02T01:00Z",
  ]);
});

test("start and end are included", () => {
  const bounds = { start: "2026-05-01T19:00:00Z", end: "2026-05-02T19:00:00Z" };
  expect(ticks(["0 19 * * *"], "UTC", "2026-01-01T00:00Z", 9, bounds)).toEqual([
    "2026-05-01T19:00Z",
    "2026-05-02T19:00Z",
  ]);
});
