// The first instant of a calendar day in a zone.
import { dateInZone } from "./dates.ts";
import { nextInstant } from "./clock-changes.ts";

const HOUR_MS = 3_600_000;

/** Where the clock jumps over midnight, the day begins after the jump; where midnight comes twice, the first time. */
export function startOfDay(date: string, timezone: string): number {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const wanted = (fromWallMs: number): number | undefined =>
    fromWallMs <= midnight ? midnight : undefined;
  const policy = { gap: "shift", fold: "first" } as const;
  return (
    nextInstant(timezone, wanted, policy, midnight - 48 * HOUR_MS) ?? searched(midnight, timezone)
  );
}

/** For dates so far away that no changes are known: zones differ by up to 14 hours. */
function searched(midnight: number, timezone: string): number {
  const date = dateInZone(midnight, "UTC");
  let low = midnight - 15 * HOUR_MS;
  let high = low + 30 * HOUR_MS;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dateInZone(middle, timezone) < date) low = middle;
    else high = middle;
  }
  return high;
}
