// The dates of a backfill of a DAG that the clock does not start (or only once, or after itself): days of its zone.
// Facts that a reader may rely on:
//   D1. A run is about the first instant of its day, and named by the day: the key that `${run.date}` gives a trigger's
//       run, so the two are one. A time that is named in place of a day is what its run is about, and its key.
//   D2. Its data interval is that instant, as it is of every run without a due time.
import { dateInZone, plusDays, startOfDay } from "@chasqui/dag/time";
import type { Span } from "@chasqui/dag/time";
import type { BackfillDate } from "./core/backfill.ts";

/** A run's key; or why it has none. */
export type KeyOf = (logicalMs: number) => string | { readonly reason: string };

export const dayKey =
  (timezone: string): KeyOf =>
  (ms) => {
    const day = dateInZone(ms, timezone);
    return startOfDay(day, timezone) === ms ? day : new Date(ms).toISOString();
  };

/** The start of each day that begins in the span. One more than `max` when there are more. */
export function daysIn({ fromMs, toMs }: Span, timezone: string, max: number): number[] {
  const starts: number[] = [];
  let day = dateInZone(fromMs, timezone);
  let startMs = startOfDay(day, timezone);
  while (startMs <= toMs && starts.length <= max) {
    if (startMs >= fromMs && startMs !== starts.at(-1)) starts.push(startMs); // a day that a zone never had begins with the next
    day = plusDays(day, 1);
    startMs = startOfDay(day, timezone);
  }
  return starts;
}

/** Oldest first, each once. */
export function datesAbout(instants: readonly number[], keyOf: KeyOf): BackfillDate[] {
  const each = [...new Set(instants)].toSorted((a, b) => a - b);
  return each.map((logicalMs) => {
    const key = keyOf(logicalMs);
    const about = { dueMs: logicalMs, logicalMs, intervalStartMs: logicalMs };
    return typeof key === "string"
      ? { ...about, runKey: key, skipped: undefined }
      : { ...about, runKey: "", skipped: key.reason };
  });
}
