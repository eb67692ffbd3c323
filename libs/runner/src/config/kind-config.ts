// A kind's `with`: named fields, read as a whole, with a JSON Schema that says the same.
// Invariant: either every field is right and nothing unknown is there, or one ConfigError lists all that is wrong.
import type { JsonObject } from "@bufbuild/protobuf";
import { ConfigError } from "../attempt.ts";
import { at, isObject } from "./fields.ts";
import type { At, Field, ValueOf } from "./fields.ts";

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface KindConfig<C> {
  readonly schema: JsonObject;
  /** Throws ConfigError. */
  readonly parseConfig: (config: unknown) => C;
}

export function kindConfig<const F extends Fields>(fields: F): KindConfig<ConfigOf<F>> {
  const whole = object(fields);
  return {
    schema: { $schema: "https://json-schema.org/draft/2020-12/schema", ...whole.schema },
    parseConfig(config) {
      const problems: string[] = [];
      const read = whole.read(config, at("", problems));
      if (read === undefined || problems.length > 0) throw new ConfigError(problems);
      return read;
    },
  };
}

/** Named fields as a field. */
export function object<const F extends Fields>(fields: F): Field<ConfigOf<F>> {
  const required = Object.entries(fields)
    .filter(([, field]) => field.otherwise === undefined)
    .map(([name]) => name);
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, field.schema]),
      ),
      required,
      additionalProperties: false,
    },
    read(value, here) {
      if (!isObject(value)) {
        here.problem(
          `\`${here.path === "" ? "with" : here.path}\` is ${JSON.stringify(value)}: want a map`,
        );
        return undefined;
      }
      refuseUnknown(value, fields, here);
      const entries = Object.entries(fields).map(
        ([name, field]) => [name, readField(field, value[name], here.inside(name))] as const,
      );
      return Object.fromEntries(entries) as ConfigOf<F>; // whole only if no problem was noted
    },
  };
}

function readField(field: Field<unknown>, value: unknown, here: At): unknown {
  if (value !== undefined && value !== null) return field.read(value, here);
  if (field.otherwise !== undefined) return field.otherwise.value;
  here.problem(`\`${here.path}\` is missing`);
  return undefined;
}

function refuseUnknown(value: JsonObject, fields: Fields, here: At): void {
  const known = Object.keys(fields);
  for (const key of Object.keys(value).filter((one) => !known.includes(one))) {
    const near = known.find((one) => distance(one, key) <= 2);
    const hint = near === undefined ? `known: ${known.join(", ")}` : `did you mean \`${near}\`?`;
    here.problem(`\`${here.inside(key).path}\`: no such field; ${hint}`);
  }
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
