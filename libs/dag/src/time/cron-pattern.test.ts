// Days and times that a cron matches, beside what croner finds in UTC: the same, but for a day field that begins
// with `*`, which croner takes for a restriction.
import { Cron } from "croner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cronPatternOf, nextWall } from "./cron-pattern.ts";

const FROM = Date.UTC(2026, 0);

function walls(cron: string, count: number, fromMs = FROM): string[] {
  const pattern = cronPatternOf(cron);
  const found: string[] = [];
  for (let at = fromMs; found.length < count;) {
    const next = nextWall(pattern, at);
    if (next === undefined) return [...found, "never"];
    found.push(new Date(next).toISOString().slice(0, 19));
    at = next + 1;
  }
  return found;
}
const days = (cron: string, count: number): string[] =>
  walls(cron, count).map((wall) => wall.slice(5, 10));

test.each<[string, string[]]>([
  ["0 0 13 * 5", ["01-02", "01-09", "01-13", "01-16"]], // the 13th, or a Friday
  ["0 0 1-7 * MON", ["01-01", "01-02", "01-03", "01-04"]],
  ["0 0 13 * *", ["01-13", "02-13", "03-13"]],
  ["0 0 * * 5", ["01-02", "01-09"]],
  ["0 0 */2 * 1", ["01-05", "01-19", "02-09"]], // an odd day that is a Monday, as in Vixie cron
  ["0 0 1-7 * +MON", ["01-05", "02-02", "03-02"]], // + says and
  ["0 0 L * *", ["01-31", "02-28", "03-31"]],
  ["0 0 LW * *", ["01-30", "02-27", "03-31"]],
  ["0 0 15W * *", ["01-15", "02-16", "03-16"]],
  ["0 0 1W * *", ["01-01", "02-02", "03-02"]],
  ["0 0 31W * *", ["01-30", "03-31", "05-29"]],
  ["0 0 * * FRI#2", ["01-09", "02-13", "03-13"]],
  ["0 0 * * 5#5", ["01-30", "05-29"]],
  ["0 0 * * FRIL", ["01-30", "02-27"]],
  ["0 0 * * 7", ["01-04", "01-11"]],
  ["0 0 29 2 *", ["02-29"]],
])("%s comes on %j", (cron, expected) => {
  expect(days(cron, expected.length)).toEqual(expected);
});

test("seconds", () => {
  expect(walls("*/20 59 23 31 12 *", 4)).toEqual([
    "2026-12-31T23:59:00",
    "2026-12-31T23:59:20",
    "2026-12-31T23:59:40",
    "2027-12-31T23:59:00",
  ]);
});

test("every hour is told from some hours, however it is written", () => {
  const hourly = ["0 * * * *", "5 */1 * * *", "5 0-23 * * *", "* * * * * *"];
  expect(hourly.map((cron) => cronPatternOf(cron).hourly)).not.toContain(false);
  expect(["0 */2 * * *", "0 1-23 * * *"].map((c) => cronPatternOf(c).hourly)).not.toContain(true);
});

test("a leap day on a weekday comes once in 28 years, and what never comes ends the search", () => {
  expect(walls("0 0 29 2 +MON", 2)).toEqual(["2044-02-29T00:00:00", "2072-02-29T00:00:00"]);
  expect(walls("0 0 31 2 *", 1)).toEqual(["never"]);
});

const list = (item: fc.Arbitrary<string>) =>
  fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(","));
const between = (min: number, max: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max });
  return fc.oneof(
    value.map(String),
    fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc
      .tuple(value, value, fc.integer({ min: 1, max: 5 }))
      .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
  );
};
const field = (min: number, max: number, more: readonly string[] = []) =>
  fc.oneof(fc.constant("*"), list(between(min, max)), ...more.map((text) => fc.constant(text)));
const step = fc.integer({ min: 2, max: 20 }).map((n) => `*/${n}`);
const cron = fc
  .tuple(
    fc.oneof(field(0, 59), step),
    fc.oneof(field(0, 59), step),
    fc.oneof(field(0, 23), step),
    field(1, 28, ["L", "LW", "15W", "1W,31W", "L,3"]),
    field(1, 12),
    field(0, 7, ["FRI#2", "MON#1,TUEL", "5L"]),
  )
  .map((fields) => fields.join(" "));

test("croner finds the same in UTC", () => {
  fc.assert(
    fc.property(cron, fc.integer({ min: 0, max: 15 * 365 }), (text, day) => {
      const from = FROM + day * 86_400_000;
      const oracle = new Cron(text, { timezone: "UTC", paused: true, mode: "6-part" })
        .nextRuns(5, new Date(from - 1_000))
        .map((at) => at.toISOString().slice(0, 19));
      expect(walls(text, oracle.length, from)).toEqual(oracle);
    }),
    { numRuns: 400 },
  );
});
