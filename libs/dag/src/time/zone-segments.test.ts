// The changes of the clock, as found through Intl, against a table from another implementation of the IANA data.
import { expect, test } from "vitest";
import { segmentAt } from "./zone-segments.ts";
import { zoneChanges } from "./zone-changes.table.ts";

const MINUTE = 60_000;

function offsetText(ms: number): string {
  const minutes = Math.abs(ms) / MINUTE;
  const pad = (n: number): string => String(n).padStart(2, "0");
  return `${ms < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

test.each(Object.entries(zoneChanges))("%s changes its clock when the table says", (zone, rows) => {
  const found: string[] = [];
  for (let ms = Date.UTC(2020, 0); ms < Date.UTC(2036, 0);) {
    const segment = segmentAt(zone, ms);
    if (segment === undefined) throw new Error(`no segment at ${ms}`);
    expect(segment.startMs).toBe(ms);
    const { endMs, offsetMs, offsetAfterMs } = segment;
    if (offsetAfterMs !== offsetMs)
      found.push(
        `${new Date(endMs).toISOString().slice(0, 16)}Z ${offsetText(offsetMs)} ${offsetText(offsetAfterMs)}`,
      );
    ms = endMs;
  }
  expect(found).toEqual(rows);
});

test("before 1970 and after 2200 there are none", () => {
  expect(segmentAt("UTC", Date.UTC(1969, 11, 31))).toBeUndefined();
  expect(segmentAt("UTC", Date.UTC(2201, 0))).toBeUndefined();
});

test("a year that ends with a day that never was: Apia left out 30 December 2011", () => {
  const segment = segmentAt("Pacific/Apia", Date.UTC(2011, 11, 30, 9, 59));
  expect(segment).toMatchObject({
    endMs: Date.UTC(2011, 11, 30, 10),
    offsetMs: -10 * 60 * MINUTE,
    offsetAfterMs: 14 * 60 * MINUTE,
  });
});
