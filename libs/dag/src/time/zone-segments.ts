// A time zone as a line of segments: spans of real time in which local time runs evenly. Found by asking Intl once a
// day of a year and searching between days that differ; a year is looked at when somebody needs it, then kept.
// Facts that a reader may rely on:
//   Z1. Inside a segment local time is real time plus its offset; segments follow one another without gap or overlap.
//   Z2. A change of the clock is always the border of two segments. A border may also be none (the turn of a year).
import { wallFields } from "./wall.ts";

export interface Segment {
  readonly startMs: number;
  /** The first instant that is not of it. */
  readonly endMs: number;
  /** Local time less UTC. */
  readonly offsetMs: number;
  /** The offset just before it, and from its end on. */
  readonly offsetBeforeMs: number;
  readonly offsetAfterMs: number;
}

const DAY_MS = 86_400_000;
const YEAR_MIN = 1970;
const YEAR_MAX = 2200;
/** Years of zones that are kept; a zone without changes takes one segment a year. */
const YEARS_MAX = 5_000;

const years = new Map<string, readonly Segment[]>();
const clocks = new Map<string, Intl.DateTimeFormat>();
const CLOCKS_MAX = 1_000;

/** The segment that an instant is in; undefined before 1970 and after 2200. */
export function segmentAt(timezone: string, ms: number): Segment | undefined {
  const { year } = wallFields(ms);
  if (!(year >= YEAR_MIN && year <= YEAR_MAX)) return undefined;
  const key = `${timezone} ${year}`;
  let segments = years.get(key);
  if (segments === undefined) {
    if (years.size >= YEARS_MAX) years.clear();
    segments = segmentsOfYear(timezone, year);
    years.set(key, segments);
  }
  return segments.find(({ endMs }) => ms < endMs);
}

/** Local time less UTC at an instant. */
export const offsetAt = (timezone: string, ms: number): number =>
  segmentAt(timezone, ms)?.offsetMs ?? measuredOffset(timezone, ms);

function segmentsOfYear(timezone: string, year: number): Segment[] {
  const [yearMs, nextYearMs] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  const borders: number[] = [];
  let offsetMs = measuredOffset(timezone, yearMs);
  for (let dayMs = yearMs; dayMs < nextYearMs; dayMs += DAY_MS) {
    const after = measuredOffset(timezone, dayMs + DAY_MS);
    if (after !== offsetMs) borders.push(borderBetween(timezone, dayMs, dayMs + DAY_MS));
    offsetMs = after;
  }
  const starts = [yearMs, ...borders.filter((ms) => ms < nextYearMs)];
  return starts.map((startMs, index): Segment => {
    const endMs = starts[index + 1] ?? nextYearMs;
    return {
      startMs,
      endMs,
      offsetMs: measuredOffset(timezone, startMs),
      offsetBeforeMs: measuredOffset(timezone, startMs - 1),
      offsetAfterMs: measuredOffset(timezone, endMs),
    };
  });
}

/** The first instant with the offset of `endMs`, given that `startMs` has another. */
function borderBetween(timezone: string, startMs: number, endMs: number): number {
  const after = measuredOffset(timezone, endMs);
  let [low, high] = [startMs, endMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (measuredOffset(timezone, middle) === after) high = middle;
    else low = middle;
  }
  return high;
}

/** Asks Intl, to the second: zones had offsets with seconds once. */
function measuredOffset(timezone: string, ms: number): number {
  const secondMs = Math.floor(ms / 1_000) * 1_000;
  const of: Record<string, number> = {};
  for (const { type, value } of clockOf(timezone).formatToParts(secondMs)) of[type] = Number(value);
  const wallMs = Date.UTC(
    of["year"] ?? NaN,
    (of["month"] ?? NaN) - 1,
    of["day"],
    of["hour"],
    of["minute"],
    of["second"],
  );
  return wallMs - secondMs;
}

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (clocks.size >= CLOCKS_MAX) clocks.clear();
  clocks.set(timezone, clock);
  return clock;
}
