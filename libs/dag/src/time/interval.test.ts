import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { RunsFor, ScheduleSchema } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { intervalsOf, occasionsOf, runsForOf } from "./interval.ts";
import { timingOf } from "./timing.ts";

type Init = MessageInitShape<typeof ScheduleSchema>;
const bogota: Init = { crons: ["0 19 * * *"], timezone: "America/Bogota" }; // 00:00Z
const interval = { runsFor: RunsFor.INTERVAL };
const text = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

function occasion(init: Init, tick: string): string {
  const schedule = create(ScheduleSchema, init);
  const timing = timingOf(schedule);
  if (timing === undefined) throw new Error("a schedule without ticks");
  const found = occasionsOf(timing, runsForOf(schedule))(Date.parse(tick));
  if (found === undefined) return "none";
  const { startMs, endMs } = found.interval;
  return `${text(found.logicalMs)} about ${text(startMs)} to ${text(endMs)}`;
}

test.each<[string, Init, string, string]>([
  [
    "for its tick",
    bogota,
    "2026-10-07T00:00Z",
    "2026-10-07T00:00 about 2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "for its interval: the same, called by its start",
    { ...bogota, ...interval },
    "2026-10-07T00:00Z",
    "2026-10-06T00:00 about 2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "the first for its tick covers as much as the others",
    { ...bogota, start: "2026-10-07T00:00:00Z" },
    "2026-10-07T00:00Z",
    "2026-10-07T00:00 about 2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "the first tick only opens an interval",
    { ...bogota, ...interval, start: "2026-10-07T00:00:00Z" },
    "2026-10-07T00:00Z",
    "none",
  ],
  [
    "what is excluded is no border: Monday's run is about the weekend too",
    { crons: ["0 0 * * mon-fri"], ...interval },
    "2026-10-12T00:00Z",
    "2026-10-09T00:00 about 2026-10-09T00:00 to 2026-10-12T00:00",
  ],
  [
    "nor is a holiday",
    { crons: ["0 0 * * *"], excludes: [{ first: "10-11", last: "10-12", name: "" }] },
    "2026-10-13T00:00Z",
    "2026-10-13T00:00 about 2026-10-10T00:00 to 2026-10-13T00:00",
  ],
  [
    "a day of 25 hours",
    { crons: ["0 0 * * *"], timezone: "Europe/Madrid" },
    "2026-10-25T23:00Z",
    "2026-10-25T23:00 about 2026-10-24T22:00 to 2026-10-25T23:00",
  ],
  [
    "@once is about an instant",
    { once: true },
    "2026-10-07T00:00Z",
    "2026-10-07T00:00 about 2026-10-07T00:00 to 2026-10-07T00:00",
  ],
  [
    "a first date has none before it",
    { dates: ["2026-10-07T00:00:00Z"] },
    "2026-10-07T00:00Z",
    "2026-10-07T00:00 about 2026-10-07T00:00 to 2026-10-07T00:00",
  ],
])("a run %s", (_, init, tick, expected) => {
  expect(occasion(init, tick)).toBe(expected);
});

test.each<[string, Init | undefined, string, string]>([
  [
    "at a tick: as the tick's own run",
    bogota,
    "2026-10-07T00:00Z",
    "2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "between ticks: since the last one",
    bogota,
    "2026-10-07T12:00Z",
    "2026-10-07T00:00 to 2026-10-07T12:00",
  ],
  [
    "at the start of an interval: that interval",
    { ...bogota, ...interval },
    "2026-10-06T00:00Z",
    "2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "within an interval: all of it",
    { ...bogota, ...interval },
    "2026-10-06T12:00Z",
    "2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "outside of start and end too",
    { ...bogota, start: "2030-01-01T00:00:00Z" },
    "2026-10-07T00:00Z",
    "2026-10-06T00:00 to 2026-10-07T00:00",
  ],
  [
    "without ticks: empty",
    { timezone: "UTC" },
    "2026-10-06T12:00Z",
    "2026-10-06T12:00 to 2026-10-06T12:00",
  ],
  [
    "without a schedule: empty",
    undefined,
    "2026-10-06T12:00Z",
    "2026-10-06T12:00 to 2026-10-06T12:00",
  ],
  [
    "with one that cannot be read: empty",
    { crons: ["x"] },
    "2026-10-06T12:00Z",
    "2026-10-06T12:00 to 2026-10-06T12:00",
  ],
])("asked for by hand, %s", (_, init, at, expected) => {
  const schedule = init === undefined ? undefined : create(ScheduleSchema, init);
  const { startMs, endMs } = intervalsOf(schedule)(Date.parse(at));
  expect(`${text(startMs)} to ${text(endMs)}`).toBe(expected);
});

test("a tick's run and one asked for by hand with its logical time are about the same", () => {
  for (const init of [bogota, { ...bogota, ...interval }]) {
    const schedule = create(ScheduleSchema, init);
    const timing = timingOf(schedule);
    if (timing === undefined) throw new Error("a schedule without ticks");
    const occasion = occasionsOf(timing, runsForOf(schedule))(Date.UTC(2026, 9, 7));
    expect(intervalsOf(schedule)(occasion?.logicalMs ?? 0)).toEqual(occasion?.interval);
  }
});
