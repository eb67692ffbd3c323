import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ScheduleSchema } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { describeCron, describeSchedule } from "./describe.ts";
import { previewSchedule } from "./preview.ts";
import { summaryOf } from "./summary.ts";
import { timingOf } from "./timing.ts";

test.each([
  ["0 19 * * *", "at 19:00 every day"],
  ["0 8,18 * * MON-FRI", "at 08:00 and 18:00 on Monday to Friday"],
  ["*/15 * * * *", "every 15 minutes every day"],
  ["*/15 8-18 * * *", "every 15 minutes in the hours 08 to 18 every day"],
  ["* * * * *", "every minute every day"],
  ["0 * * * *", "every hour every day"],
  ["5 * * * *", "every hour at minute 5 every day"],
  ["*/10 * * * * *", "every 10 seconds every day"],
  ["0 0 1 * *", "at 00:00 on day 1 of the month"],
  ["0 0 L * *", "at 00:00 on the last day of the month"],
  [
    "0 9 15W 1,6-8 *",
    "at 09:00 on the weekday nearest to day 15 of the month in January and June to August",
  ],
  ["0 9 * * FRI#2", "at 09:00 on the 2nd Friday"],
  ["0 9 * * 5L", "at 09:00 on the last Friday"],
  ["0 0 13 * 5", "at 00:00 on day 13 of the month (or) on Friday"],
  ["0 0 */2 * 1", "at 00:00 on every 2nd day of the month if it is Monday"],
  ["0 0 1-7 * +MON", "at 00:00 on day 1 to 7 of the month if it is Monday"],
])("%s: %s", (cron, words) => {
  expect(describeCron(cron)).toBe(words);
});

const schedule = (init: MessageInitShape<typeof ScheduleSchema>) => create(ScheduleSchema, init);

test("a schedule in a sentence, and in a cell", () => {
  const one = schedule({
    crons: ["0 19 * * *"],
    timezone: "America/Bogota",
    every: durationFromMs(900_000),
    anchor: "2026-01-01T00:00:00Z",
    dates: ["2026-10-06T19:00:00"],
    start: "2026-01-01T05:00:00Z",
    excludes: [{ first: "12-25", last: "12-25", name: "Navidad" }],
    jitter: durationFromMs(600_000),
  });
  expect(describeSchedule(one)).toBe(
    "at 19:00 every day; and every 15m from 2026-01-01T00:00:00.000Z; and on 2026-10-06T19:00:00, America/Bogota, from 2026-01-01T05:00:00Z, except 12-25 Navidad, up to 10m late, by tick",
  );
  expect(summaryOf(timingOf(one))).toBe("0 19 * * *; every 15m; 1 date");
  expect(summaryOf(timingOf(schedule({ once: true })))).toBe("@once");
  expect(summaryOf(timingOf(schedule({ timezone: "UTC" })))).toBe("");
});

type Row = [string, MessageInitShape<typeof ScheduleSchema>, string, string[]];
const daily = { crons: ["30 2 * * *"], timezone: "Europe/Madrid" };
test.each<Row>([
  [
    "a tick that is moved",
    daily,
    "2026-03-28T20:00Z",
    [
      "2026-03-29T03:00:00+02:00 the clock goes forward this day, 02:00 to 03:00; 2026-03-29 02:30 does not exist: moved to 03:00",
      "2026-03-30T02:30:00+02:00 ",
    ],
  ],
  [
    "a tick that is skipped",
    { ...daily, gap: 2 },
    "2026-03-28T20:00Z",
    ["2026-03-30T02:30:00+02:00 02:30 on 2026-03-29 does not exist: no tick"],
  ],
  [
    "a time that comes twice",
    daily,
    "2026-10-24T20:00Z",
    [
      "2026-10-25T02:30:00+02:00 the clock goes back this day, 03:00 to 02:00; 02:30 comes twice: the first one counts",
      "2026-10-26T02:30:00+01:00 ",
    ],
  ],
  [
    "both of them",
    { ...daily, fold: 2 },
    "2026-10-24T20:00Z",
    [
      "2026-10-25T02:30:00+02:00 the clock goes back this day, 03:00 to 02:00; 02:30 comes twice: this is the first",
      "2026-10-25T02:30:00+01:00 the clock goes back this day, 03:00 to 02:00; 02:30 comes twice: this is the second",
    ],
  ],
  [
    "a tick of a change day that is not touched",
    { crons: ["0 19 * * *"], timezone: "Europe/Madrid" },
    "2026-03-29T00:00Z",
    ["2026-03-29T19:00:00+02:00 the clock goes forward this day, 02:00 to 03:00"],
  ],
  [
    "holidays before it",
    {
      crons: ["0 9 * * *"],
      timezone: "America/Bogota",
      excludes: [{ first: "12-24", last: "12-25", name: "Navidad" }],
    },
    "2026-12-24T00:00-05:00",
    ["2026-12-26T09:00:00-05:00 excluded before it: 2026-12-24 Navidad, 2026-12-25 Navidad"],
  ],
  [
    "from is included",
    { crons: ["0 0 * * *"] },
    "2026-01-01T00:00Z",
    ["2026-01-01T00:00:00+00:00 "],
  ],
])("preview: %s", (_, init, from, expected) => {
  const o = { dagId: "x", fromMs: Date.parse(from), count: expected.length };
  const { ticks } = previewSchedule(schedule(init), o);
  expect(ticks.map(({ local, note }) => `${local} ${note}`)).toEqual(expected);
});

test("a preview says why there is no more", () => {
  const end = (init: MessageInitShape<typeof ScheduleSchema>): string =>
    previewSchedule(schedule(init), { dagId: "x", fromMs: Date.UTC(2026, 0), count: 2 }).end;
  expect(end({ crons: ["@never"].slice(1), timezone: "UTC" })).toContain("starts no runs");
  expect(end({ continuous: true })).toContain("whenever the one before has ended");
  expect(end({ once: true })).toContain("no further tick");
  expect(end({ crons: ["0 0 * * *"], end: "2026-01-01T12:00:00Z" })).toContain("schedule ends");
});
