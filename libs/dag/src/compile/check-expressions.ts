// Expressions inside the fields of a DAG: each problem stands at its character in the file.
import type { JsonValue } from "@bufbuild/protobuf";
import type { JsonSchema } from "@chasqui/contracts";
import { checkNames } from "../cel/check-names.ts";
import type { KnownNames } from "../cel/check-names.ts";
import { checkTypes } from "../cel/check-types.ts";
import { parseExpression } from "../cel/expression.ts";
import type { Expression } from "../cel/expression.ts";
import { isWholeTemplate, parseTemplate } from "../cel/template.ts";
import { describe } from "../schema/check-value.ts";
import { schemaInside, typeFits } from "../schema/type-fits.ts";
import { any, bool, describeType, fits, listOf } from "../cel/types.ts";
import type { Type } from "../cel/types.ts";
import type { Path } from "../yaml/source.ts";
import { limits } from "../limits.ts";
import { pathText, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";

/** A condition as it is written: CEL by itself, one `${…}`, or what YAML takes for true or false. */
export function readCondition(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  what: string,
  want = "a condition",
): string | undefined {
  const text = typeof value === "boolean" ? String(value) : value;
  return readText(reader, path, text, what, { want, charsMax: limits.expressionCharsMax });
}

/** A condition's CEL; empty when there is none. */
export const conditionOf = (value: JsonValue | undefined): string =>
  typeof value === "boolean" ? String(value) : bare(typeof value === "string" ? value : "").trim();

const bare = (text: string): string =>
  isWholeTemplate(text.trim()) ? text.trim().slice(2, -1) : text;

/** Notes what is wrong with a condition. */
export function noteCondition(
  reader: Reader,
  path: Path,
  subject: string,
  text: string,
  known: KnownNames,
): void {
  const inside = bare(text);
  const wrapped = inside.trim().startsWith("${");
  const hint = wrapped ? "a condition is CEL by itself: leave out ${ }" : undefined;
  const start = inside === text ? 0 : text.indexOf("${") + 2;
  noteExpression(reader, path, { subject, text: inside, known, start, wanted: truth, hint });
}

/** An expression that gives a list, and the type of its items; `start` is where it begins in the author's text. */
export function noteList(
  reader: Reader,
  path: Path,
  subject: string,
  text: string,
  known: KnownNames,
  start: number,
): Type {
  const wanted = { fits: (type: Type) => fits(type, listOf(any)), words: "a list" };
  const type = noteExpression(reader, path, { subject, text, known, start, wanted });
  return type.kind === "list" ? type.of : any;
}

interface Written {
  readonly subject: string;
  readonly text: string;
  readonly known: KnownNames;
  readonly start: number;
  readonly wanted: Wanted;
  /** In place of the parser's suggestion. */
  readonly hint?: string | undefined;
}

interface Wanted {
  readonly fits: (type: Type) => boolean;
  readonly words: string;
}
const truth: Wanted = { fits: (type) => fits(type, bool), words: "true or false" };

function noteExpression(reader: Reader, path: Path, written: Written): Type {
  const { subject, text, known, start, wanted, hint } = written;
  const parsed = parseExpression(text);
  if (!parsed.ok) {
    const { message, offset, suggestion } = parsed;
    const note = { offset: start + offset, suggestion: hint ?? suggestion };
    reader.note(path, `${subject}: ${message}`, note);
    return any;
  }
  return noteParsed(reader, path, { subject, known, start, wanted }, parsed.value);
}

function noteParsed(
  reader: Reader,
  path: Path,
  { subject, known, start, wanted }: Omit<Written, "text" | "hint">,
  { names, parsed }: Expression,
): Type {
  const found = checkNames(names, known);
  for (const { message, offset, ...note } of found)
    reader.note(path, `${subject}: ${message}`, { ...note, offset: start + offset });
  if (found.some(({ severity }) => severity !== "warning")) return any;
  const { type, problems } = checkTypes(parsed, known.types ?? {});
  for (const { message, offset, suggestion } of problems)
    reader.note(path, `${subject}: ${message}`, { offset: start + offset, suggestion });
  if (problems.length === 0 && !wanted.fits(type))
    reader.note(
      path,
      `${subject}: the expression gives ${describeType(type)}: want ${wanted.words}`,
      {
        offset: start,
      },
    );
  return type;
}

/** Every `${…}` in the strings of a value; `schema` is that of the value. */
export function noteTemplates(
  reader: Reader,
  path: Path,
  subject: string,
  value: JsonValue,
  known: KnownNames,
  schema?: JsonSchema,
): void {
  noteInside(reader, { subject, known, base: path }, path, value, schema);
}

interface About {
  readonly subject: string;
  readonly known: KnownNames;
  readonly base: Path;
}

function noteInside(
  reader: Reader,
  about: About,
  path: Path,
  value: JsonValue,
  schema: JsonSchema | undefined,
): void {
  if (typeof value === "string") return noteText(reader, about, path, value, schema);
  if (typeof value !== "object" || value === null) return;
  const entries: [string | number, JsonValue][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  for (const [step, item] of entries)
    noteInside(reader, about, [...path, step], item, schemaInside(schema, step));
}

function noteText(
  reader: Reader,
  { subject, known, base }: About,
  path: Path,
  text: string,
  schema: JsonSchema | undefined,
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
  const wanted = parsed.value.length === 1 ? inPlace(schema) : inText;
  for (const part of parsed.value)
    if ("expression" in part)
      noteParsed(
        reader,
        path,
        { subject: where, known, start: part.offset, wanted },
        part.expression,
      );
}

/** A string that is one `${…}` keeps its type, in a longer one the value becomes text. */
const inPlace = (schema: JsonSchema | undefined): Wanted => ({
  fits: (type) => typeFits(schema, type),
  words: schema === undefined ? "" : describe(schema),
});
const inText: Wanted = {
  fits: (type) => type.kind === "any" || (type.kind === "scalar" && type.name !== "null_type"),
  words: "text or a number inside of a text",
};
