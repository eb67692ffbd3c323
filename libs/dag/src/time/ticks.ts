// When a schedule comes due: the ticks of all its crons, read in its zone, between its start and its end.
// Daylight saving is croner's: a time of day in the spring gap runs at the first valid instant after it, one that
// occurs twice in autumn runs once.
import { Cron } from "croner";
import type { Schedule } from "@chasqui/contracts";

const crons = new Map<string, Cron>();
const CRONS_MAX = 2_000;

function cronOf(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = crons.get(key);
  if (known !== undefined) return known;
  const made = new Cron(cron, {
    mode: "5-part",
    timezone,
    paused: true,
    fixedTimeRule: "no-wildcard", // lists and ranges of hours too run once per wall-clock time, as the scheduler does
  });
  if (crons.size >= CRONS_MAX) crons.clear();
  crons.set(key, made);
  return made;
}

/** The next instants, in milliseconds, strictly after `afterMs`; fewer than `count` when the schedule ends. */
export function nextTicks(
  schedule: Pick<Schedule, "crons" | "timezone" | "start" | "end">,
  afterMs: number,
  count: number,
): number[] {
  const { timezone, start, end } = schedule;
  const startMs = start === "" ? -Infinity : Date.parse(start);
  const endMs = end === "" ? Infinity : Date.parse(end);
  const from = new Date(Math.max(afterMs, startMs - 1));
  const due = new Set<number>();
  for (const cron of schedule.crons)
    for (const tick of cronOf(cron, timezone === "" ? "UTC" : timezone).nextRuns(count, from)) {
      const ms = tick.getTime();
      if (ms > afterMs && ms >= startMs && ms <= endMs) due.add(ms);
    }
  return [...due].sort((a, b) => a - b).slice(0, count);
}
