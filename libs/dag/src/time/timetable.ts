// A schedule's due times, from all that makes some: crons, an interval, dates; between its start and end, less what it
// excludes. `@continuous` has none of its own: they follow the runs.
// Invariants (each has a property test of the same name):
//   D1. A due time of several crons, dates or intervals is one due time.
//   D2. `next` rises strictly, and finds what `previous` finds.
//   D3. `start` and `end` are included.
//   D4. What is excluded is no tick, and every due time is either.
import { cronPatternOf, nextWall } from "./cron-pattern.ts";
import type { CronPattern } from "./cron-pattern.ts";
import { nextInstant } from "./clock-changes.ts";
import type { ChangePolicy, FoldPolicy, GapPolicy } from "./clock-changes.ts";
import { excluderOf } from "./exclusions.ts";
import type { Excluded, Exclusion } from "./exclusions.ts";
import { startOfDay } from "./start-of-day.ts";
import { parseWall } from "./wall.ts";
import { isZone } from "./zone.ts";

/** When a DAG runs by the clock: what the due times depend on, and nothing else. Plain data, kept as JSON. */
export interface Timing {
  readonly timezone: string;
  /** Five fields, or six that begin with seconds. */
  readonly crons: readonly string[];
  /** So many milliseconds of real time after the anchor, and again. */
  readonly everyMs?: number;
  readonly anchorMs?: number;
  /** Local times such as 2026-10-06T19:00:00 or instants such as 2026-10-06T19:00:00Z. */
  readonly dates: readonly string[];
  /** Once: at `start`, or when the schedule was learned. */
  readonly once?: true;
  /** Again whenever the run before has ended. */
  readonly continuous?: true;
  readonly startMs?: number;
  readonly endMs?: number;
  /** Absent: by the cron. */
  readonly gap?: GapPolicy;
  readonly fold?: FoldPolicy;
  readonly excludes: readonly Exclusion[];
}

export interface Timetable {
  readonly timezone: string;
  /** The first due time strictly after a moment, excluded or not. */
  next(afterMs: number): number | undefined;
  /** Why a due time is no tick; undefined when it is one. */
  excluded(dueMs: number): Excluded | undefined;
}

type Next = (afterMs: number) => number | undefined;

/** A cron of every hour follows real time; another one means hands of the clock: once, late rather than never. */
export const policyOf = (
  { gap, fold }: Pick<Timing, "gap" | "fold">,
  { hourly }: Pick<CronPattern, "hourly">,
): ChangePolicy => ({
  gap: gap ?? (hourly ? "skip" : "shift"),
  fold: fold ?? (hourly ? "both" : "first"),
});

/** Throws when a cron, a date or the zone cannot be read; the message names it. */
export function timetableOf(timing: Timing, dynamicMs?: number): Timetable {
  const { timezone, startMs = -Infinity, endMs = Infinity } = timing;
  if (!isZone(timezone)) throw new Error(`zone ${JSON.stringify(timezone)} is not known here`);
  const sources: Next[] = [
    ...timing.crons.map((cron) => cronSource(timing, cron)),
    ...(timing.everyMs === undefined ? [] : [intervalSource(timing.everyMs, timing.anchorMs ?? 0)]),
    ...(timing.dates.length === 0 ? [] : [listSource(datesOf(timing))]),
    ...(dynamicMs === undefined ? [] : [listSource([dynamicMs])]),
  ];
  const next: Next = (afterMs) => {
    let earliest: number | undefined;
    for (const source of sources) {
      const ms = source(Math.max(afterMs, startMs - 1));
      if (ms !== undefined && (earliest === undefined || ms < earliest)) earliest = ms;
    }
    return earliest !== undefined && earliest <= endMs ? earliest : undefined;
  };
  return { timezone, next, excluded: excluderOf(timing.excludes, timezone) };
}

/** A pattern takes little, and reading one a tenth of a millisecond; thousands of schedules share a few crons. */
const PATTERNS_MAX = 2_000;
const patterns = new Map<string, CronPattern>();

export function readCronPattern(cron: string): CronPattern {
  const known = patterns.get(cron);
  if (known !== undefined) return known;
  const pattern = cronPatternOf(cron);
  if (patterns.size >= PATTERNS_MAX) patterns.clear();
  patterns.set(cron, pattern);
  return pattern;
}

function cronSource(timing: Timing, cron: string): Next {
  let pattern: CronPattern;
  try {
    pattern = readCronPattern(cron);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cron ${JSON.stringify(cron)}: ${why}`, { cause });
  }
  const policy = policyOf(timing, pattern);
  const wanted = (fromWallMs: number): number | undefined => nextWall(pattern, fromWallMs);
  return (afterMs) => nextInstant(timing.timezone, wanted, policy, afterMs);
}

/** Real time: a change of the clock moves what the clock shows, not the interval. */
function intervalSource(everyMs: number, anchorMs: number): Next {
  if (!(everyMs > 0)) throw new Error(`every ${everyMs} ms: want more than nothing`);
  return (afterMs) => {
    const from = Number.isFinite(afterMs) ? afterMs : anchorMs - 1;
    return anchorMs + Math.max(0, Math.floor((from - anchorMs) / everyMs) + 1) * everyMs;
  };
}

function listSource(sorted: readonly number[]): Next {
  return (afterMs) => sorted.find((ms) => ms > afterMs);
}

function datesOf(timing: Timing): number[] {
  const policy = policyOf(timing, { hourly: false });
  const found = timing.dates.flatMap((date) => {
    const wallMs = parseWall(date);
    if (wallMs !== undefined) return instantsOfWall(timing.timezone, wallMs, policy);
    const ms = Date.parse(date);
    if (Number.isNaN(ms)) throw new Error(`date ${JSON.stringify(date)} cannot be read`);
    return [ms];
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

const DAY_MS = 86_400_000;

/** When a wall-clock time comes: usually once; see the policies. */
export function instantsOfWall(timezone: string, wallMs: number, policy: ChangePolicy): number[] {
  const wanted = (fromWallMs: number): number | undefined =>
    fromWallMs <= wallMs ? wallMs : undefined;
  const found: number[] = [];
  for (let afterMs = wallMs - 2 * DAY_MS; ;) {
    const ms = nextInstant(timezone, wanted, policy, afterMs);
    if (ms === undefined) return found;
    found.push(ms);
    afterMs = ms;
  }
}

/** Excluded days in a row, or ranges of them: more is a schedule that has excluded everything. */
const EXCLUDED_IN_A_ROW_MAX = 2_000;

/** The next tick strictly after a moment: a due time that is not excluded. */
export function nextTick(timetable: Timetable, afterMs: number): number | undefined {
  let ms = timetable.next(afterMs);
  for (let tries = 0; ms !== undefined && tries < EXCLUDED_IN_A_ROW_MAX; tries++) {
    const excluded = timetable.excluded(ms);
    if (excluded === undefined) return ms;
    ms = timetable.next(startOfDay(excluded.nextDate, timetable.timezone) - 1);
  }
  return undefined;
}

/** How far back a tick may be found. */
const BACK_MS_MAX = 45 * 366 * DAY_MS;
const STEPS_MAX = 16;

/** The last tick strictly before a moment. */
export function previousTick(timetable: Timetable, beforeMs: number): number | undefined {
  // Ticks are about evenly spaced, so the tick before is usually as far away as the next one.
  const nextMs = nextTick(timetable, beforeMs);
  const gapMs = nextMs === undefined ? DAY_MS : nextMs - beforeMs;
  for (let backMs = gapMs + 1; backMs <= BACK_MS_MAX; backMs *= 4) {
    const found = nextTick(timetable, beforeMs - backMs);
    if (found !== undefined && found < beforeMs) return lastBefore(timetable, found, beforeMs);
  }
  return undefined;
}

/** The last tick before a moment, given one before it: a few steps, else by halving, since `next` rises. */
function lastBefore(timetable: Timetable, foundMs: number, beforeMs: number): number {
  let last = foundMs;
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = nextTick(timetable, last);
    if (next === undefined || next >= beforeMs) return last;
    last = next;
  }
  let [low, high] = [last, beforeMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const next = nextTick(timetable, middle);
    if (next !== undefined && next < beforeMs) low = middle;
    else high = middle;
  }
  return nextTick(timetable, low) ?? last;
}
