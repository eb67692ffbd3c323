// What a person means by a date or a time: a span of instants in a zone.
import { isInstant } from "../schema/formats.ts";
import { isDate, plusDays } from "./dates.ts";
import { startOfDay } from "./start-of-day.ts";
import { instantsOfWall } from "./timetable.ts";
import { parseWall } from "./wall.ts";

/** Both ends included. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A date is all of its day; a local time each instant at which the zone shows it; an instant itself. */
export function spanOf(text: string, timezone: string): Span | undefined {
  if (isDate(text))
    return {
      fromMs: startOfDay(text, timezone),
      toMs: startOfDay(plusDays(text, 1), timezone) - 1,
    };
  if (isInstant(text)) return { fromMs: Date.parse(text), toMs: Date.parse(text) };
  const wallMs = parseWall(text);
  if (wallMs === undefined) return undefined;
  const instants = instantsOfWall(timezone, wallMs, { gap: "shift", fold: "both" });
  const [first, last] = [instants.at(0), instants.at(-1)];
  return first === undefined || last === undefined ? undefined : { fromMs: first, toMs: last };
}
