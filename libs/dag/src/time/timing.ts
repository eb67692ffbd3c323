// A compiled schedule as what its due times depend on.
import type { Schedule } from "@chasqui/contracts";
import { ClockFold, ClockGap } from "@chasqui/contracts";
import type { FoldPolicy, GapPolicy } from "./clock-changes.ts";
import type { Timing } from "./timetable.ts";

/** Does the clock start runs, or does the schedule only give the DAG its zone? */
export const isTimed = (schedule: Schedule): boolean =>
  schedule.crons.length > 0 ||
  schedule.every !== undefined ||
  schedule.dates.length > 0 ||
  schedule.once ||
  schedule.continuous;

/** Undefined when the clock starts nothing. Throws on an instant that cannot be read; the message names it. */
export function timingOf(schedule: Schedule): Timing | undefined {
  if (!isTimed(schedule)) return undefined;
  const { every, excludes } = schedule;
  const startMs = instantOf("start", schedule.start);
  const endMs = instantOf("end", schedule.end);
  const anchorMs = instantOf("anchor", schedule.anchor);
  const gap = gapOf(schedule.gap);
  const fold = foldOf(schedule.fold);
  return {
    timezone: schedule.timezone === "" ? "UTC" : schedule.timezone,
    crons: schedule.crons,
    dates: schedule.dates,
    ...(every === undefined ? {} : { everyMs: Number(every.seconds) * 1_000 + every.nanos / 1e6 }),
    ...(anchorMs === undefined ? {} : { anchorMs }),
    ...(schedule.once ? { once: true } : {}),
    ...(schedule.continuous ? { continuous: true } : {}),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(gap === undefined ? {} : { gap }),
    ...(fold === undefined ? {} : { fold }),
    excludes: excludes.map(({ first, last, name }) => ({ first, last, name })),
  };
}

function instantOf(name: string, text: string): number | undefined {
  if (text === "") return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Error(`${name} is ${JSON.stringify(text)}: want RFC 3339`);
  return ms;
}

function gapOf(gap: ClockGap): GapPolicy | undefined {
  if (gap === ClockGap.SHIFT) return "shift";
  return gap === ClockGap.SKIP ? "skip" : undefined;
}

function foldOf(fold: ClockFold): FoldPolicy | undefined {
  if (fold === ClockFold.FIRST) return "first";
  if (fold === ClockFold.BOTH) return "both";
  return fold === ClockFold.LAST ? "last" : undefined;
}
