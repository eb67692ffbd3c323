// Instants and local times of IANA zones. Pure: what a zone's rules are is Intl's knowledge.
// Invariants:
//   Z1. An instant that is written with an offset means the same whatever the zone.
//   Z2. A local time that comes twice (clocks go back) means the first; one that never comes (clocks go forward) is
//       moved on by as much as the clocks were.
//   Z3. `localIn` of what a local time means is that local time, unless it never comes.

const DAY_MS = 86_400_000;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?$/;

/** What a date, a local date and time, or an RFC 3339 instant means; undefined when it is none. */
export function instantIn(text: string, timezone: string): number | undefined {
  const [, date, minutes = "00:00", seconds = "00", fraction = "", offset] =
    INSTANT.exec(text) ?? [];
  if (date === undefined || !isDate(date)) return undefined;
  const written = `${date}T${minutes}:${seconds}${fraction}`;
  if (offset !== undefined) {
    const ms = Date.parse(`${written}${offset.toUpperCase()}`);
    return Number.isNaN(ms) ? undefined : ms;
  }
  const localMs = Date.parse(`${written}Z`);
  return Number.isNaN(localMs) ? undefined : fromLocal(localMs, timezone);
}

export const isDate = (text: string): boolean => {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text); // no 30th of February
};

export function isZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && formatOf(name) !== undefined; // an offset is no zone
  } catch {
    return false;
  }
}

/** A day's first instant, and that of the day after it. */
export function dayIn(date: string, timezone: string): readonly [number, number] {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return [fromLocal(ms, timezone), fromLocal(ms + DAY_MS, timezone)];
}

/** `2026-01-02T18:00:00-05:00`, as clocks in the zone show it. */
export function localIn(ms: number, timezone: string): string {
  const offsetMs = offsetAt(ms, timezone);
  const local = new Date(ms + offsetMs).toISOString().slice(0, 19);
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const sign = offsetMs < 0 ? "-" : "+";
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Local time as if it were UTC, in milliseconds, to the instant. */
function fromLocal(localMs: number, timezone: string): number {
  const before = localMs - offsetAt(localMs - DAY_MS, timezone);
  const after = localMs - offsetAt(localMs + DAY_MS, timezone);
  const isLocal = (ms: number): boolean => ms + offsetAt(ms, timezone) === localMs;
  return isLocal(before) || !isLocal(after) ? before : after;
}

/** What its clocks are ahead of UTC, in milliseconds. */
function offsetAt(ms: number, timezone: string): number {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 100;

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en", {
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
  if (formats.size >= FORMATS_MAX) formats.clear();
  formats.set(timezone, format);
  return format;
}
