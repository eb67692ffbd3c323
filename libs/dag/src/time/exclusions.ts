// Days on which a schedule does not run: holidays and the like, by the calendar of its zone.
import { dateInZone, plusDays } from "./dates.ts";

/** From a first to a last day, both included: `2026-12-25`, or `12-25` for every year. */
export interface Exclusion {
  readonly first: string;
  readonly last: string;
  /** What it is, for people; may be empty. */
  readonly name: string;
}

export interface Excluded {
  /** In words: `2026-12-25, Christmas`. */
  readonly why: string;
  /** The day after the last that is known to be excluded with it. */
  readonly nextDate: string;
}

export type Excluder = (ms: number) => Excluded | undefined;

export function excluderOf(exclusions: readonly Exclusion[], timezone: string): Excluder {
  if (exclusions.length === 0) return () => undefined;
  const days = new Map<string, Exclusion>();
  const ranges: Exclusion[] = [];
  for (const exclusion of exclusions)
    if (exclusion.first === exclusion.last) days.set(exclusion.first, exclusion);
    else ranges.push(exclusion);
  return (ms) => {
    const date = dateInZone(ms, timezone);
    const yearly = date.slice(5);
    const found =
      days.get(date) ?? days.get(yearly) ?? ranges.find((range) => covers(range, date, yearly));
    if (found === undefined) return undefined;
    const last = found.last.length === date.length ? found.last : date; // a yearly one: day by day
    return {
      why: found.name === "" ? date : `${date}, ${found.name}`,
      nextDate: plusDays(last, 1),
    };
  };
}

/** A yearly range may go over the turn of the year: 12-24 to 01-06. */
function covers({ first, last }: Exclusion, date: string, yearly: string): boolean {
  const day = first.length === yearly.length ? yearly : date;
  return first <= last ? day >= first && day <= last : day >= first || day <= last;
}

const ENTRY =
  /^(?<first>(?:\d{4}-)?\d{2}-\d{2})(?:\.\.(?<last>(?:\d{4}-)?\d{2}-\d{2}))?(?:\s+(?<name>.*))?$/s;

/** `2026-12-25`, `12-25 Christmas`, `2026-12-24..2027-01-06 closed`; undefined when it is none of these. */
export function parseExclusion(text: string): Exclusion | undefined {
  const { first, last = first, name = "" } = ENTRY.exec(text.trim())?.groups ?? {};
  if (first === undefined || last === undefined || first.length !== last.length) return undefined;
  if (!isDay(first) || !isDay(last)) return undefined;
  if (first.length > 5 && last < first) return undefined;
  return { first, last, name: name.trim().replaceAll(/\s+/g, " ") };
}

/** A leap year has every day that any year has. */
function isDay(text: string): boolean {
  const date = text.length === 5 ? `2024-${text}` : text;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(date);
}

export const formatExclusion = ({ first, last, name }: Exclusion): string =>
  [first === last ? first : `${first}..${last}`, name].filter((part) => part !== "").join(" ");
