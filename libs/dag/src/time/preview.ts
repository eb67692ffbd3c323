// The next ticks of a schedule, each with what a reader should know about it: that the clock changes on its day, that
// its time was moved or comes twice, what was left out before it. Needs no server: the same timetable ticks there.
import type { Schedule } from "@chasqui/contracts";
import { formatDuration } from "../text/duration.ts";
import { dateInZone } from "./dates.ts";
import { jitterOf } from "./jitter.ts";
import { formatWall, formatWallClock } from "./wall.ts";
import { policyOf, readCronPattern, timetableOf } from "./timetable.ts";
import type { Timetable, Timing } from "./timetable.ts";
import { nextWall } from "./cron-pattern.ts";
import { offsetAt, segmentAt } from "./zone-segments.ts";
import type { Segment } from "./zone-segments.ts";
import { timingOf } from "./timing.ts";

export interface PreviewedTick {
  readonly ms: number;
  /** Local time with its offset: 2026-10-06T19:00:00-05:00. */
  readonly local: string;
  /** What is special about it; empty when nothing is. */
  readonly note: string;
  /** The clock changes on its day, or took a tick away before it. */
  readonly warns: boolean;
}

export interface Preview {
  readonly ticks: readonly PreviewedTick[];
  /** Why there are no more; empty when there are. */
  readonly end: string;
}

const EXCLUDED_NAMED_MAX = 3;
/** Due times looked at: a schedule that excludes nearly all of them is not worth more. */
const LOOKED_AT_MAX = 100_000;

/** Ticks from a moment on, that moment included. */
export function previewSchedule(
  schedule: Schedule,
  o: { readonly dagId: string; readonly fromMs: number; readonly count: number },
): Preview {
  const timing = timingOf(schedule);
  if (timing === undefined) return { ticks: [], end: "the clock starts no runs of this DAG" };
  if (timing.continuous)
    return { ticks: [], end: "a run begins whenever the one before has ended; the first at once" };
  const timetable = timetableOf(timing, timing.once ? (timing.startMs ?? o.fromMs) : undefined);
  const jitterMs = schedule.jitter === undefined ? 0 : Number(schedule.jitter.seconds) * 1_000;
  const ticks: PreviewedTick[] = [];
  let left: string[] = [];
  let beforeMs = o.fromMs - 1;
  let tickMs = beforeMs;
  for (let looked = 0; ticks.length < o.count && looked < LOOKED_AT_MAX; looked++) {
    const ms = timetable.next(beforeMs);
    if (ms === undefined) return { ticks, end: endOf(timing, ticks.length) };
    beforeMs = ms;
    const excluded = timetable.excluded(ms);
    if (excluded !== undefined) {
      left.push(excluded.why);
      continue;
    }
    const late = jitterOf(o.dagId, ms, jitterMs);
    const changes = changeNotes(timing, timetable, { afterMs: tickMs, ms });
    const notes = [
      ...changes,
      ...(left.length === 0 ? [] : [excludedNote(left)]),
      ...(late < 1_000 ? [] : [`runs ${formatDuration(toSeconds(late))} later (jitter)`]),
      ...(timing.once && timing.startMs === undefined ? ["when the DAG is first applied"] : []),
    ];
    ticks.push({
      ms,
      local: localIso(timing.timezone, ms),
      note: notes.join("; "),
      warns: changes.length > 0,
    });
    left = [];
    tickMs = ms;
  }
  return { ticks, end: ticks.length < o.count ? "nearly everything is excluded" : "" };
}

const toSeconds = (ms: number): number => Math.round(ms / 1_000) * 1_000;

function endOf(timing: Timing, found: number): string {
  if (timing.endMs !== undefined)
    return `the schedule ends ${new Date(timing.endMs).toISOString()}`;
  return found === 0 ? "no tick comes any more" : "no further tick comes";
}

function excludedNote(left: readonly string[]): string {
  const days = [...new Set(left)];
  const named = days.slice(0, EXCLUDED_NAMED_MAX).map((day) => day.replace(", ", " "));
  const more = days.length - named.length;
  return `excluded before it: ${named.join(", ")}${more > 0 ? ` and ${more} more days` : ""}`;
}

interface Span {
  readonly afterMs: number;
  readonly ms: number;
}

/** Notes about changes of the clock since the tick before, or on this tick's day. */
function changeNotes(timing: Timing, timetable: Timetable, { afterMs, ms }: Span): string[] {
  const { timezone } = timing;
  const date = dateInZone(ms, timezone);
  const notes: string[] = [];
  for (const change of changesBetween(timezone, afterMs, ms + DAY_MS)) {
    const days = [dateInZone(change.endMs - 1, timezone), dateInZone(change.endMs, timezone)];
    const today = days.includes(date);
    const gone = change.endMs > afterMs && change.endMs <= ms ? lostTimes(timing, change) : [];
    if (gone.length > 0) notes.push(`${gone.join(", ")} on ${days[0]} does not exist: no tick`);
    if (!today) continue;
    notes.unshift(changeWords(change));
    notes.push(...ofThisTick(timing, timetable, change, ms));
  }
  return notes;
}

const DAY_MS = 86_400_000;
/** A tick of every ten years has no use for each change since. */
const CHANGES_MAX = 100;

function changesBetween(timezone: string, afterMs: number, untilMs: number): Segment[] {
  const changes: Segment[] = [];
  for (let ms = afterMs - DAY_MS; ms < untilMs && changes.length < CHANGES_MAX;) {
    const segment = segmentAt(timezone, ms);
    if (segment === undefined) break;
    if (segment.offsetAfterMs !== segment.offsetMs && segment.endMs < untilMs)
      changes.push(segment);
    ms = segment.endMs;
  }
  return changes;
}

function changeWords({ endMs, offsetMs, offsetAfterMs }: Segment): string {
  const [from, to] = [formatWallClock(endMs + offsetMs), formatWallClock(endMs + offsetAfterMs)];
  return `the clock goes ${offsetAfterMs > offsetMs ? "forward" : "back"} this day, ${from} to ${to}`;
}

/** Local times of the crons that this change jumps over and that the policy skips. */
function lostTimes(timing: Timing, { endMs, offsetMs, offsetAfterMs }: Segment): string[] {
  const lost = timing.crons.flatMap((cron) => {
    const pattern = readCronPattern(cron);
    if (pattern.hourly || policyOf(timing, pattern).gap === "shift") return [];
    const wallMs = nextWall(pattern, endMs + offsetMs);
    return wallMs !== undefined && wallMs < endMs + offsetAfterMs ? [formatWallClock(wallMs)] : [];
  });
  return [...new Set(lost)];
}

function ofThisTick(timing: Timing, timetable: Timetable, change: Segment, ms: number): string[] {
  const { endMs, offsetMs, offsetAfterMs } = change;
  if (ms === endMs && offsetAfterMs > offsetMs) return movedNote(timing, change);
  const foldMs = offsetMs - offsetAfterMs;
  if (foldMs <= 0) return [];
  const first = ms < endMs && ms >= endMs - foldMs;
  const second = ms >= endMs && ms < endMs + foldMs;
  if (!first && !second) return [];
  const clock = formatWallClock(ms + offsetAt(timing.timezone, ms));
  const twinMs = first ? ms + foldMs : ms - foldMs;
  const both = timetable.next(twinMs - 1) === twinMs;
  const which = first ? "first" : "second";
  return [`${clock} comes twice: ${both ? `this is the ${which}` : `the ${which} one counts`}`];
}

/** The time that a tick at the end of a gap was moved from, unless it is due there by itself. */
function movedNote(timing: Timing, { endMs, offsetMs, offsetAfterMs }: Segment): string[] {
  const moved = timing.crons.flatMap((cron) => {
    const pattern = readCronPattern(cron);
    if (policyOf(timing, pattern).gap === "skip") return [];
    const wallMs = nextWall(pattern, endMs + offsetMs);
    return wallMs !== undefined && wallMs < endMs + offsetAfterMs ? [wallMs] : [];
  });
  const [wallMs] = moved;
  if (wallMs === undefined) return [];
  return [
    `${formatWall(wallMs)} does not exist: moved to ${formatWallClock(endMs + offsetAfterMs)}`,
  ];
}

/** `2026-10-06T19:00:00-05:00`. */
export function localIso(timezone: string, ms: number): string {
  const offsetMs = offsetAt(timezone, ms);
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const pad = (n: number): string => String(n).padStart(2, "0");
  const offset = `${offsetMs < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  return `${new Date(ms + offsetMs).toISOString().slice(0, 19)}${offset}`;
}
