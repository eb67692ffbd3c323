// Connections with their secrets, resolved only in the process that uses them, and at each use: a rotated secret
// file is seen by the next attempt.
// Invariant: what a reference resolved to is masked wherever this process would show it, except for the keys that
// are addresses and names.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { EnvironmentFile, Scalar } from "./environment-file.ts";
import { maskPasswordOf, maskSecrets } from "./secrets.ts";

/** A connection that is not there, or that cannot be resolved. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

const PUBLIC_KEYS: ReadonlySet<string> = new Set([
  "api_url",
  "domain",
  "endpoint",
  "from",
  "host",
  "location",
  "lookup_url",
  "namespace",
  "port",
  "project",
  "region",
  "tls",
  "type",
  "user",
]);

/** The values of a connection, references resolved; what a reference resolves to is a text. */
export function resolveConnection(
  file: EnvironmentFile,
  name: string,
  env: NodeJS.ProcessEnv,
): Record<string, Scalar> {
  const spec = file.connections[name];
  if (spec === undefined) {
    const known = Object.keys(file.connections).join(", ");
    throw new ConnectionError(
      `no connection ${JSON.stringify(name)} in ${file.path}: want one of ${known || "(it has none)"}`,
    );
  }
  const problems: string[] = [];
  const values: Record<string, Scalar> = {};
  for (const [key, value] of Object.entries(spec)) {
    const resolved = typeof value === "string" ? resolveReference(value, file.path, env) : value;
    if (resolved === undefined) {
      problems.push(`${key} is ${String(value)}, which is not there or empty`);
      continue;
    }
    if (resolved !== value && !PUBLIC_KEYS.has(key)) maskSecrets([String(resolved)]);
    if (typeof resolved === "string") maskPasswordOf(resolved);
    values[key] = resolved;
  }
  if (problems.length > 0)
    throw new ConnectionError(`connection ${name} of ${file.path}: ${problems.join("; ")}`);
  return values;
}

/** The text itself when it is no reference; undefined when there is nothing behind it. */
function resolveReference(
  text: string,
  filePath: string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (text.startsWith("env:")) return env[text.slice(4)] || undefined;
  if (!text.startsWith("file:")) return text;
  try {
    const file = path.resolve(path.dirname(filePath), text.slice(5));
    return readFileSync(file, "utf8").replace(/\r?\n$/, "") || undefined;
  } catch {
    return undefined;
  }
}
