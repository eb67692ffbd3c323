// environments/<env>.yaml: what differs between installations, as checked data. One file is read by every service
// and by the CLI; DAG files are the same everywhere.
// Invariants:
//   V1. All that is wrong is told at once, each with file, line and column.
//   V2. A secret is never in the file: passwords, tokens and keys are references (env:NAME, file:path).
import { readFileSync } from "node:fs";
import path from "node:path";
import { isNode, LineCounter, parseDocument, type Document } from "yaml";
import * as z from "zod/mini";

export type Scalar = string | number | boolean;
export type Json = null | Scalar | readonly Json[] | { readonly [key: string]: Json };

/** A connection as the file has it: references not yet resolved. */
export type ConnectionSpec = Readonly<Record<string, Scalar>> & { readonly type: string };

export interface EnvironmentFile {
  /** Where it was read; relative file: references start there. */
  readonly path: string;
  readonly sources: readonly string[];
  /** Custom runners, each with its task kinds. */
  readonly runners: Readonly<Record<string, readonly string[]>>;
  readonly vars: Readonly<Record<string, Json>>;
  readonly connections: Readonly<Record<string, ConnectionSpec>>;
}

export class EnvironmentFileError extends Error {
  override readonly name = "EnvironmentFileError";
}

const text = (want: string) => z.string(want).check(z.minLength(1, want));
const like = (pattern: RegExp, want: string) => z.string(want).check(z.regex(pattern, want));

const REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;
const reference = like(REFERENCE, "want env:NAME or file:path");
const name = like(/^[a-z][a-z0-9-]{0,62}$/, "want lower-case letters, digits and -");
const kind = like(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/, 'want a task kind like "bench.noop"');
const scalar = z.union([z.string(), z.number(), z.boolean()], "want a text, number or boolean");
const PORT = "want a port, 1 to 65535, or a reference, env:NAME or file:path";
const port = z.union(
  [z.int(PORT).check(z.minimum(1, PORT), z.maximum(65_535, PORT)), reference],
  PORT,
);
const secret = like(REFERENCE, "want env:NAME or file:path: no secret is in this file");
const PASSWORD_INSIDE = /:\/\/[^/@]*:[^/@]+@/;
const address = z.union(
  [reference, text("").check(z.refine((value) => !PASSWORD_INSIDE.test(value)))],
  "want an address without a password, or a reference, env:NAME or file:path",
);

/** What a connection of a known type needs; other keys are the using service's own. */
const knownTypes: Readonly<Record<string, z.core.$ZodShape>> = {
  postgres: { url: address },
  smtp: { host: text("want a host"), port: z.optional(port), from: text("want an address") },
  slack: { token: secret },
  kubernetes: { namespace: text("want a namespace") },
  vertex: { project: text("want a project"), location: text("want a location") },
};

const SECRET_KEY = /(^|_)(password|secret|token|api_key|private_key|credentials|kubeconfig)$/;

const connection = z
  .catchall(z.object({ type: text("want a type: postgres, smtp, slack, …") }), scalar)
  .check(({ value, issues }) => {
    const known = knownTypes[value.type] ?? {};
    const secrets = Object.keys(value).filter((key) => SECRET_KEY.test(key));
    const shape = { ...Object.fromEntries(secrets.map((key) => [key, secret])), ...known };
    for (const issue of z.safeParse(z.looseObject(shape), value).error?.issues ?? [])
      issues.push({ code: "custom", message: issue.message, path: [...issue.path], input: value });
  });

const fileSchema = z.strictObject(
  {
    sources: z._default(z.array(name, "want a list of names"), []),
    runners: z._default(
      z.record(name, z.array(kind, "want a list of task kinds"), "want runners by name"),
      {},
    ),
    vars: z._default(z.record(z.string(), z.json(), "want values by name"), {}),
    connections: z._default(z.record(name, connection, "want connections by name"), {}),
  },
  "want a mapping",
);

/** Reads and checks the file. */
export async function readEnvironmentFile(file: string): Promise<EnvironmentFile> {
  return Promise.resolve(parseEnvironmentFile(file, readText(file)));
}

export function parseEnvironmentFile(file: string, text: string): EnvironmentFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new EnvironmentFileError(
      document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message}`).join("\n"),
    );
  const content: unknown = document.toJS() ?? {};
  const checked = z.safeParse(fileSchema, content);
  if (!checked.success)
    throw new EnvironmentFileError(
      checked.error.issues
        .flatMap((issue) => problemsOf(issue, document))
        .map((problem) => `${at(offsetOf(document, problem.path))}: ${problem.text}`)
        .join("\n"),
    );
  return { path: path.resolve(file), ...checked.data };
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

function problemsOf(issue: z.core.$ZodIssue, document: Document): Problem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      text: `${key} is not known here: want sources, runners, vars or connections`,
    }));
  const where = issue.path.join(".") || "the file";
  if (issue.code === "invalid_key")
    return [{ path: issue.path, text: `${where}: ${issue.issues[0]?.message}` }];
  const value: unknown = document.getIn(issue.path);
  const last = String(issue.path.at(-1));
  const shown = SECRET_KEY.test(last) || last === "url" ? "(a literal)" : JSON.stringify(value);
  const is = value === undefined ? "is missing" : `is ${shown}`;
  return [{ path: issue.path, text: `${where} ${is}: ${issue.message}` }];
}

/** The place of a key's value; of the nearest thing around it that is there. */
function offsetOf(document: Document, keys: readonly PropertyKey[]): number {
  for (let depth = keys.length; depth >= 0; depth--) {
    const node: unknown = document.getIn(keys.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new EnvironmentFileError(
      `environment file ${file} cannot be read: want the path of environments/<env>.yaml`,
      { cause },
    );
  }
}
