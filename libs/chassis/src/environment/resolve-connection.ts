// Connections with their secrets, resolved only in the process that uses them, and at each use: a rotated secret
// file is seen by the next attempt.
// Invariants:
//   N1. What a secret field resolved to is masked wherever this process would show it, and so is the password in any
//       address.
//   N2. What is given out is what the type wants: a port is a port, also behind a reference.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { ConnectionField, ConnectionTypeName, connectionTypes } from "@chasqui/contracts";
import { suggest } from "@chasqui/dag/text";
import { maskPasswordOf, maskSecrets } from "../secrets.ts";
import {
  holdsPassword,
  looksLikeReference,
  readField,
  wantOf,
  type Scalar,
} from "./connection-field.ts";
import type { EnvironmentFile } from "./environment-file.ts";

/** A connection that is not there, or that cannot be resolved. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

type FieldsOf<T extends ConnectionTypeName> = (typeof connectionTypes)[T]["fields"];
type ValueOf<F> = F extends { is: "port" | "integer" }
  ? number
  : F extends { is: "flag" }
    ? boolean
    : F extends { is: "choice"; choices: readonly (infer W)[] }
      ? W
      : string;

/** What a connection of a type of Chasqui's own resolves to. */
export type ConnectionOf<T extends ConnectionTypeName> = { readonly type: T } & {
  readonly [K in keyof FieldsOf<T>]: FieldsOf<T>[K] extends { required: true }
    ? ValueOf<FieldsOf<T>[K]>
    : ValueOf<FieldsOf<T>[K]> | undefined;
};

/** The values of a connection of this very type, references resolved. */
export function connectionOf<T extends ConnectionTypeName>(
  file: EnvironmentFile,
  name: string,
  type: T,
  env: NodeJS.ProcessEnv,
): ConnectionOf<T> {
  const spec = specOf(file, name);
  if (spec.type !== type)
    throw new ConnectionError(
      `connection ${name} is of type ${JSON.stringify(spec.type)}: want ${type}`,
    );
  return resolveConnection(file, name, env) as ConnectionOf<T>; // each value was read as its field wants it
}

/** Throws a ConnectionError that names the nearest when there is none of this name. */
export const connectionTypeOf = (file: EnvironmentFile, name: string): string =>
  specOf(file, name).type;

/** The same for a type of one's own. */
export function resolveConnection(
  file: EnvironmentFile,
  name: string,
  env: NodeJS.ProcessEnv,
): Record<string, Scalar> {
  const { type, ...spec } = specOf(file, name);
  const fields = file.connectionTypes[type]?.fields ?? {};
  const problems: string[] = [];
  const values: Record<string, Scalar> = { type };
  for (const [key, written] of Object.entries(spec)) {
    const field: ConnectionField = fields[key] ?? { is: "text", about: key, secret: true };
    const resolved = looksLikeReference(written)
      ? resolveReference(written, file.path, env)
      : written;
    if (resolved === undefined) {
      problems.push(`${key} is ${String(written)}, which is not there or empty`);
      continue;
    }
    maskField(field, resolved);
    const value = readField(field, resolved);
    if (value === undefined)
      problems.push(`${key}, ${String(written)}, is no good: ${wantOf(field)}`);
    else values[key] = value;
  }
  if (problems.length > 0)
    throw new ConnectionError(`connection ${name} of ${file.path}: ${problems.join("; ")}`);
  return values;
}

function specOf(file: EnvironmentFile, name: string): EnvironmentFile["connections"][string] {
  const spec = Object.hasOwn(file.connections, name) ? file.connections[name] : undefined;
  if (spec !== undefined) return spec;
  const hint = suggest(name, Object.keys(file.connections)) ?? "it has none";
  throw new ConnectionError(`no connection ${JSON.stringify(name)} in ${file.path}; ${hint}`);
}

function maskField(field: ConnectionField, value: Scalar): void {
  if (typeof value !== "string") return;
  if (field.secret === true || (field.is === "address" && holdsPassword(value)))
    maskSecrets([value]);
  if (field.is === "address") maskPasswordOf(value);
}

/** Undefined when there is nothing behind it. */
function resolveReference(
  text: string,
  filePath: string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (text.startsWith("env:")) return env[text.slice(4)] || undefined;
  try {
    const file = path.resolve(path.dirname(filePath), text.slice(5));
    return readFileSync(file, "utf8").replace(/\r?\n$/, "") || undefined;
  } catch {
    return undefined;
  }
}
