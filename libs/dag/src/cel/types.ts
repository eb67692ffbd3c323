// Types of expressions, as far as they are known before anything runs. `any` fits everything: most of what tasks say
// is known only then.
import type { CelType } from "@bufbuild/cel";
import type { JsonValue } from "@bufbuild/protobuf";

export type Type =
  | { readonly kind: "any" }
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "list"; readonly of: Type }
  /** Fields by name; `rest` is the type of all others, absent when there are none. */
  | { readonly kind: "map"; readonly fields: Readonly<Record<string, Type>>; readonly rest?: Type };

export const any: Type = { kind: "any" };
const scalar = (name: string): Type => ({ kind: "scalar", name });
export const text = scalar("string");
export const bool = scalar("bool");
export const int = scalar("int");
export const double = scalar("double");
export const nothing = scalar("null_type");
export const listOf = (of: Type): Type => ({ kind: "list", of });
export const mapOf = (fields: Readonly<Record<string, Type>>, rest?: Type): Type => ({
  kind: "map",
  fields,
  ...(rest === undefined ? {} : { rest }),
});

export function typeOfCel(type: CelType): Type {
  if (type.kind === "list") return listOf(typeOfCel(type.element));
  if (type.kind === "map") return mapOf({}, typeOfCel(type.value));
  return type.name === "dyn" ? any : scalar(type.name);
}

/** May a value of the one type be used where the other is wanted? */
export function fits(type: Type, wanted: Type): boolean {
  if (type.kind === "any" || wanted.kind === "any") return true;
  if (type.kind === "scalar") return wanted.kind === "scalar" && type.name === wanted.name;
  return type.kind === wanted.kind;
}

/** What two branches give. */
export function either(a: Type, b: Type): Type {
  if (a.kind === "list" && b.kind === "list") return listOf(either(a.of, b.of));
  return JSON.stringify(a) === JSON.stringify(b) ? a : any;
}

export const eitherOf = (types: readonly Type[]): Type =>
  types.length === 0 ? any : types.reduce(either);

const NUMBERS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

/** Can the two ever be equal? Null may stand for what is missing, and numbers of any kind compare. */
export function canEqual(a: Type, b: Type): boolean {
  if (fits(a, b) || [a, b].some((type) => type.kind === "scalar" && type.name === "null_type"))
    return true;
  return [a, b].every((type) => type.kind === "scalar" && NUMBERS.has(type.name));
}

const WORDS: Readonly<Record<string, string>> = {
  string: "text",
  bool: "true or false",
  int: "an integer",
  uint: "an unsigned integer",
  double: "a number",
  null_type: "null",
  bytes: "bytes",
  type: "a type",
  "google.protobuf.Timestamp": "an instant",
  "google.protobuf.Duration": "a duration",
};

/** As people say it. */
export function describeType(type: Type): string {
  if (type.kind === "scalar") return WORDS[type.name] ?? type.name;
  return type.kind === "any" ? "anything" : type.kind === "list" ? "a list" : "a map";
}

/** What a JSON Schema promises: of parameters, forms, outputs. */
export function typeOfSchema(schema: JsonValue | undefined): Type {
  if (!isMap(schema)) return any;
  const { type, properties, items, additionalProperties } = schema;
  switch (type) {
    case "string":
      return text;
    case "boolean":
      return bool;
    case "integer":
      return int;
    case "array":
      return listOf(typeOfSchema(items));
    case "object": {
      const fields = isMap(properties)
        ? Object.entries(properties).map(([name, inner]) => [name, typeOfSchema(inner)] as const)
        : [];
      const rest = additionalProperties === false ? undefined : typeOfSchema(additionalProperties);
      return mapOf(Object.fromEntries(fields), rest);
    }
    default:
      return any; // a JSON number is an int or a double, and a parameter may be absent
  }
}

const isMap = (value: JsonValue | undefined): value is { [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
