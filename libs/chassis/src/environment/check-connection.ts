// Is a connection of the environment file what its type wants? Secrets are judged by being references, never shown.
import type { ConnectionField, ConnectionType } from "@chasqui/contracts";
import { nearest, quote } from "@chasqui/dag/text";
import {
  REFERENCE_WANT,
  type Scalar,
  holdsPassword,
  isReference,
  looksLikeReference,
  readField,
  wantOf,
} from "./connection-field.ts";

/** Something wrong, at a path of the file. */
export interface Flaw {
  readonly path: readonly PropertyKey[];
  readonly at: "key" | "value";
  readonly message: string;
  readonly suggestion?: string | undefined;
}

export type ConnectionTypes = Readonly<Record<string, ConnectionType>>;

export function checkConnection(
  name: string,
  spec: Readonly<Record<string, Scalar>>,
  types: ConnectionTypes,
): Flaw[] {
  const path = ["connections", name];
  const { type: typeName, ...values } = spec;
  if (typeName === undefined) {
    const message = `connection ${quote(name)} has no \`type\``;
    return [{ path, at: "key", message, suggestion: knownTypes(types) }];
  }
  const type = Object.hasOwn(types, String(typeName)) ? types[String(typeName)] : undefined;
  if (type === undefined) return [unknownType(path, String(typeName), types)];
  const subject = `connection ${quote(name)} (${String(typeName)})`;
  const flaws: Flaw[] = [];
  for (const [key, value] of Object.entries(values)) {
    const field = Object.hasOwn(type.fields, key) ? type.fields[key] : undefined;
    const wrong =
      field === undefined
        ? unknownField(path, subject, key, type)
        : checkValue([...path, key], `${subject}: ${quote(key)}`, field, value);
    if (wrong !== undefined) flaws.push(wrong);
  }
  return [...flaws, ...missingFields(path, subject, values, type)];
}

const knownTypes = (types: ConnectionTypes): string =>
  `known: ${Object.keys(types).sort().join(", ")}`;

function unknownType(path: readonly PropertyKey[], written: string, types: ConnectionTypes): Flaw {
  const near = nearest(written, Object.keys(types));
  const own = "types of your own are declared under `connection_types`";
  return {
    path: [...path, "type"],
    at: "value",
    message: `connection ${quote(String(path.at(-1)))}: type ${quote(written)}: no such type`,
    suggestion:
      near === undefined ? `${knownTypes(types)}; ${own}` : `did you mean ${quote(near)}?`,
  };
}

function unknownField(
  path: readonly PropertyKey[],
  subject: string,
  key: string,
  { fields }: ConnectionType,
): Flaw {
  const near = nearest(key, Object.keys(fields));
  return {
    path: [...path, key],
    at: "key",
    message: `${subject} has no field ${quote(key)}`,
    suggestion:
      near === undefined
        ? `known: ${Object.keys(fields).join(", ")}`
        : `did you mean ${quote(near)}?`,
  };
}

function checkValue(
  path: readonly PropertyKey[],
  subject: string,
  field: ConnectionField,
  value: Scalar,
): Flaw | undefined {
  if (isReference(value)) return undefined;
  const flaw = (shown: string, want: string): Flaw => ({
    path,
    at: "value",
    message: `${subject} is ${shown}: ${want}`,
  });
  if (field.secret === true)
    return flaw("a literal", `${REFERENCE_WANT}: no secret is in this file`);
  if (looksLikeReference(value)) return flaw(quote(value), REFERENCE_WANT);
  if (field.is === "address" && holdsPassword(value))
    return flaw("a literal with a password in it", `${REFERENCE_WANT}: no secret is in this file`);
  if (readField(field, value) !== undefined) return undefined;
  return flaw(quote(String(value)), `${wantOf(field)}, or a reference, env:NAME or file:path`);
}

function missingFields(
  path: readonly PropertyKey[],
  subject: string,
  values: Readonly<Record<string, Scalar>>,
  { fields, oneOf }: ConnectionType,
): Flaw[] {
  const flaws = Object.entries(fields)
    .filter(([key, field]) => field.required === true && values[key] === undefined)
    .map(([key, { about }]): Flaw => ({
      path,
      at: "key",
      message: `${subject} has no ${quote(key)}`,
      suggestion: `${key}: ${about}`,
    }));
  const isWhole = (group: readonly string[]): boolean =>
    group.every((key) => values[key] !== undefined);
  if (oneOf !== undefined && !oneOf.some(isWhole)) {
    const ways = oneOf.map((group) => group.map(quote).join(", "));
    flaws.push({ path, at: "key", message: `${subject}: want ${ways.join(", or all of ")}` });
  }
  return flaws;
}
