// Calendar dates: which day an instant is in a zone, and days before and after.

const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 1_000;

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  if (formats.size >= FORMATS_MAX) formats.clear();
  formats.set(timezone, format);
  return format;
}

/** The calendar date of an instant in a zone, `2026-10-06`. */
export function dateInZone(ms: number, timezone: string): string {
  const inUtc = timezone === "UTC" ? dateInUtc(ms) : undefined;
  if (inUtc !== undefined) return inUtc;
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  return `${String(parts["year"]).padStart(4, "0")}-${parts["month"]}-${parts["day"]}`;
}

/** Without Intl, whose first use takes 30 ms; undefined beyond the years 0 to 9999, which ISO writes otherwise. */
function dateInUtc(ms: number): string | undefined {
  return /^(\d{4}-\d{2}-\d{2})T/.exec(new Date(ms).toISOString())?.[1];
}

/** Is it a date that the calendar has? */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text);
}

/** `2026-10-06` plus -1 is `2026-10-05`. */
export function plusDays(date: string, days: number): string {
  if (!isDate(date)) throw new RangeError(`"${date}" is not a date: want one such as 2026-10-06`);
  const ms = Date.parse(`${date}T00:00:00Z`) + days * 86_400_000;
  const text = Math.abs(days) > 4_000_000 ? "" : new Date(ms).toISOString();
  if (!/^\d{4}-/.test(text)) throw new RangeError(`"${date}" plus ${days} days has no date`);
  return text.slice(0, 10);
}

/** An instant as people and expressions read it: RFC 3339 in UTC, without a fraction when it has none. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
