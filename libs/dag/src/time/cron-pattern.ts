// A cron expression as the days and times of day that it matches, on a calendar without zones. croner reads the text
// (names, ranges, steps, L, #, W); what a day field of each kind means together is decided here, as Vixie cron does:
// a field that begins with `*` restricts nothing by itself, so "*/2" and a weekday mean both, "1" and a weekday
// either. (croner knows only `*`; and of its 96 kB for an expression only these lists are kept.)
import { CronPattern as Croner } from "croner";
import { daysInMonth, wallFields, weekdayOf } from "./wall.ts";

export interface CronPattern {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  /** Every hour of the day: it follows real time when clocks change. */
  readonly hourly: boolean;
  /** How the two day fields are joined; undefined when at most one restricts. */
  readonly dayJoin: "or" | "and" | undefined;
  matchesDay(year: number, month: number, day: number): boolean;
}

const DAY_MS = 86_400_000;
/** The rarest day, 29 February on one weekday, comes once in 40 years at worst. */
const YEARS_AHEAD = 45;
const LAST_OF_MONTH = 1 << 5;

/** Five fields, or six that begin with seconds. Throws when croner cannot read it. */
export function cronPatternOf(cron: string): CronPattern {
  const read = new Croner(cron, "UTC", { mode: "5-or-6-parts" });
  const [dayField = "*", , weekdayField = "*"] = cron.trim().split(/\s+/).slice(-3);
  const monthDay = monthDayMatcher(read);
  const weekday = weekdayMatcher(read);
  const either = !/^[*?]/.test(dayField) && !/^\+|^[*?]/.test(weekdayField);
  const free = (field: string): boolean => field === "*" || field === "?";
  const hours = listed(read.hour);
  return {
    seconds: listed(read.second),
    minutes: listed(read.minute),
    hours,
    months: listed(read.month),
    hourly: hours.length === 24,
    dayJoin: free(dayField) || free(weekdayField) ? undefined : either ? "or" : "and",
    matchesDay: (year, month, day) =>
      either
        ? monthDay(year, month, day) || weekday(year, month, day)
        : monthDay(year, month, day) && weekday(year, month, day),
  };
}

const listed = (flags: readonly number[]): number[] =>
  flags.flatMap((flag, index) => (flag === 0 ? [] : [index]));

type DayMatcher = (year: number, month: number, day: number) => boolean;

function monthDayMatcher(read: Croner): DayMatcher {
  const days = new Set(listed(read.day).map((index) => index + 1));
  const nearest = listed(read.nearestWeekdays).map((index) => index + 1);
  const { lastDayOfMonth, lastWeekday } = read;
  return (year, month, day) => {
    if (days.has(day)) return true;
    const last = daysInMonth(year, month);
    if (lastDayOfMonth && day === last) return true;
    if (lastWeekday && day === weekdayNearest(year, month, last)) return true;
    return nearest.some((wanted) => wanted <= last && day === weekdayNearest(year, month, wanted));
  };
}

/** The weekday nearest to a day, in the same month. */
function weekdayNearest(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 6) return day === 1 ? day + 2 : day - 1;
  if (weekday === 0) return day === daysInMonth(year, month) ? day - 2 : day + 1;
  return day;
}

/** croner's mask of a weekday: bits 0 to 4 for its first to fifth in the month, bit 5 for its last. */
function weekdayMatcher({ dayOfWeek }: Croner): DayMatcher {
  const masks = dayOfWeek.slice(0, 7);
  return (year, month, day) => {
    const mask = masks[weekdayOf(year, month, day)] ?? 0;
    if ((mask & (1 << Math.floor((day - 1) / 7))) !== 0) return true;
    return (mask & LAST_OF_MONTH) !== 0 && day + 7 > daysInMonth(year, month);
  };
}

/** The first wall-clock time from `fromWallMs` on that the pattern matches; undefined when none comes in 45 years. */
export function nextWall(pattern: CronPattern, fromWallMs: number): number | undefined {
  const fromMs = Math.ceil(fromWallMs / 1_000) * 1_000;
  const from = wallFields(fromMs);
  const dayMs = Date.UTC(from.year, from.month, from.day);
  if (pattern.months.includes(from.month) && pattern.matchesDay(from.year, from.month, from.day)) {
    const clockMs = nextClock(pattern, fromMs - dayMs);
    if (clockMs !== undefined) return dayMs + clockMs;
  }
  const nextDayMs = nextDay(pattern, dayMs + DAY_MS);
  return nextDayMs === undefined ? undefined : nextDayMs + (nextClock(pattern, 0) ?? 0);
}

function nextDay(pattern: CronPattern, fromDayMs: number): number | undefined {
  const from = wallFields(fromDayMs);
  let firstDay = from.day;
  for (let ahead = 0; ahead <= YEARS_AHEAD * 12; ahead++) {
    const month = (from.month + ahead) % 12;
    const year = from.year + Math.floor((from.month + ahead) / 12);
    if (pattern.months.includes(month))
      for (let day = firstDay; day <= daysInMonth(year, month); day++)
        if (pattern.matchesDay(year, month, day)) return Date.UTC(year, month, day);
    firstDay = 1;
  }
  return undefined;
}

/** The first time of day from `fromMs` on, in milliseconds since midnight. */
function nextClock({ seconds, minutes, hours }: CronPattern, fromMs: number): number | undefined {
  const from = wallFields(fromMs);
  for (const hour of hours) {
    if (hour < from.hour) continue;
    const laterHour = hour > from.hour;
    for (const minute of minutes) {
      if (!laterHour && minute < from.minute) continue;
      const later = laterHour || minute > from.minute;
      const second = later ? seconds[0] : seconds.find((candidate) => candidate >= from.second);
      if (second !== undefined) return ((hour * 60 + minute) * 60 + second) * 1_000;
    }
  }
  return undefined;
}
