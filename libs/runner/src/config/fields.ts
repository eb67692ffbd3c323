// The building blocks of a kind's configuration: each knows how to read a value and how to describe itself.
// Invariants:
//   F1. What a field accepts is what its JSON Schema says: editors, `validate` and the runner never disagree.
//   F2. Reading never throws; every problem is noted with its path, the value it had and what was wanted.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

export interface Field<T> {
  readonly schema: JsonObject;
  /** Undefined only after a problem was noted. */
  read(value: unknown, at: At): T | undefined;
  /** Taken when the value is absent; a field without it is required. */
  readonly otherwise?: { readonly value: T };
}

/** Where in the configuration one is, and what was wrong so far. */
export interface At {
  readonly path: string;
  problem(text: string): void;
  inside(key: string | number): At;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export function at(path: string, problems: string[]): At {
  return {
    path,
    problem: (text) => void problems.push(text),
    inside: (key) =>
      at(
        typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`,
        problems,
      ),
  };
}

function refuse(here: At, value: unknown, want: string): undefined {
  const shown = JSON.stringify(value) ?? String(value);
  const short = shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
  here.problem(`\`${here.path}\` is ${short}: want ${want}`);
  return undefined;
}

/** Adds what people read about the field. */
export function described<T>(description: string, field: Field<T>): Field<T> {
  return { ...field, schema: { ...field.schema, description } };
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, otherwise: { value: undefined } };
}

export function withDefault<T extends JsonValue>(field: Field<T>, value: T): Field<T> {
  return { ...field, schema: { ...field.schema, default: value }, otherwise: { value } };
}

export function text(
  options: { pattern?: RegExp; want?: string; lengthMax?: number } = {},
): Field<string> {
  const { pattern, lengthMax = 65_536 } = options;
  const want =
    options.want ??
    (pattern === undefined
      ? `a text of 1 to ${lengthMax} characters`
      : `a text like ${pattern.source}`);
  return {
    schema: {
      type: "string",
      minLength: 1,
      maxLength: lengthMax,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
    read(value, here) {
      if (typeof value !== "string" || value.length < 1 || value.length > lengthMax)
        return refuse(here, value, want);
      return pattern === undefined || pattern.test(value) ? value : refuse(here, value, want);
    },
  };
}

/** The name of a connection of one of these types, for example `postgres`. */
export function connectionName(types: readonly string[]): Field<string> {
  const named = text({ lengthMax: 63, want: "a connection's name" });
  return { ...named, schema: { ...named.schema, "x-connection": [...types] } };
}

export function oneOf<const T extends string>(choices: readonly T[]): Field<T> {
  return {
    schema: { enum: [...choices] },
    read: (value, here) =>
      choices.find((choice) => choice === value) ??
      refuse(here, value, `one of ${choices.join(", ")}`),
  };
}

export function integer(range: { min: number; max: number }): Field<number> {
  return {
    schema: { type: "integer", minimum: range.min, maximum: range.max },
    read(value, here) {
      const fits =
        typeof value === "number" &&
        Number.isInteger(value) &&
        value >= range.min &&
        value <= range.max;
      return fits ? value : refuse(here, value, `an integer in ${range.min}..${range.max}`);
    },
  };
}

export function number(range: { min: number; max: number }): Field<number> {
  return {
    schema: { type: "number", minimum: range.min, maximum: range.max },
    read: (value, here) =>
      typeof value === "number" && value >= range.min && value <= range.max
        ? value
        : refuse(here, value, `a number in ${range.min}..${range.max}`),
  };
}

export function flag(): Field<boolean> {
  return {
    schema: { type: "boolean" },
    read: (value, here) =>
      typeof value === "boolean" ? value : refuse(here, value, "true or false"),
  };
}

const DURATION = /^(\d{1,9}(ms|s|m|h|d))+$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Written `250ms`, `30s`, `5m`, `1h30m` or `1d`; read as milliseconds. */
export function duration(range: { minMs: number; maxMs: number }): Field<number> {
  const want = `a time like 250ms, 30s, 5m, 1h30m, 1d in ${range.minMs}..${range.maxMs} ms`;
  return {
    schema: { type: "string", format: "duration", pattern: DURATION.source },
    read(value, here) {
      if (typeof value !== "string" || !DURATION.test(value)) return refuse(here, value, want);
      const parts = value.matchAll(/(\d+)(ms|s|m|h|d)/g);
      const ms = [...parts].reduce(
        (sum, part) => sum + Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? 0),
        0,
      );
      return ms >= range.minMs && ms <= range.maxMs ? ms : refuse(here, value, want);
    },
  };
}

export function list<T>(item: Field<T>, options: { max: number }): Field<T[]> {
  return {
    schema: { type: "array", items: item.schema, maxItems: options.max },
    read(value, here) {
      if (!Array.isArray(value) || value.length > options.max)
        return refuse(here, value, `a list of at most ${options.max}`);
      const items = value.map((one, index) => item.read(one, here.inside(index)));
      return items.every((one) => one !== undefined) ? items : undefined;
    },
  };
}

export function map<T>(
  item: Field<T>,
  options: { key: RegExp; max: number },
): Field<Record<string, T>> {
  return {
    schema: {
      type: "object",
      additionalProperties: item.schema,
      propertyNames: { pattern: options.key.source },
      maxProperties: options.max,
    },
    read(value, here) {
      if (!isObject(value)) return refuse(here, value, "a map");
      const entries = Object.entries(value);
      if (entries.length > options.max)
        return refuse(here, entries.length, `at most ${options.max} entries`);
      const read: [string, T][] = [];
      for (const [key, one] of entries) {
        if (!options.key.test(key))
          here.problem(`\`${here.path}\`: key ${JSON.stringify(key)}: want ${options.key.source}`);
        const kept = item.read(one, here.inside(key));
        if (kept !== undefined) read.push([key, kept]);
      }
      return read.length === entries.length ? Object.fromEntries(read) : undefined;
    },
  };
}

/** A text, number or boolean, read as text: what an environment variable or a label can be. */
export function scalarText(options: { lengthMax?: number } = {}): Field<string> {
  const { lengthMax = 65_536 } = options;
  return {
    schema: { type: ["string", "number", "boolean"] },
    read(value, here) {
      const scalar =
        typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      if (!scalar || String(value).length > lengthMax)
        return refuse(here, value, `a text, number or boolean of at most ${lengthMax} characters`);
      return String(value);
    },
  };
}

/** Anything; described by a schema of somebody else's. */
export function json(schema: JsonObject = {}): Field<JsonObject> {
  return {
    schema: { type: "object", ...schema },
    read: (value, here) => (isObject(value) ? value : refuse(here, value, "a map")),
  };
}

/** A single value or a list of them. */
export function oneOrMany<T>(item: Field<T>, options: { max: number }): Field<T[]> {
  const many = list(item, options);
  return {
    schema: { anyOf: [item.schema, many.schema] },
    read(value, here) {
      if (Array.isArray(value)) return many.read(value, here);
      const one = item.read(value, here);
      return one === undefined ? undefined : [one];
    },
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
