// Crons as text, zones, dates.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCron } from "./cron.ts";
import { dateInZone, isDate, plusDays } from "./dates.ts";
import { startOfDay } from "./start-of-day.ts";
import { isZone, nearestZone } from "./zone.ts";

test.each([
  ["0 19 * * *", "0 19 * * *"],
  ["  0   19 * * mon-fri ", "0 19 * * MON-FRI"],
  ["@daily", "0 0 * * *"],
  ["@Hourly", "0 * * * *"],
  ["0 0 L * *", "0 0 L * *"],
  ["*/15 8-18 1,15 jan *", "*/15 8-18 1,15 JAN *"],
  ["*/10 * * * * *", "*/10 * * * * *"],
  ["0 0 19 * * *", "0 19 * * *"],
  ["0 9 15W * *", "0 9 15W * *"],
  ["0 9 LW * fri#2,SATL", "0 9 LW * FRI#2,SATL"],
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
  ["60 0 0 * * *", 0, "second `60`: out of range"],
  ["0 0 0 1 1 * 2027", 0, "has 7 fields: want 5"],
  ["0 0 * * MON#6", 8, "day of week `MON#6`: out of range"],
])("cron %s is wrong at %i: %s", (text, offset, message) => {
  expect(parseCron(text)).toMatchObject({
    ok: false,
    offset,
    message: expect.stringContaining(message),
  });
});

test("what other systems write is answered with what to write here", () => {
  expect(parseCron("@every 15m")).toMatchObject({
    suggestion: "write every: 15m in place of cron",
  });
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
  expect(["US/Pacific", "Etc/UTC", "europe/berlin"].filter(isZone)).toHaveLength(3); // in no list
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

test("a date in UTC is what Intl says, in every year that instants have", () => {
  const ms = fc.integer({ min: -8.64e15, max: 8.64e15 });
  const near = fc.date({ noInvalidDate: true }).map(Number);
  fc.assert(
    fc.property(fc.oneof(ms, near), (at) => dateInZone(at, "UTC") === dateInZone(at, "Etc/UTC")),
  );
});

test("a day begins where its date begins, also when the clock jumps over midnight", () => {
  const at = (date: string, zone: string): string => new Date(startOfDay(date, zone)).toISOString();
  expect(at("2026-10-06", "America/Bogota")).toBe("2026-10-06T05:00:00.000Z");
  expect(at("2026-10-06", "Pacific/Kiritimati")).toBe("2026-10-05T10:00:00.000Z");
  expect(at("2018-11-04", "America/Sao_Paulo")).toBe("2018-11-04T03:00:00.000Z");
});
