// Formats and patterns of JSON Schema. Patterns are matched in linear time, because a schema may come from one
// person and the text from another.
import type { JsonSchema } from "@chasqui/contracts";
import { compileCondition } from "../cel/condition.ts";
import type { Condition } from "../cel/condition.ts";
import { checkNames } from "../cel/check-names.ts";
import { parseExpression } from "../cel/expression.ts";
import { scopeOf } from "../cel/scope.ts";
import { parseDuration } from "../text/duration.ts";
import { quote } from "../text/suggest.ts";
import { isDate } from "../time/dates.ts";
import { matchesPlainly } from "./plain-pattern.ts";

let compiled: Condition | undefined;

/** Compiled when first asked for: most schemas have no patterns. */
function matches(pattern: string, text: string): ReturnType<Condition["evaluate"]> {
  compiled ??= compileCondition("text.matches(pattern)");
  return compiled.evaluate(scopeOf({ text, pattern }));
}

/** RE2 syntax, searched anywhere in the text as JSON Schema says. A pattern that RE2 refuses matches nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  const plainly = matchesPlainly(pattern, text);
  if (plainly !== undefined) return plainly;
  const result = matches(pattern, text);
  return result.ok && result.value;
}

/** Why a pattern cannot be used; undefined when it can. */
export function patternError(pattern: string): string | undefined {
  const result = matches(pattern, "");
  return result.ok
    ? undefined
    : `pattern ${quote(pattern)} is not a regular expression (RE2 syntax)`;
}

export const knownFormats = [
  "duration",
  "cel",
  "http-url",
  "http-url-or-path",
  "date",
  "date-time",
] as const;

interface Wrong {
  readonly message: string;
  readonly offset?: number;
  readonly suggestion?: string;
}

/** What is wrong with a text of the schema's format. Unknown formats are notes for people. */
export function checkFormat(schema: JsonSchema, value: string): Wrong | undefined {
  switch (schema.format) {
    case "duration": {
      const duration = parseDuration(value);
      return duration.ok ? undefined : { message: duration.message };
    }
    case "cel":
      return checkCel(value, schema["x-variables"] ?? []);
    case "http-url":
      return isHttpUrl(value)
        ? undefined
        : { message: `${quote(value)}: want an address such as https://host/path` };
    case "http-url-or-path":
      return isHttpUrl(value) || /^\/(?!\/)/.test(value)
        ? undefined
        : {
            message: `${quote(value)}: want an address such as https://host/path, or a path below that of a connection`,
          };
    case "date":
      return isDate(value)
        ? undefined
        : { message: `${quote(value)}: want a date such as 2026-10-06` };
    case "date-time":
      return isInstant(value)
        ? undefined
        : { message: `${quote(value)}: want an instant such as 2026-10-06T19:00:00Z` };
    default:
      return undefined;
  }
}

function checkCel(text: string, variables: readonly string[]): Wrong | undefined {
  const parsed = parseExpression(text);
  if (!parsed.ok) {
    const { message, offset, suggestion } = parsed;
    return { message, offset, ...(suggestion === undefined ? {} : { suggestion }) };
  }
  return checkNames(parsed.value.names, { roots: variables })[0];
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^/]/.test(text);
}

/** RFC 3339 with an offset. */
export function isInstant(text: string): boolean {
  const shape = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;
  return shape.test(text) && isDate(text.slice(0, 10)) && Number.isFinite(Date.parse(text));
}
