// `for_each`: one instance for each item of a list. Short forms are a `${…}`, a CEL text and a list of values:
//   for_each: ${tasks.list.output.files}
//   for_each: [bogota, medellin]
//   for_each: { zip: { day: …, file: … }, parallel: 10, label: "${item.day}" }
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ForEachMode, ForEachSchema } from "@chasqui/contracts";
import type { ForEach } from "@chasqui/contracts";
import type { KnownNames } from "../cel/check-names.ts";
import { checkTypes } from "../cel/check-types.ts";
import { parseExpression } from "../cel/expression.ts";
import { isWholeTemplate } from "../cel/template.ts";
import { any, mapOf } from "../cel/types.ts";
import type { Type } from "../cel/types.ts";
import { limits } from "../limits.ts";
import { quote } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { noteList, noteTemplates } from "./check-expressions.ts";
import { readMap, readNumber, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { forEachFields } from "./words.ts";

export interface ForEachNames {
  /** For the lists themselves. */
  readonly lists: KnownNames;
  /** For the label, given the type of `item`. */
  readonly instance: (item: Type) => KnownNames;
}

const LIST_NAME = /^[a-z][a-z0-9_]{0,62}$/;

export function readForEach(
  reader: Reader,
  path: Path,
  name: string,
  value: JsonValue | undefined,
  names: ForEachNames,
): ForEach | undefined {
  if (value === undefined) return undefined;
  const what = `${name}: for_each`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const list = readOne(reader, path, what, value, names.lists);
    return create(ForEachSchema, { lists: [{ in: list }], mode: ForEachMode.LIST });
  }
  const fields = readMap(reader, path, value, what, forEachFields) ?? {};
  const { parallel, label, max } = fields;
  const count = (field: "parallel" | "max", given: JsonValue | undefined, most: number): number =>
    readNumber(reader, [...path, field], given, `${what} ${field}`, {
      min: 1,
      max: most,
      integer: true,
    }) ?? 0;
  const forEach = create(ForEachSchema, {
    ...readLists(reader, path, what, fields, names.lists),
    parallel: count("parallel", parallel, limits.activeTasksMax),
    itemsMax: count("max", max, limits.itemsMax) || limits.itemsDefault,
  });
  const labelPath = [...path, "label"];
  const text = readText(reader, labelPath, label, `${what} label`, { want: "a text with ${…}" });
  if (text === undefined) return forEach;
  const known = names.instance(itemType(forEach, names.lists));
  noteTemplates(reader, labelPath, `${what} label`, text, known);
  return { ...forEach, label: text };
}

/** The type of `item`, as far as it is known before the lists are. */
export function itemType({ lists, mode }: ForEach, { types = {} }: KnownNames): Type {
  const items = lists.map(({ name, in: text }): [string, Type] => {
    const parsed = parseExpression(text);
    const type = parsed.ok ? checkTypes(parsed.value.parsed, types).type : any;
    return [name, type.kind === "list" ? type.of : any];
  });
  const single = mode !== ForEachMode.ZIP && mode !== ForEachMode.PRODUCT;
  return single ? (items[0]?.[1] ?? any) : mapOf(Object.fromEntries(items));
}

const combined = { zip: ForEachMode.ZIP, product: ForEachMode.PRODUCT } as const;

function readLists(
  reader: Reader,
  path: Path,
  what: string,
  fields: Readonly<Record<string, JsonValue | undefined>>,
  known: KnownNames,
) {
  const given = (["in", "zip", "product"] as const).filter((word) => fields[word] !== undefined);
  const [word] = given;
  if (word === undefined || given.length > 1) {
    const has = given.length === 0 ? "no list" : given.join(" and ");
    reader.note(path, `${what} has ${has}: want one of in, zip or product`, { at: "key" });
    return {};
  }
  const at = [...path, word];
  const value = fields[word];
  if (word === "in" || value === undefined)
    return {
      lists: [{ in: readOne(reader, at, `${what} in`, value ?? null, known) }],
      mode: ForEachMode.LIST,
    };
  const map = readMap(reader, at, value, `${what} ${word}`) ?? {};
  const names = Object.keys(map).sort();
  if (names.length < 2 || names.length > limits.listsMax)
    reader.note(
      at,
      `${what} ${word} has ${names.length === 1 ? "1 list" : `${names.length} lists`}: want 2..${limits.listsMax}`,
      names.length === 1 ? { suggestion: "one list by itself is written in:" } : {},
    );
  if (word === "zip") noteLengths(reader, at, what, map);
  return {
    lists: names.map((list) => readNamed(reader, at, what, list, map[list], known)),
    mode: combined[word],
  };
}

/** Lists whose items are written down are known to differ before any run. */
function noteLengths(reader: Reader, at: Path, what: string, map: JsonObject): void {
  const written = Object.entries(map).flatMap(([name, list]) =>
    Array.isArray(list) ? [{ name, length: list.length }] : [],
  );
  if (new Set(written.map(({ length }) => length)).size < 2) return;
  const has = written.map(({ name, length }) => `${name} has ${length}`).join(", ");
  reader.note(at, `${what} zip: lists of one length are wanted: ${has}`);
}

function readNamed(
  reader: Reader,
  at: Path,
  what: string,
  list: string,
  value: JsonValue | undefined,
  known: KnownNames,
) {
  const path = [...at, list];
  if (!LIST_NAME.test(list))
    reader.note(
      path,
      `${what}: ${quote(list)}: want a name for item.<name>: lower-case letters, digits or _`,
      { at: "key" },
    );
  return { name: list, in: readOne(reader, path, `${what} ${list}`, value ?? null, known) };
}

/** One list as CEL. */
function readOne(
  reader: Reader,
  path: Path,
  what: string,
  value: JsonValue,
  known: KnownNames,
): string {
  if (Array.isArray(value)) return readLiteral(reader, path, what, value, known);
  const text = readText(reader, path, value, what, {
    want: "a list, or an expression that gives one",
    charsMax: limits.expressionCharsMax,
  });
  if (text === undefined) return "";
  const whole = isWholeTemplate(text);
  if (!whole && text.includes("${")) {
    reader.note(path, `${what}: ${quote(text)} is text: want one \${…} that gives a list`);
    return "";
  }
  const expression = whole ? text.slice(2, -1) : text;
  noteList(reader, path, what, expression, known, whole ? 2 : 0);
  return expression.trim();
}

/** JSON is CEL, but for the `${…}` in its texts. */
function readLiteral(
  reader: Reader,
  path: Path,
  what: string,
  list: JsonValue[],
  known: KnownNames,
): string {
  const before = reader.problems.length;
  noteTemplates(reader, path, what, list, known);
  const text = celOf(list);
  if (text === undefined)
    reader.note(path, `${what}: a text in a list is plain or one \${…} as a whole`);
  else if (text.length > limits.expressionCharsMax)
    reader.note(
      path,
      `${what} has ${text.length} characters: want at most ${limits.expressionCharsMax}`,
      { suggestion: "let a task upstream give the list as its output" },
    );
  else if (reader.problems.length === before) noteList(reader, path, what, text, known, 0);
  return text ?? "";
}

function celOf(value: JsonValue): string | undefined {
  if (typeof value === "string" && value.includes("${"))
    return isWholeTemplate(value) ? `(${value.slice(2, -1).trim()})` : undefined;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const list = Array.isArray(value);
  const items = list
    ? value.map(celOf)
    : Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => {
          const text = celOf(item);
          return text === undefined ? undefined : `${JSON.stringify(key)}: ${text}`;
        });
  if (items.includes(undefined)) return undefined;
  return list ? `[${items.join(", ")}]` : `{${items.join(", ")}}`;
}
