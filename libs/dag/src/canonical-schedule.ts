// The canonical form of a schedule: sets sorted, defaults written out, what its crons mean anyway left out.
import { create } from "@bufbuild/protobuf";
import {
  ClockFold,
  ClockGap,
  ExcludedDaysSchema,
  RunsFor,
  ScheduleSchema,
} from "@chasqui/contracts";
import type { ExcludedDays, Schedule } from "@chasqui/contracts";
import { defaults } from "./compile/words.ts";
import { readCronPattern } from "./time/timetable.ts";

export function canonicalSchedule(schedule: Schedule): Schedule {
  return create(ScheduleSchema, {
    crons: sortedSet(schedule.crons),
    timezone: schedule.timezone === "" ? defaults.timezone : schedule.timezone,
    catchup: schedule.catchup === 0 ? defaults.catchup : schedule.catchup,
    overlap: schedule.overlap === 0 ? defaults.overlap : schedule.overlap,
    start: schedule.start,
    end: schedule.end,
    ...(schedule.every === undefined ? {} : { every: schedule.every, anchor: schedule.anchor }),
    dates: sortedSet(schedule.dates),
    once: schedule.once,
    continuous: schedule.continuous,
    ...canonicalClockChanges(schedule),
    excludes: canonicalExcludes(schedule.excludes),
    ...(schedule.jitter === undefined ? {} : { jitter: schedule.jitter }),
    runsFor: schedule.runsFor === RunsFor.TICK ? RunsFor.UNSPECIFIED : schedule.runsFor,
    key: schedule.key,
    ...(schedule.catchupWindow === undefined ? {} : { catchupWindow: schedule.catchupWindow }),
  });
}

/** What the crons mean by themselves is left out. */
function canonicalClockChanges({
  crons,
  dates,
  gap,
  fold,
}: Schedule): Pick<Schedule, "gap" | "fold"> {
  const hourly = new Set(crons.map(isHourly));
  if (dates.length > 0) hourly.add(false);
  const implied = (policy: { readonly hourly: number; readonly other: number }, said: number) =>
    [...hourly].every((every) => said === (every ? policy.hourly : policy.other));
  return {
    gap: implied({ hourly: ClockGap.SKIP, other: ClockGap.SHIFT }, gap) ? 0 : gap,
    fold: implied({ hourly: ClockFold.BOTH, other: ClockFold.FIRST }, fold) ? 0 : fold,
  };
}

function isHourly(cron: string): boolean {
  try {
    return readCronPattern(cron).hourly;
  } catch {
    return false; // the compiler says what is wrong with it
  }
}

/** One entry per span of days; of several names the first. */
function canonicalExcludes(excludes: readonly ExcludedDays[]): ExcludedDays[] {
  const spans = new Map<string, ExcludedDays>();
  for (const { first, last, name } of excludes) {
    const key = `${first} ${last}`;
    if (!spans.has(key)) spans.set(key, create(ExcludedDaysSchema, { first, last, name }));
  }
  return [...spans].sort(([a], [b]) => compare(a, b)).map(([, days]) => days);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sortedSet = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compare);
