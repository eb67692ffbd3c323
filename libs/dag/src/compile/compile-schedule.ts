// `schedule` of a DAG: when it is due, what becomes of what is missed, and what its runs are about.
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Overlap, ScheduleSchema } from "@chasqui/contracts";
import type { Schedule } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import { isInstant } from "../schema/formats.ts";
import { formatDuration } from "../text/duration.ts";
import { quote } from "../text/suggest.ts";
import { parseCron } from "../time/cron.ts";
import { isDate, rfc3339 } from "../time/dates.ts";
import { startOfDay } from "../time/start-of-day.ts";
import { instantsOfWall } from "../time/timetable.ts";
import { parseWall } from "../time/wall.ts";
import { isZone, nearestZone } from "../time/zone.ts";
import type { Path } from "../yaml/source.ts";
import { noteTemplates } from "./check-expressions.ts";
import { readExcludes } from "./compile-excludes.ts";
import type { ReadFile } from "./compile-excludes.ts";
import { readDuration, readList, readMap, readText, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import {
  catchupWords,
  defaults,
  foldWords,
  gapWords,
  overlapWords,
  runsForWords,
  scheduleFields,
  tickRunFields,
} from "./words.ts";

const PATH = ["schedule"];
const at = (field: string): Path => [...PATH, field];

export interface ScheduleContext {
  /** Something else starts runs too; then a schedule may be no more than the DAG's zone. */
  readonly hasTriggers: boolean;
  readonly readFile: ReadFile | undefined;
}

/** Undefined when there is none, or none that can be read. */
export function compileSchedule(
  reader: Reader,
  value: JsonValue | undefined,
  { hasTriggers, readFile }: ScheduleContext,
): Schedule | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") {
    const suggestion = `write { cron: ${JSON.stringify(value)} }`;
    reader.note(PATH, "schedule is text: want a map", { suggestion });
    return undefined;
  }
  const fields = readMap(reader, PATH, value, "schedule", scheduleFields);
  if (fields === undefined) return undefined;
  const timezone = readZone(reader, fields["timezone"]);
  const { crons, once, continuous } = readCrons(reader, fields["cron"]);
  const bounds = readBounds(reader, fields, timezone);
  const every = readEvery(reader, fields, timezone, bounds.start);
  const dates = readDates(reader, fields["dates"]);
  const word = <T>(field: string, words: Readonly<Record<string, T>>): T | undefined =>
    readWord(reader, at(field), fields[field], field, words);
  const schedule = create(ScheduleSchema, {
    ...{ crons, once, continuous, timezone, dates, ...every, ...bounds },
    excludes: readExcludes(reader, at("exclude"), fields["exclude"], readFile),
    gap: word("gap", gapWords) ?? 0,
    fold: word("fold", foldWords) ?? 0,
    ...durationField("jitter", readJitter(reader, fields["jitter"])),
    runsFor: word("runs_for", runsForWords) ?? defaults.runsFor,
    key: readKey(reader, fields["key"]),
    catchup: word("catchup", catchupWords) ?? defaults.catchup,
    ...durationField(
      "catchupWindow",
      readDuration(reader, at("catchup_window"), fields["catchup_window"], "catchup_window"),
    ),
    overlap: word("overlap", overlapWords) ?? defaults.overlap,
  });
  noteContradictions(reader, fields, schedule, hasTriggers);
  return schedule;
}

const durationField = <Name extends string>(name: Name, ms: number | undefined) =>
  ms === undefined ? {} : { [name]: durationFromMs(ms) };

/** Fields that say when; the others say how. */
const WHEN = ["cron", "every", "dates"] as const;
/** Fields that make no sense in a schedule that is never due. */
const ONLY_WHEN_DUE = scheduleFields.filter((field) => field !== "timezone");

function noteContradictions(
  reader: Reader,
  fields: JsonObject,
  schedule: Schedule,
  hasTriggers: boolean,
): void {
  const given = (names: readonly string[]): string[] =>
    names.filter((name) => fields[name] !== undefined);
  if (given(WHEN).length === 0 && !(hasTriggers && given(ONLY_WHEN_DUE).length === 0))
    reader.note(
      PATH,
      "schedule has no `cron`: want one, or a list of them, or `every`, or `dates`",
      {
        at: "key",
      },
    );
  const { once, continuous } = schedule;
  if (!once && !continuous) return;
  const name = once ? "@once" : "@continuous";
  const others = given(["every", "dates", "exclude", "gap", "fold"]);
  if (once) others.push(...given(["runs_for"]).filter(() => fields["runs_for"] === "interval"));
  if (continuous) others.push(...given(["jitter", "catchup", "catchup_window"]));
  for (const field of others)
    reader.note(at(field), `${name} and \`${field}\`: want one of them`, { at: "key" });
  if (continuous && schedule.overlap !== Overlap.QUEUE)
    reader.note(
      at("overlap"),
      "@continuous and `overlap`: a run begins when the one before has ended, so none overlap",
      { at: "key" },
    );
}

interface Crons {
  readonly crons: string[];
  readonly once: boolean;
  readonly continuous: boolean;
}

function readCrons(reader: Reader, value: JsonValue | undefined): Crons {
  const path = at("cron");
  const none = { crons: [], once: false, continuous: false };
  if (value === undefined) return none;
  const list: [Path, JsonValue][] = Array.isArray(value)
    ? value.map((item, index) => [[...path, index], item])
    : [[path, value]];
  if (list.length === 0) reader.note(path, "cron is an empty list: want at least one expression");
  if (list.length > limits.cronsMax)
    reader.note(path, `cron has ${list.length} expressions: want at most ${limits.cronsMax}`);
  const crons: string[] = [];
  for (const [where, item] of list) {
    const text = readText(reader, where, item, "cron", { want: "five fields such as 0 19 * * *" });
    if (text === undefined) continue;
    const preset = text.trim().toLowerCase();
    if (preset === "@once" || preset === "@continuous") {
      if (list.length === 1)
        return { ...none, once: preset === "@once", continuous: preset === "@continuous" };
      reader.note(where, `cron ${quote(text)} beside others: want it alone`);
      continue;
    }
    const cron = parseCron(text);
    if (cron.ok) crons.push(cron.value);
    else reader.note(where, cron.message, { offset: cron.offset, suggestion: cron.suggestion });
  }
  return { ...none, crons };
}

/** The anchor is written out: the start, or midnight of 1 January 2000 in the zone. */
function readEvery(
  reader: Reader,
  fields: JsonObject,
  timezone: string,
  start: string | undefined,
): Pick<Schedule, "every" | "anchor"> | undefined {
  const ms = readDuration(reader, at("every"), fields["every"], "every");
  const anchor = readInstant(reader, "anchor", fields["anchor"], timezone);
  if (fields["anchor"] !== undefined && fields["every"] === undefined)
    reader.note(at("anchor"), "anchor without `every`: want both, or none", { at: "key" });
  if (ms === undefined) return undefined;
  if (ms < limits.everyMsMin)
    reader.note(
      at("every"),
      `every ${formatDuration(ms)}: want at least ${formatDuration(limits.everyMsMin)}`,
    );
  return {
    every: durationFromMs(ms),
    anchor: anchor ?? start ?? rfc3339(startOfDay("2000-01-01", timezone)),
  };
}

function readDates(reader: Reader, value: JsonValue | undefined): string[] {
  const path = at("dates");
  const list = readList(reader, path, value, "dates");
  if (Array.isArray(value) && list.length === 0)
    reader.note(path, "dates is an empty list: want at least one");
  if (list.length > limits.datesMax)
    reader.note(path, `dates has ${list.length} entries: want at most ${limits.datesMax}`);
  const want = "a local time such as 2026-10-06T19:00, a date, or an instant with an offset";
  return list.flatMap((item, index) => {
    const text = readText(reader, [...path, index], item, "dates", { want });
    if (text === undefined) return [];
    const wallMs = parseWall(text);
    if (wallMs !== undefined) return [new Date(wallMs).toISOString().slice(0, 19)];
    if (isInstant(text)) return [rfc3339(Date.parse(text))];
    reader.note([...path, index], `dates: ${quote(text)}: want ${want}`);
    return [];
  });
}

function readJitter(reader: Reader, value: JsonValue | undefined): number | undefined {
  const ms = readDuration(reader, at("jitter"), value, "jitter");
  if (ms !== undefined && ms > limits.jitterMsMax)
    reader.note(
      at("jitter"),
      `jitter ${formatDuration(ms)}: want at most ${formatDuration(limits.jitterMsMax)}`,
    );
  return ms;
}

function readKey(reader: Reader, value: JsonValue | undefined): string {
  const path = at("key");
  const key = readText(reader, path, value, "key", { want: "a text with ${…}" }) ?? "";
  noteTemplates(reader, path, "key", key, {
    roots: ["run"],
    fields: { run: tickRunFields },
  });
  if (key !== "" && !key.includes("${"))
    reader.note(path, `key ${quote(key)} is the same for every tick: want one that names the run`, {
      suggestion: "for one run a day write ${run.date}",
    });
  return key;
}

function readZone(reader: Reader, value: JsonValue | undefined): string {
  const path = at("timezone");
  const zone = readText(reader, path, value, "timezone", { want: "an IANA zone" });
  if (zone === undefined) return defaults.timezone;
  if (isZone(zone)) return zone;
  const near = nearestZone(zone);
  reader.note(
    path,
    `timezone ${quote(zone)} is not known: want an IANA zone such as America/Bogota`,
    {
      suggestion: near === undefined ? undefined : `did you mean ${quote(near)}?`,
    },
  );
  return defaults.timezone;
}

function readBounds(
  reader: Reader,
  fields: JsonObject,
  timezone: string,
): Partial<Pick<Schedule, "start" | "end">> {
  const start = readInstant(reader, "start", fields["start"], timezone);
  const end = readInstant(reader, "end", fields["end"], timezone);
  if (start !== undefined && end !== undefined && Date.parse(end) <= Date.parse(start))
    reader.note(at("end"), `schedule end ${quote(end)} is not after its start ${quote(start)}`);
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** A date means its first instant in the zone, a local time when the zone shows it first. */
function readInstant(
  reader: Reader,
  field: "start" | "end" | "anchor",
  value: JsonValue | undefined,
  timezone: string,
): string | undefined {
  const want =
    "a date such as 2026-10-06, a local time such as 2026-10-06T19:00 or an instant such as 2026-10-06T19:00:00Z";
  const text = readText(reader, at(field), value, field, { want });
  if (text === undefined) return undefined;
  if (isDate(text)) return rfc3339(startOfDay(text, timezone));
  if (isInstant(text)) return rfc3339(Date.parse(text));
  const wallMs = parseWall(text);
  const [ms] =
    wallMs === undefined ? [] : instantsOfWall(timezone, wallMs, { gap: "shift", fold: "first" });
  if (ms !== undefined) return rfc3339(ms);
  reader.note(at(field), `${field} ${quote(text)}: want ${want}`);
  return undefined;
}
