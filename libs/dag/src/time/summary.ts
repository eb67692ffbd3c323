// A timing in as few characters as a table wants: `0 19 * * *`, `every 15m`, `3 dates`.
import type { Schedule } from "@chasqui/contracts";
import { formatDuration } from "../text/duration.ts";
import type { Timing } from "./timetable.ts";
import { timingOf } from "./timing.ts";

/** Empty when the clock starts nothing. */
export function summaryOf(timing: Timing | undefined): string {
  if (timing === undefined) return "";
  const { crons, everyMs, dates, once, continuous } = timing;
  return [
    ...crons,
    ...(everyMs === undefined ? [] : [`every ${formatDuration(everyMs)}`]),
    ...(dates.length === 0 ? [] : [dates.length === 1 ? "1 date" : `${dates.length} dates`]),
    ...(once === undefined ? [] : ["@once"]),
    ...(continuous === undefined ? [] : ["@continuous"]),
  ].join("; ");
}

/** Of a compiled schedule; empty also when it cannot be read. */
export function summaryOfSchedule(schedule: Schedule | undefined): string {
  if (schedule === undefined) return "";
  try {
    return summaryOf(timingOf(schedule));
  } catch {
    return "";
  }
}
