// Checks a JSON value against a JSON Schema and says what is wrong in the author's words.
// Invariants:
//   S1. Never throws, for any value and any schema that `check-schema.ts` accepts.
//   S2. With `templates`, a string with `${…}` is judged only by what it can still become.
import type { JsonSchema, JsonSchemaType } from "@chasqui/contracts";
import type { JsonValue } from "@bufbuild/protobuf";
import { containsTemplate, isWholeTemplate } from "../cel/template.ts";
import { kindOf } from "../cel/explain-error.ts";
import { quote, suggest } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { checkFormat, matchesPattern } from "./formats.ts";

export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** Where: at the key (an unknown field) or at the value. */
  readonly at?: "key" | "value";
  /** Characters into the string. */
  readonly offset?: number;
  readonly suggestion?: string;
}

export interface CheckOptions {
  /** Strings may hold `${…}`, to be rendered later. */
  readonly templates: boolean;
  /** Expressions gave it: a field that is null is absent, and a scalar may stand for its text (`x-scalar`). */
  readonly rendered?: {
    /** Texts that stand for what is not known; what holds one is not judged. */
    readonly placeholders: readonly string[];
  };
  /** In place of the matching that is safe with patterns of anybody's, and slow. */
  readonly matches?: (pattern: string, text: string) => boolean;
}

export function checkValue(
  schema: JsonSchema,
  value: JsonValue,
  options: CheckOptions,
  path: Path = [],
): Finding[] {
  if (options.templates && typeof value === "string" && isWholeTemplate(value)) return [];
  if (options.rendered !== undefined && isTaken(schema, value, options.rendered)) return [];
  const union = schema.oneOf ?? schema.anyOf;
  if (union !== undefined && schema.properties === undefined)
    return checkUnion(union, value, options, path);
  const wrong = wrongType(schema, value, path);
  if (wrong !== undefined) return [wrong];
  if (options.templates && typeof value === "string" && containsTemplate(value)) return [];
  const notAllowed = checkEnum(schema, value, path);
  if (notAllowed.length > 0) return notAllowed;
  if (typeof value === "string") return checkText(schema, value, options, path);
  if (typeof value === "number") return checkNumber(schema, value, path);
  if (Array.isArray(value)) return checkList(schema, value, options, path);
  if (typeof value === "object" && value !== null) return checkMap(schema, value, options, path);
  return [];
}

/** What a runner reads, or nobody can judge yet. */
function isTaken(
  schema: JsonSchema,
  value: JsonValue,
  { placeholders }: NonNullable<CheckOptions["rendered"]>,
): boolean {
  if (typeof value === "string") return placeholders.some((text) => value.includes(text));
  const isScalar = typeof value === "number" || typeof value === "boolean";
  return isScalar && schema["x-scalar"] === true;
}

/** The branch that fits best: its findings say most about what was meant. */
function checkUnion(
  branches: readonly JsonSchema[],
  value: JsonValue,
  options: CheckOptions,
  path: Path,
): Finding[] {
  let best: Finding[] | undefined;
  for (const branch of branches) {
    const findings = checkValue(branch, value, options, path);
    if (findings.length === 0) return [];
    const rank = (list: readonly Finding[]): number => Math.max(...list.map((f) => f.path.length));
    if (best === undefined || rank(findings) > rank(best)) best = findings;
  }
  const atTop = best?.length === 1 && best[0]?.path.length === path.length;
  if (best !== undefined && !atTop) return best;
  const wanted = branches.map(describe).join(" or ");
  return [{ path, message: `${showValue(value)}: want ${wanted}` }];
}

function wrongType(schema: JsonSchema, value: JsonValue, path: Path): Finding | undefined {
  if (schema.type === undefined) return undefined;
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  if (types.some((type) => hasType(type, value))) return undefined;
  const onlyText = types.length === 1 && types[0] === "string";
  const scalar = typeof value === "number" || typeof value === "boolean";
  return {
    path,
    message: `${showValue(value)} is ${kindOf(value)}: want ${describe(schema)}`,
    ...(onlyText && scalar ? { suggestion: `put it in quotes: "${String(value)}"` } : {}),
  };
}

function hasType(type: JsonSchemaType, value: JsonValue): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function checkEnum(schema: JsonSchema, value: JsonValue, path: Path): Finding[] {
  const allowed = schema.const !== undefined ? [schema.const] : schema.enum;
  if (allowed === undefined) return [];
  const written = JSON.stringify(value);
  if (allowed.some((item) => JSON.stringify(item) === written)) return [];
  const texts = allowed.filter((item) => typeof item === "string");
  const suggestion = typeof value === "string" ? suggest(value, texts) : undefined;
  const near = suggestion?.startsWith("did you mean") === true;
  return [
    {
      path,
      message: `${showValue(value)}: want ${describe(schema)}`,
      ...(near ? { suggestion } : {}),
    },
  ];
}

function checkText(
  schema: JsonSchema,
  value: string,
  { matches = matchesPattern }: CheckOptions,
  path: Path,
): Finding[] {
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength)
    return [
      {
        path,
        message:
          length === 0 ? "is empty" : `has ${length} characters: want at least ${schema.minLength}`,
      },
    ];
  if (schema.maxLength !== undefined && length > schema.maxLength)
    return [{ path, message: `has ${length} characters: want at most ${schema.maxLength}` }];
  if (schema.pattern !== undefined && !matches(schema.pattern, value))
    return [{ path, message: `${quote(value)}: want ${describe(schema)}` }];
  if (schema.format === undefined) return [];
  const wrong = checkFormat(schema, value);
  return wrong === undefined ? [] : [{ path, ...wrong }];
}

function checkNumber(schema: JsonSchema, value: number, path: Path): Finding[] {
  const { minimum, maximum } = schema;
  const low = minimum !== undefined && value < minimum;
  const high = maximum !== undefined && value > maximum;
  return low || high ? [{ path, message: `${value}: want ${describe(schema)}` }] : [];
}

function checkList(
  schema: JsonSchema,
  value: readonly JsonValue[],
  options: CheckOptions,
  path: Path,
): Finding[] {
  const findings = checkCount(value.length, "item", schema.minItems, schema.maxItems, path);
  const { items } = schema;
  if (items !== undefined)
    for (const [index, item] of value.entries())
      findings.push(...checkValue(items, item, options, [...path, index]));
  if (schema.uniqueItems === true) {
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const written = JSON.stringify(item);
      if (seen.has(written))
        findings.push({ path: [...path, index], message: `${showValue(item)} is there twice` });
      seen.add(written);
    }
  }
  return findings;
}

function checkMap(
  schema: JsonSchema,
  value: Readonly<Record<string, JsonValue>>,
  options: CheckOptions,
  path: Path,
): Finding[] {
  const { properties = {}, required = [], additionalProperties = true, propertyNames } = schema;
  if (options.rendered !== undefined) {
    const given = Object.entries(value).filter(
      ([key, item]) => item !== null || !Object.hasOwn(properties, key),
    );
    if (given.length < Object.keys(value).length)
      return checkMap(schema, Object.fromEntries(given), options, path);
  }
  const count = Object.keys(value).length;
  const findings = checkCount(count, "field", schema.minProperties, schema.maxProperties, path);
  for (const name of required)
    if (!Object.hasOwn(value, name)) {
      const known = properties[name]?.description;
      const about = known === undefined ? "" : ` (${known})`;
      findings.push({ path, at: "key", message: `field ${quote(name)}${about} is missing` });
    }
  findings.push(...checkChoice(schema, value, path));
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, key];
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property !== undefined) findings.push(...checkValue(property, item, options, at));
    else if (additionalProperties === false)
      findings.push(unknownField(key, Object.keys(properties), at));
    else {
      if (propertyNames !== undefined)
        for (const finding of checkText(propertyNames, key, options, at))
          findings.push({ ...finding, path: at, at: "key", message: `key ${finding.message}` });
      if (typeof additionalProperties === "object")
        findings.push(...checkValue(additionalProperties, item, options, at));
    }
  }
  return findings;
}

/** Beside `properties`, branches say which fields go together: `oneOf: [{required: [a]}, {required: [b]}]`. */
function checkChoice(
  { oneOf, anyOf, properties }: JsonSchema,
  value: Readonly<Record<string, JsonValue>>,
  path: Path,
): Finding[] {
  const branches = properties === undefined ? [] : (oneOf ?? anyOf ?? []);
  const words = branches.map(({ required = [] }) => required);
  const given = words.filter((names) => names.every((name) => Object.hasOwn(value, name)));
  const tooMany = oneOf !== undefined && given.length > 1;
  if (branches.length === 0 || (given.length > 0 && !tooMany)) return [];
  const list = (some: readonly (readonly string[])[], joint: string): string =>
    some.map((names) => names.map(quote).join(" with ")).join(joint);
  const message = tooMany
    ? `fields ${list(given, " and ")} exclude each other`
    : `has none of the fields ${list(words, ", ")}: want one`;
  return [{ path, at: "key", message }];
}

export function unknownField(key: string, known: readonly string[], path: Path): Finding {
  const suggestion = suggest(key, known);
  return {
    path,
    at: "key",
    message: `unknown field ${quote(key)}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function checkCount(
  count: number,
  what: string,
  min: number | undefined,
  max: number | undefined,
  path: Path,
): Finding[] {
  const plural = (n: number): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  if (min !== undefined && count < min)
    return [{ path, message: `has ${plural(count)}: want at least ${plural(min)}` }];
  if (max !== undefined && count > max)
    return [{ path, message: `has ${plural(count)}: want at most ${plural(max)}` }];
  return [];
}

const TYPE_WORDS: Readonly<Record<JsonSchemaType, string>> = {
  object: "a map",
  array: "a list",
  string: "text",
  integer: "an integer",
  number: "a number",
  boolean: "true or false",
  null: "null",
};

/** What a schema wants, in a few words. */
export function describe(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined)
    return `one of ${schema.enum.map((e) => (typeof e === "string" ? e : JSON.stringify(e))).join(", ")}`;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const words = types.map((type) => TYPE_WORDS[type]).join(" or ") || "another value";
  const range = [
    ...(schema.minimum === undefined ? [] : [`≥ ${schema.minimum}`]),
    ...(schema.maximum === undefined ? [] : [`≤ ${schema.maximum}`]),
  ].join(" and ");
  const pattern = schema.pattern === undefined ? "" : ` that matches ${schema.pattern}`;
  return `${words}${range === "" ? "" : ` ${range}`}${pattern}`;
}

/** A value in a message: short, one line. */
export function showValue(value: JsonValue): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "a map";
  return quote(String(value));
}
