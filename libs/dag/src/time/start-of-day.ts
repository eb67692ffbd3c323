// The first instant of a calendar day in a zone.
import { dateInZone } from "./dates.ts";

const HOUR_MS = 3_600_000;

/** Searched, because a day may begin at 01:00 (daylight saving at midnight) and zones differ by up to 14 hours. */
export function startOfDay(date: string, timezone: string): number {
  let low = Date.parse(`${date}T00:00:00Z`) - 15 * HOUR_MS;
  let high = low + 30 * HOUR_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dateInZone(middle, timezone) < date) low = middle;
    else high = middle;
  }
  return high;
}
