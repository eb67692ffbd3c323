// `schedule` of a DAG.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { ScheduleSchema } from "@chasqui/contracts";
import type { Schedule } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import { isInstant } from "../schema/formats.ts";
import { quote } from "../text/suggest.ts";
import { parseCron } from "../time/cron.ts";
import { isDate, rfc3339 } from "../time/dates.ts";
import { startOfDay } from "../time/start-of-day.ts";
import { isZone, nearestZone } from "../time/zone.ts";
import type { Path } from "../yaml/source.ts";
import { readMap, readText, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { catchupWords, defaults, overlapWords, scheduleFields } from "./words.ts";

const PATH = ["schedule"];

/** A schedule without crons gives the DAG its zone; then something else must start it. */
export function compileSchedule(
  reader: Reader,
  value: JsonValue | undefined,
  { hasTriggers }: { readonly hasTriggers: boolean },
): Schedule | undefined {
  if (value === undefined) return undefined;
  const fields = readMap(reader, PATH, value, "schedule", scheduleFields);
  if (fields === undefined) return undefined;
  const timezone = readZone(reader, fields["timezone"]);
  const crons = readCrons(reader, fields["cron"]);
  const { catchup, overlap } = fields;
  if (
    fields["cron"] === undefined &&
    !(hasTriggers && catchup === undefined && overlap === undefined)
  )
    reader.note(PATH, "schedule has no `cron`: want one, or a list of them", { at: "key" });
  const start = readInstant(reader, "start", fields["start"], timezone);
  const end = readInstant(reader, "end", fields["end"], timezone);
  if (start !== undefined && end !== undefined && Date.parse(end) <= Date.parse(start))
    reader.note(
      [...PATH, "end"],
      `schedule end ${quote(end)} is not after its start ${quote(start)}`,
    );
  return create(ScheduleSchema, {
    crons,
    timezone,
    catchup:
      readWord(reader, [...PATH, "catchup"], catchup, "catchup", catchupWords) ?? defaults.catchup,
    overlap:
      readWord(reader, [...PATH, "overlap"], overlap, "overlap", overlapWords) ?? defaults.overlap,
    start: start ?? "",
    end: end ?? "",
  });
}

function readCrons(reader: Reader, value: JsonValue | undefined): string[] {
  if (value === undefined) return [];
  const path = [...PATH, "cron"];
  const list: [Path, JsonValue][] = Array.isArray(value)
    ? value.map((item, index) => [[...path, index], item])
    : [[path, value]];
  if (list.length === 0) reader.note(path, "cron is an empty list: want at least one expression");
  if (list.length > limits.cronsMax)
    reader.note(path, `cron has ${list.length} expressions: want at most ${limits.cronsMax}`);
  const crons: string[] = [];
  for (const [at, item] of list) {
    const text = readText(reader, at, item, "cron", { want: "five fields such as 0 19 * * *" });
    if (text === undefined) continue;
    const cron = parseCron(text);
    if (cron.ok) crons.push(cron.value);
    else reader.note(at, cron.message, { offset: cron.offset, suggestion: cron.suggestion });
  }
  return crons;
}

function readZone(reader: Reader, value: JsonValue | undefined): string {
  const path = [...PATH, "timezone"];
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

/** A date means its first instant in the zone. */
function readInstant(
  reader: Reader,
  field: "start" | "end",
  value: JsonValue | undefined,
  timezone: string,
): string | undefined {
  const path = [...PATH, field];
  const want = "a date such as 2026-10-06 or an instant such as 2026-10-06T19:00:00Z";
  const text = readText(reader, path, value, field, { want });
  if (text === undefined) return undefined;
  if (isDate(text)) return rfc3339(startOfDay(text, timezone));
  if (isInstant(text)) return rfc3339(Date.parse(text));
  reader.note(path, `${field} ${quote(text)}: want ${want}`);
  return undefined;
}
