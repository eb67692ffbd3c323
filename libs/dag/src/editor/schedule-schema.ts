// The part of the editor's schema that says when a DAG runs by the clock.
import type { JsonObject } from "@bufbuild/protobuf";
import { catchupWords, foldWords, gapWords, overlapWords, runsForWords } from "../compile/words.ts";
import { limits } from "../limits.ts";
import { closed, duration, text, words } from "./parts.ts";

const oneOrMore = (item: JsonObject, description: string): JsonObject => ({
  description,
  anyOf: [item, { type: "array", minItems: 1, items: item }],
});

export const scheduleSchema = closed("When it runs by the clock", {
  cron: oneOrMore(
    { type: "string" },
    "Five fields (minute, hour, day of month, month, day of week), six that begin with seconds, @daily and the like, @once or @continuous",
  ),
  every: duration("An interval of real time"),
  anchor: text(
    "Where the interval is counted from; `start` when absent, else midnight in the zone",
  ),
  dates: {
    type: "array",
    minItems: 1,
    maxItems: limits.datesMax,
    items: { type: "string" },
    description: "Single ticks: local times such as 2026-10-06T19:00, dates, or instants",
  },
  timezone: text("IANA zone of the schedule and of run.date; UTC when absent"),
  start: text("First date or instant that counts"),
  end: text("Last date or instant that counts"),
  exclude: oneOrMore(
    {
      anyOf: [
        text("2026-12-25, 12-25 for every year, or 2026-12-24..2027-01-06, then a name"),
        closed("A file of such days beside this one", { file: text("Its name") }, ["file"]),
      ],
    },
    "Days without ticks",
  ),
  gap: words(
    gapWords,
    "A local time that the clock jumps over: shift to the instant after it, or skip; when absent, crons of every hour skip and others shift",
  ),
  fold: words(
    foldWords,
    "A local time that comes twice; when absent, crons of every hour run both times and others the first",
  ),
  jitter: duration("Each tick runs late by up to so much, always the same for the same tick"),
  runs_for: words(
    runsForWords,
    "What a run is about: its tick, or the interval that the tick ends; tick when absent",
  ),
  key: text("One run per key, for example ${run.date}; absent means one per tick"),
  catchup: words(
    catchupWords,
    "What becomes of ticks missed while nothing ran; latest when absent",
  ),
  catchup_window: duration("Ticks missed for longer are not caught up"),
  overlap: words(overlapWords, "When the run before is not done; queue when absent"),
});
