// Expressions inside the fields of a DAG: each problem stands at its character in the file.
import type { JsonValue } from "@bufbuild/protobuf";
import { checkNames } from "../cel/check-names.ts";
import type { KnownNames } from "../cel/check-names.ts";
import { parseExpression } from "../cel/expression.ts";
import { parseTemplate } from "../cel/template.ts";
import type { Path } from "../yaml/source.ts";
import { pathText } from "./reader.ts";
import type { Reader } from "./reader.ts";

/** A condition: CEL without `${…}`. */
export function noteCondition(
  reader: Reader,
  path: Path,
  subject: string,
  text: string,
  known: KnownNames,
): void {
  const wrapped = text.trim().startsWith("${");
  const hint = wrapped ? "a condition is CEL by itself: leave out ${ }" : undefined;
  noteExpression(reader, path, { subject, text, known, start: 0, hint });
}

/** An expression that gives a list; `start` is where it begins in the author's text. */
export function noteList(
  reader: Reader,
  path: Path,
  subject: string,
  text: string,
  known: KnownNames,
  start: number,
): void {
  noteExpression(reader, path, { subject, text, known, start, hint: undefined });
}

interface Written {
  readonly subject: string;
  readonly text: string;
  readonly known: KnownNames;
  readonly start: number;
  /** In place of the parser's suggestion. */
  readonly hint: string | undefined;
}

function noteExpression(reader: Reader, path: Path, written: Written): void {
  const { subject, text, known, start, hint } = written;
  const parsed = parseExpression(text);
  if (!parsed.ok) {
    const { message, offset, suggestion } = parsed;
    const note = { offset: start + offset, suggestion: hint ?? suggestion };
    reader.note(path, `${subject}: ${message}`, note);
    return;
  }
  for (const { message, offset, suggestion } of checkNames(parsed.value.names, known))
    reader.note(path, `${subject}: ${message}`, { offset: start + offset, suggestion });
}

/** Every `${…}` in the strings of a value. */
export function noteTemplates(
  reader: Reader,
  path: Path,
  subject: string,
  value: JsonValue,
  known: KnownNames,
  base: Path = path,
): void {
  if (typeof value === "string") return noteText(reader, path, subject, value, known, base);
  if (typeof value !== "object" || value === null) return;
  const entries: [string | number, JsonValue][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  for (const [step, item] of entries)
    noteTemplates(reader, [...path, step], subject, item, known, base);
}

function noteText(
  reader: Reader,
  path: Path,
  subject: string,
  text: string,
  known: KnownNames,
  base: Path,
): void {
  if (!text.includes("${")) return;
  const inner = pathText(path.slice(base.length));
  const where = inner === "" ? subject : `${subject}: ${inner}`;
  const parsed = parseTemplate(text);
  if (!parsed.ok) {
    const { message, offset, suggestion } = parsed;
    reader.note(path, `${where}: ${message}`, { offset, suggestion });
    return;
  }
  for (const part of parsed.value) {
    if (!("expression" in part)) continue;
    for (const { message, offset, suggestion } of checkNames(part.expression.names, known))
      reader.note(path, `${where}: ${message}`, { offset: part.offset + offset, suggestion });
  }
}
