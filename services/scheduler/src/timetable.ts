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
  const crons = init.crons.map((cron) => parseCron(cron, init.timezone));
  const { startMs = -Infinity, endMs = Infinity } = init;
  return {
    next(afterMs) {
      let earliest: number | undefined;
      for (const cron of crons) {
        const from = Math.max(afterMs, startMs - 1);
        const next = cron.nextRun(new Date(from))?.getTime();
        if (next !== undefined && (earliest === undefined || next < earliest)) earliest = next;
      }
      return earliest !== undefined && earliest <= endMs ? earliest : undefined;
    },
  };
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
    throw new Error(`cron ${JSON.stringify(cron)} in zone ${JSON.stringify(timezone)}: ${why}`);
  }
}
