// Cron expressions of five fields (minute, hour, day of month, month, day of week) and presets such as @daily.
import { Cron } from "croner";
import type { Parsed } from "../cel/result.ts";
import { quote } from "../text/suggest.ts";

export const presets: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const FIELDS = [
  { name: "minute", any: "0..59" },
  { name: "hour", any: "0..23" },
  { name: "day of month", any: "1..31 or L" },
  { name: "month", any: "1..12 or JAN..DEC" },
  { name: "day of week", any: "0..7 or SUN..SAT" },
] as const;

/** The expression in its usual spelling: presets written out, one space between fields, names in capitals. */
export function parseCron(text: string): Parsed<string> {
  const trimmed = text.trim();
  const preset = presets[trimmed.toLowerCase()];
  if (preset !== undefined) return { ok: true, value: preset };
  const known = Object.keys(presets).join(", ");
  if (trimmed.startsWith("@"))
    return { ok: false, offset: 0, message: `cron ${quote(text)}: want one of ${known}` };
  const fields = trimmed === "" ? [] : trimmed.split(/\s+/);
  if (fields.length !== FIELDS.length)
    return { ok: false, offset: 0, ...wrongCount(text, fields.length) };
  for (const [index, field] of fields.entries()) {
    const reason = fieldError(field, index);
    if (reason === undefined) continue;
    const { name, any } = FIELDS[index] ?? FIELDS[0];
    return {
      ok: false,
      offset: offsetOfField(text, index),
      message: `cron ${quote(text)}: ${name} ${quote(field)}: ${reason}: want * or ${any}, lists 1,2, ranges 1-5, steps */5`,
    };
  }
  const cron = fields.join(" ").toUpperCase();
  if (nextOf(cron) === null)
    return { ok: false, offset: 0, message: `cron ${quote(text)} never comes due` };
  return { ok: true, value: cron };
}

function wrongCount(text: string, count: number): { message: string; suggestion?: string } {
  const want = FIELDS.map(({ name }) => name).join(", ");
  const message = `cron ${quote(text)} has ${count} fields: want 5 (${want})`;
  return count === 6 ? { message, suggestion: "leave out the seconds" } : { message };
}

/** What croner says of this field alone; the others are stars. */
function fieldError(field: string, index: number): string | undefined {
  if (!/^[A-Za-z0-9*,/#+-]+$/.test(field)) return "a character that does not belong there";
  const fields = FIELDS.map((_, at) => (at === index ? field : "*"));
  try {
    new Cron(fields.join(" "), { mode: "5-part", timezone: "UTC", paused: true });
    return undefined;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (/out of range|overflow|Invalid value/i.test(message)) return "out of range";
  if (/larger/i.test(message)) return "a range that ends before it begins";
  if (/step/i.test(message)) return "a step that does not fit";
  return "not understood";
}

function nextOf(cron: string): Date | null {
  try {
    return new Cron(cron, { mode: "5-part", timezone: "UTC", paused: true }).nextRun(
      new Date("2000-01-01T00:00:00Z"),
    );
  } catch {
    return null;
  }
}

function offsetOfField(text: string, index: number): number {
  return [...text.matchAll(/\S+/g)][index]?.index ?? 0;
}
