// A schedule's due times: crons read in a zone, between start and end, by croner.
// Facts that a reader may rely on:
//   D1. A tick of any of the crons is one due time, however many of them match it.
//   D2. A fixed hour (lists and ranges too) ticks once per wall-clock time: one that a spring change jumps over
//       moves to the first instant after the gap, one that comes twice in autumn runs the first time only.
//       Hours with `*` or a step follow real time.
//   D3. `start` and `end` are included.
import { Cron } from "croner";
import type { Timetable } from "./core/ticks.ts";

export interface TimetableInit {
  readonly crons: readonly string[];
  readonly timezone: string;
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
}

/** Throws when a cron or the zone cannot be read; the message names it. */
export function timetableOf(init: TimetableInit): Timetable {
  for (const cron of init.crons) parsedCron(cron, init.timezone);
  const { startMs = -Infinity, endMs = Infinity } = init;
  return {
    next(afterMs) {
      let earliest: number | undefined;
      const from = new Date(Math.max(afterMs, startMs - 1));
      for (const cron of init.crons) {
        const next = parsedCron(cron, init.timezone).nextRun(from)?.getTime();
        if (next !== undefined && (earliest === undefined || next < earliest)) earliest = next;
      }
      return earliest !== undefined && earliest <= endMs ? earliest : undefined;
    },
  };
}

/** A parsed cron takes 96 kB and a tenth of a millisecond: with thousands of schedules, time is the cheaper one. */
const PARSED_MAX = 128;
const parsed = new Map<string, Cron>();

function parsedCron(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = parsed.get(key) ?? parseCron(cron, timezone);
  parsed.delete(key);
  parsed.set(key, known); // the last one used is the last to be forgotten
  const [oldest] = parsed.keys();
  if (parsed.size > PARSED_MAX && oldest !== undefined) parsed.delete(oldest);
  return known;
}

function parseCron(cron: string, timezone: string): Cron {
  try {
    const parsed = new Cron(cron, {
      timezone,
      mode: "5-or-6-parts",
      fixedTimeRule: "no-wildcard",
    });
    parsed.nextRun(); // an unknown zone is only noticed when a date is made in it
    return parsed;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cron ${JSON.stringify(cron)} in zone ${JSON.stringify(timezone)}: ${why}`, {
      cause: error,
    });
  }
}
