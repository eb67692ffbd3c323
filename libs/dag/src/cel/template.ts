// Values with `${…}` in their strings.
// Invariants:
//   T1. A string that is one `${…}` keeps the type of its value; in a longer string the value becomes text.
//   T2. `$${` is a literal `${`; everything else outside of `${…}` stays as it is.
//   T3. Rendering a value without `${` gives the same value, at the cost of a look-up.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { quote } from "../text/suggest.ts";
import { kindOf } from "./explain-error.ts";
import { parseExpression } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { bad, good } from "./result.ts";
import type { Parsed, Result } from "./result.ts";
import type { Scope } from "./scope.ts";
import { celToJson } from "./values.ts";

export type Part =
  | { readonly text: string }
  | {
      readonly expression: Expression;
      /** Of the expression's text in the string. */ readonly offset: number;
    };

/** Splits a string into literal parts and expressions. */
export function parseTemplate(text: string): Parsed<readonly Part[]> {
  const parts: Part[] = [];
  let literal = "";
  let i = 0;
  while (i < text.length) {
    if (text.startsWith("$${", i)) {
      literal += "${";
      i += 3;
    } else if (text.startsWith("${", i)) {
      const start = i + 2;
      const end = endOfExpression(text, start);
      if (end === undefined)
        return {
          ok: false,
          message: "`${` without its closing `}`",
          offset: i,
          suggestion: "write $${ for a literal ${",
        };
      const parsed = parseExpression(text.slice(start, end));
      if (!parsed.ok) return { ...parsed, offset: start + parsed.offset };
      if (literal !== "") parts.push({ text: literal });
      literal = "";
      parts.push({ expression: parsed.value, offset: start });
      i = end + 1;
    } else {
      literal += text[i];
      i += 1;
    }
  }
  if (literal !== "") parts.push({ text: literal });
  return good(parts);
}

/** Where the `}` stands that closes the expression: not one in a CEL string or a nested map. */
function endOfExpression(text: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === "'" || char === '"') {
      const end = endOfString(text, i);
      if (end === undefined) return undefined;
      i = end - 1;
    } else if (char === "{") depth += 1;
    else if (char === "}") {
      if (depth === 0) return i;
      depth -= 1;
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number | undefined {
  const quoteChar = text[start] ?? "";
  const closing = text.startsWith(quoteChar.repeat(3), start) ? quoteChar.repeat(3) : quoteChar;
  const raw = /(?:^|[^A-Za-z0-9_])(?:[rR][bB]?|[bB][rR])$/.test(
    text.slice(Math.max(0, start - 3), start),
  );
  for (let i = start + closing.length; i < text.length; i++) {
    if (!raw && text[i] === "\\") i += 1;
    else if (text.startsWith(closing, i)) return i + closing.length;
  }
  return undefined;
}

const hasTemplate = (text: string): boolean => text.includes("${");

/** Is there anything to render in it? */
export function containsTemplate(value: JsonValue): boolean {
  if (typeof value === "string") return hasTemplate(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(containsTemplate);
}

/** Is the string one `${…}`, whose value may have any type? */
export function isWholeTemplate(text: string): boolean {
  if (!text.startsWith("${")) return false;
  return endOfExpression(text, 2) === text.length - 1;
}

/** Objects known to hold no `${`; the same configuration object is rendered for every run. */
const plainValues = new WeakSet<object>();

type Rendered =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly message: string; readonly path: string };

/** Renders every string of a value, deeply; the message of a failure begins with the path: `env.DAY: …`. */
export function renderValue(value: JsonValue, scope: Scope): Result<JsonValue> {
  try {
    const rendered = render(value, scope);
    if (rendered.ok) return rendered;
    const path = rendered.path.replace(/^\./, "");
    return bad(path === "" ? rendered.message : `${path}: ${rendered.message}`);
  } catch (thrown) {
    return bad(`the value cannot be rendered: ${messageOf(thrown)}`);
  }
}

function render(value: JsonValue, scope: Scope): Rendered {
  if (typeof value === "string") {
    if (!hasTemplate(value)) return good(value);
    const text = renderText(value, scope);
    return text.ok ? text : { ...text, path: "" };
  }
  if (typeof value !== "object" || value === null || plainValues.has(value)) return good(value);
  if (!containsTemplate(value)) {
    plainValues.add(value);
    return good(value);
  }
  return Array.isArray(value) ? renderList(value, scope) : renderMap(value, scope);
}

function renderList(list: readonly JsonValue[], scope: Scope): Rendered {
  const items: JsonValue[] = [];
  for (const [index, item] of list.entries()) {
    const rendered = render(item, scope);
    if (!rendered.ok) return { ...rendered, path: `[${index}]${rendered.path}` };
    items.push(rendered.value);
  }
  return good(items);
}

/** Keys are not templates. */
function renderMap(map: JsonObject, scope: Scope): Rendered {
  const entries: [string, JsonValue][] = [];
  for (const [key, item] of Object.entries(map)) {
    const rendered = render(item, scope);
    if (!rendered.ok) return { ...rendered, path: `.${key}${rendered.path}` };
    entries.push([key, rendered.value]);
  }
  return good(Object.fromEntries(entries));
}

function renderText(text: string, scope: Scope): Result<JsonValue> {
  const parsed = parseTemplate(text);
  if (!parsed.ok)
    return bad(`template ${quote(text)}: ${parsed.message} at character ${parsed.offset + 1}`);
  const [first, ...others] = parsed.value;
  if (first !== undefined && "expression" in first && others.length === 0)
    return evaluateToJson(first.expression, scope);
  let rendered = "";
  for (const part of parsed.value) {
    if ("text" in part) rendered += part.text;
    else {
      const piece = evaluateToText(part.expression, scope);
      if (!piece.ok) return piece;
      rendered += piece.value;
    }
  }
  return good(rendered);
}

function evaluateToJson(expression: Expression, scope: Scope): Result<JsonValue> {
  const value = expression.evaluate(scope);
  if (!value.ok) return value;
  const subject = `expression ${quote(expression.text)}`;
  try {
    const json = celToJson(value.value);
    return json.ok ? json : bad(`${subject}: ${json.message}`);
  } catch (thrown) {
    return bad(`${subject}: ${messageOf(thrown)}`);
  }
}

function evaluateToText(expression: Expression, scope: Scope): Result<string> {
  const json = evaluateToJson(expression, scope);
  if (!json.ok) return json;
  const { value } = json;
  if (typeof value === "string") return good(value);
  if (typeof value === "number" || typeof value === "boolean") return good(String(value));
  return bad(
    `expression ${quote(expression.text)} is ${kindOf(value)}, which cannot stand inside a text`,
  );
}

const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
