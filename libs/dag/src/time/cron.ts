// Cron expressions as authors write them: five fields (minute, hour, day of month, month, day of week), six when
// seconds come first, or a preset such as @daily.
import { Cron } from "croner";
import type { Parsed } from "../cel/result.ts";
import { quote } from "../text/suggest.ts";
import { cronPatternOf, nextWall } from "./cron-pattern.ts";

export const presets: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const SECOND = { name: "second", any: "0..59" } as const;
const FIELDS = [
  { name: "minute", any: "0..59" },
  { name: "hour", any: "0..23" },
  { name: "day of month", any: "1..31, L, 15W or LW" },
  { name: "month", any: "1..12 or JAN..DEC" },
  { name: "day of week", any: "0..7, SUN..SAT, FRI#2 or FRIL" },
] as const;

/**
 * The expression in its usual spelling: presets written out, one space between fields, names in capitals, no seconds
 * when they are 0.
 */
export function parseCron(text: string): Parsed<string> {
  const trimmed = text.trim();
  const word = trimmed.toLowerCase();
  const preset = Object.hasOwn(presets, word) ? presets[word] : undefined; // `constructor` is a name of every object
  if (preset !== undefined) return { ok: true, value: preset };
  if (trimmed.startsWith("@")) return { ok: false, offset: 0, ...wrongPreset(text) };
  const fields = trimmed === "" ? [] : trimmed.split(/\s+/);
  const names = fields.length === 6 ? [SECOND, ...FIELDS] : FIELDS;
  if (fields.length !== names.length)
    return { ok: false, offset: 0, message: wrongCount(text, fields.length) };
  for (const [index, field] of fields.entries()) {
    const reason = fieldError(field, index, names.length);
    if (reason === undefined) continue;
    const { name, any } = names[index] ?? SECOND;
    return {
      ok: false,
      offset: offsetOfField(text, index),
      message: `cron ${quote(text)}: ${name} ${quote(field)}: ${reason}: want * or ${any}, lists 1,2, ranges 1-5, steps */5`,
    };
  }
  const cron = fields.join(" ").toUpperCase();
  if (!comesDue(cron))
    return { ok: false, offset: 0, message: `cron ${quote(text)} never comes due` };
  return { ok: true, value: names.length === 6 ? cron.replace(/^0+ /, "") : cron };
}

function wrongPreset(text: string): { message: string; suggestion?: string } {
  const known = [...Object.keys(presets), "@once", "@continuous"].join(", ");
  const [, every] = /^@every\s+(\S+)$/.exec(text.trim()) ?? [];
  return {
    message: `cron ${quote(text)}: want one of ${known}`,
    ...(every === undefined ? {} : { suggestion: `write every: ${every} in place of cron` }),
  };
}

function wrongCount(text: string, count: number): string {
  const want = FIELDS.map(({ name }) => name).join(", ");
  return `cron ${quote(text)} has ${count} fields: want 5 (${want}), or 6 that begin with seconds`;
}

/** What croner says of this field alone; the others are stars. */
function fieldError(field: string, index: number, count: number): string | undefined {
  if (!/^[A-Za-z0-9*,/#+-]+$/.test(field)) return "a character that does not belong there";
  const fields = Array.from({ length: count }, (_, at) => (at === index ? field : "*"));
  try {
    new Cron(fields.join(" "), { mode: "5-or-6-parts", timezone: "UTC", paused: true });
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

function comesDue(cron: string): boolean {
  try {
    return nextWall(cronPatternOf(cron), Date.UTC(2000, 0)) !== undefined;
  } catch {
    return false;
  }
}

function offsetOfField(text: string, index: number): number {
  return [...text.matchAll(/\S+/g)][index]?.index ?? 0;
}
