import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayIn, instantIn, isZone, localIn } from "./zone.ts";

const utc = (ms: number | undefined): string =>
  ms === undefined ? "none" : new Date(ms).toISOString().replace(".000Z", "Z");

test.each([
  ["2026-01-02T18:00:00Z", "America/Bogota", "2026-01-02T18:00:00Z"],
  ["2026-01-02 18:00+02:00", "America/Bogota", "2026-01-02T16:00:00Z"],
  ["2026-01-02T18:00:00.25Z", "UTC", "2026-01-02T18:00:00.250Z"],
  ["2026-01-02T18:00", "America/Bogota", "2026-01-02T23:00:00Z"],
  ["2026-01-02", "America/Bogota", "2026-01-02T05:00:00Z"],
  ["2026-07-02T18:00", "Europe/Madrid", "2026-07-02T16:00:00Z"],
  ["2026-07-02T18:00", "Asia/Kathmandu", "2026-07-02T12:15:00Z"],
  ["2026-02-30", "UTC", "none"],
  ["2026-01-02T25:00", "UTC", "none"],
  ["2026-01-02T18:00+99:00", "UTC", "none"],
  ["tomorrow", "UTC", "none"],
  ["", "UTC", "none"],
])("%s in %s is %s", (text, timezone, wanted) => {
  expect(utc(instantIn(text, timezone))).toBe(wanted);
});

describe("Z2: when clocks change", () => {
  test.each([
    ["2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30:00Z", "comes twice"],
    ["2026-03-29T02:30", "Europe/Madrid", "2026-03-29T01:30:00Z", "never comes"],
    ["2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z", "comes twice"],
    ["2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z", "never comes"],
    ["2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "comes twice"],
    ["2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z", "never comes"],
  ])("%s in %s is %s: it %s", (text, timezone, wanted) => {
    expect(utc(instantIn(text, timezone))).toBe(wanted);
  });

  test("a day may have 23 or 25 hours, and may begin at 01:00", () => {
    const hours = (date: string, timezone: string): number => {
      const [from, to] = dayIn(date, timezone);
      return (to - from) / 3_600_000;
    };
    expect(hours("2026-03-29", "Europe/Madrid")).toBe(23);
    expect(hours("2026-10-25", "Europe/Madrid")).toBe(25);
    expect(hours("2026-10-26", "Europe/Madrid")).toBe(24);
    expect(utc(dayIn("2026-09-06", "America/Santiago")[0])).toBe("2026-09-06T04:00:00Z");
    expect(localIn(dayIn("2026-09-06", "America/Santiago")[0], "America/Santiago")).toBe(
      "2026-09-06T01:00:00-03:00",
    );
  });
});

const zones = ["UTC", "America/Bogota", "Europe/Madrid", "America/New_York", "Asia/Kathmandu"];

test("Z3: what clocks show at an instant means that instant, or the same clock time an hour before", () => {
  const change = fc.constantFrom("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z");
  const instants = fc
    .oneof(
      fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2035-01-01") }),
      fc
        .tuple(change, fc.integer({ min: -90_000, max: 90_000 }))
        .map(([at, seconds]) => Date.parse(at) + seconds * 1_000),
    )
    .map((ms) => Math.floor(ms / 1_000) * 1_000);
  fc.assert(
    fc.property(instants, fc.constantFrom(...zones), (ms, timezone) => {
      const local = localIn(ms, timezone);
      expect(instantIn(local, "UTC")).toBe(ms); // Z1
      const meant = instantIn(local.slice(0, 19), timezone) ?? Number.NaN;
      expect([0, 3_600_000]).toContain(ms - meant);
      expect(localIn(meant, timezone).slice(0, 19)).toBe(local.slice(0, 19));
    }),
  );
});

test("zones have names; an offset is none", () => {
  expect([...zones, "Etc/GMT+5"].every(isZone)).toBe(true);
  expect(["", "Bogota", "+05:00", "America/Bogotá"].some(isZone)).toBe(false);
});
