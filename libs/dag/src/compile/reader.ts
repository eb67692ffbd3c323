// Reading fields of an author's value: each reader gives the value it wanted, or notes a problem and gives undefined.
// Nothing throws, and one bad field does not hide the problems of the others.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { kindOf } from "../cel/explain-error.ts";
import { limits } from "../limits.ts";
import type { Problem } from "../problem.ts";
import { showValue, unknownField } from "../schema/check-value.ts";
import type { Finding } from "../schema/check-value.ts";
import { parseDuration } from "../text/duration.ts";
import { listNames, nearest, quote } from "../text/suggest.ts";
import type { Path, Source } from "../yaml/source.ts";

export interface Note {
  readonly at?: "key" | "value";
  readonly offset?: number;
  readonly suggestion?: string | undefined;
  readonly severity?: "error" | "warning";
}

export interface Reader {
  readonly source: Source;
  readonly problems: Problem[];
  /** Notes a problem at the value (or key) of a path. */
  note(path: Path, message: string, note?: Note): void;
}

export function createReader(source: Source): Reader {
  const problems: Problem[] = [];
  return {
    source,
    problems,
    note(path, message, { at = "value", offset, suggestion, severity = "error" } = {}) {
      if (problems.length >= limits.problemsMax) return;
      problems.push({
        file: source.file,
        ...source.locate(path, at, offset),
        message,
        severity,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    },
  };
}

/** Notes what a schema check found; `subject` says whose value it is. */
export function noteFindings(
  reader: Reader,
  subject: string,
  base: Path,
  findings: readonly Finding[],
): void {
  for (const { path, message, ...note } of findings) {
    const named = message.startsWith("unknown field"); // its last step is in the message already
    const inner = pathText(path.slice(base.length, named ? -1 : undefined));
    reader.note(path, `${subject}: ${inner === "" ? "" : `${inner}: `}${message}`, note);
  }
}

/** `env.DAY`, `args[0]`. */
export function pathText(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What other systems call a field; the nearest by its letters is often another. */
const elsewhere: Readonly<Record<string, string>> = {
  depends_on: "needs",
  depends: "needs",
  upstream: "needs",
  if: "when",
  condition: "when",
  operator: "uses",
  kind: "uses",
  type: "uses",
  expand: "for_each",
  continue_on_error: "allow_failure",
  retry_policy: "retries",
  execution_timeout: "timeout",
  dag_id: "id",
  priority_weight: "priority",
};

/** A map with some of the known fields; others are noted. */
export function readMap(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  known?: readonly string[],
): JsonObject | undefined {
  if (!isMap(value)) {
    reader.note(path, `${what} is ${kindOf(value ?? null)}: want a map`);
    return undefined;
  }
  for (const key of known === undefined ? [] : Object.keys(value)) {
    if (known?.includes(key) !== false) continue;
    const { message, suggestion } = unknownField(key, known, path);
    const meant = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined;
    reader.note([...path, key], `${message} in ${what}`, {
      at: "key",
      suggestion:
        meant !== undefined && known.includes(meant) ? `did you mean ${quote(meant)}?` : suggestion,
    });
  }
  return value;
}

/** A list, or nothing when the field is absent. */
export function readList(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
): readonly JsonValue[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  const shown = typeof value === "object" && value !== null ? what : `${what}: ${showValue(value)}`;
  reader.note(path, `${shown} is ${kindOf(value)}: want a list`);
  return [];
}

export interface TextRule {
  readonly pattern?: RegExp;
  /** What the pattern wants, in words. */
  readonly want?: string;
  readonly charsMax?: number;
}

export function readText(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  { pattern, want = "text", charsMax = limits.labelCharsMax }: TextRule = {},
): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) {
    reader.note(path, `${what} is empty: want ${want}`, {
      suggestion: "a text that begins with # needs quotes, for # begins a comment",
    });
    return undefined;
  }
  if (typeof value !== "string") {
    const scalar = typeof value === "number" || typeof value === "boolean";
    reader.note(path, `${what}: ${showValue(value)} is ${kindOf(value)}: want ${want}`, {
      suggestion: scalar ? `put it in quotes: "${value}"` : undefined,
    });
    return undefined;
  }
  if (value.length > charsMax) {
    reader.note(path, `${what} has ${value.length} characters: want at most ${charsMax}`);
    return undefined;
  }
  if (pattern !== undefined && !pattern.test(value)) {
    reader.note(path, `${what}: ${quote(value)}: want ${want}`);
    return undefined;
  }
  return value;
}

/** A set of names. */
export function readTexts(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  rule: TextRule,
): string[] {
  const list = readList(reader, path, value, what);
  if (list.length > limits.namesMax)
    reader.note(path, `${what}: ${list.length} names: want at most ${limits.namesMax}`);
  return list.flatMap((item, index) => readText(reader, [...path, index], item, what, rule) ?? []);
}

export function readBoolean(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  const word = typeof value === "string" && /^(yes|on|no|off)$/i.test(value);
  const meant = word ? `write ${/^(yes|on)$/i.test(value) ? "true" : "false"}` : undefined;
  const isQuoted = value === "true" || value === "false";
  reader.note(
    path,
    `${what}: ${showValue(value)}${isQuoted ? " is text" : ""}: want true or false`,
    { suggestion: isQuoted ? UNQUOTED : meant },
  );
  return false;
}

export function readNumber(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  rule: { readonly min: number; readonly max: number; readonly integer: boolean },
): number | undefined {
  if (value === undefined) return undefined;
  const { min, max, integer } = rule;
  const fits = typeof value === "number" && value >= min && value <= max;
  if (fits && (!integer || Number.isInteger(value))) return value;
  const kind = integer ? "an integer" : "a number";
  const isText = typeof value === "string";
  const unquoted = isText && /^-?\d+(\.\d+)?$/.test(value) ? UNQUOTED : undefined;
  const shown = `${showValue(value)}${isText ? " is text" : ""}`;
  reader.note(path, `${what}: ${shown}: want ${kind} in ${min}..${max}`, { suggestion: unquoted });
  return undefined;
}

const UNQUOTED = "leave out the quotation marks";

/** A duration in milliseconds; more than nothing unless `zero` is allowed. */
export function readDuration(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  { zero = false }: { readonly zero?: boolean } = {},
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    const seconds = typeof value === "number" && value > 0 ? `with a unit: ${value}s` : undefined;
    reader.note(
      path,
      `${what}: ${showValue(value)}: want a duration such as 30s, 5m, 1h30m or 2d`,
      {
        suggestion: seconds,
      },
    );
    return undefined;
  }
  const duration = parseDuration(value);
  if (!duration.ok) reader.note(path, `${what}: ${duration.message}`);
  else if (duration.ms > 0 || zero) return duration.ms;
  else reader.note(path, `${what}: ${quote(value)}: want more than nothing`);
  return undefined;
}

/** One of the words; the word's value. */
export function readWord<T>(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  words: Readonly<Record<string, T>>,
): T | undefined {
  if (value === undefined) return undefined;
  const names = Object.keys(words);
  if (typeof value === "string" && Object.hasOwn(words, value)) return words[value];
  const near = typeof value === "string" ? nearest(value, names) : undefined;
  reader.note(path, `${what}: ${showValue(value)}: want one of ${listNames(names)}`, {
    suggestion: near === undefined ? undefined : `did you mean ${quote(near)}?`,
  });
  return undefined;
}
