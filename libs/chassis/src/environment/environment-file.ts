// environments/<env>.yaml: what differs between installations, as checked data. One file is read by every service
// and by the CLI; DAG files are the same everywhere.
// Invariants:
//   V1. All that is wrong is told at once, each with file, line and column.
//   V2. A secret is never in the file: passwords, tokens and keys are references (env:NAME, file:path).
import type { JsonValue } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import path from "node:path";
import { connectionTypes } from "@chasqui/contracts";
import {
  formatProblem,
  quote,
  sortProblems,
  suggest,
  type Problem,
  positionsIn,
} from "@chasqui/dag/text";
import { isMap, isNode, isScalar, parseDocument, type Document } from "yaml";
import * as z from "zod/mini";
import { checkConnection, type ConnectionTypes, type Flaw } from "./check-connection.ts";
import { checkVars } from "./check-vars.ts";
import type { Scalar } from "./connection-field.ts";
import { ownTypeOf, ownTypeSchema } from "./own-types.ts";

/** A connection as the file has it: references not yet resolved. */
export type ConnectionSpec = Readonly<Record<string, Scalar>> & { readonly type: string };

export interface EnvironmentFile {
  /** Where it was read; relative file: references start there. */
  readonly path: string;
  readonly sources: readonly string[];
  /** Other accounts of the bus, each with the sources that it publishes. */
  readonly accounts: Readonly<Record<string, readonly string[]>>;
  /** Custom runners, each with its task kinds. */
  readonly runners: Readonly<Record<string, readonly string[]>>;
  readonly vars: Readonly<Record<string, JsonValue>>;
  /** Slots by the pool's name. */
  readonly pools: Readonly<Record<string, number>>;
  /** Chasqui's own and those that the file declares. */
  readonly connectionTypes: ConnectionTypes;
  readonly connections: Readonly<Record<string, ConnectionSpec>>;
  /** Names of the connections of type webhook. */
  readonly webhooks: readonly string[];
}

export class EnvironmentFileError extends Error {
  override readonly name = "EnvironmentFileError";
  /** With their places; none when the file could not be read. */
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    super(message, options);
    this.problems = problems;
  }
}

const name = z
  .string("want lower-case letters, digits and -")
  .check(z.regex(/^[a-z][a-z0-9-]{0,62}$/, "want lower-case letters, digits and -"));
const ACCOUNT_WANT = "want letters, digits, _ and -";
const account = z.string(ACCOUNT_WANT).check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, ACCOUNT_WANT));
const KIND_WANT = 'want a task kind like "bench.noop"';
const kind = z.string(KIND_WANT).check(z.regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/, KIND_WANT));
const POOL_WANT = "want lower-case letters, digits, - or _";
const poolName = z.string(POOL_WANT).check(z.regex(/^[a-z][a-z0-9_-]{0,62}$/, POOL_WANT));
const SLOTS_WANT = "want a number of slots, 0 to 10000";
const scalar = z.union([z.string(), z.number(), z.boolean()], "want a text, number or boolean");
const named = <T extends z.core.SomeType>(value: T, want: string) =>
  z._default(z.record(name, value, want), {});

const parts = {
  sources: z._default(z.array(name, "want a list of names"), []),
  accounts: z._default(
    z.record(account, z.array(name, "want a list of sources"), "want sources by account"),
    {},
  ),
  runners: named(z.array(kind, "want a list of task kinds"), "want runners by name"),
  vars: z._default(z.record(z.string(), z.json(), "want values by name"), {}),
  pools: z._default(
    z.record(
      poolName,
      z.int(SLOTS_WANT).check(z.gte(0, SLOTS_WANT), z.lte(10_000, SLOTS_WANT)),
      "want slots by pool",
    ),
    {},
  ),
  connection_types: named(ownTypeSchema, "want types by name"),
  connections: named(z.record(z.string(), scalar, "want its fields"), "want connections by name"),
};
const fileSchema = z.strictObject(parts, "want a mapping");
type Content = z.infer<typeof fileSchema>;

/** Reads and checks the file. */
export async function readEnvironmentFile(file: string): Promise<EnvironmentFile> {
  return Promise.resolve(parseEnvironmentFile(file, readText(file)));
}

export function parseEnvironmentFile(file: string, text: string): EnvironmentFile {
  const positionOf = positionsIn(text);
  const document = parseDocument(text, { prettyErrors: false });
  const problem = (offset: number, message: string, suggestion?: string): Problem => {
    const more = suggestion === undefined ? {} : { suggestion };
    return { file, ...positionOf(offset), message, severity: "error", ...more };
  };
  if (document.errors.length > 0)
    throw refusal(document.errors.map(({ pos, message }) => problem(pos[0], message)));
  const { content, flaws } = contentOf(document);
  if (content === undefined || flaws.length > 0)
    throw refusal(
      flaws.map(({ message, suggestion, ...where }) =>
        problem(offsetOf(document, where), message, suggestion),
      ),
    );
  const { connection_types: own, ...rest } = content;
  const connections = rest.connections as EnvironmentFile["connections"]; // each has a type by now
  const webhooks = Object.keys(connections).filter((one) => connections[one]?.type === "webhook");
  const types = typesWith(own);
  return { path: path.resolve(file), ...rest, connections, connectionTypes: types, webhooks };
}

function refusal(problems: readonly Problem[]): EnvironmentFileError {
  const sorted = sortProblems(problems);
  return new EnvironmentFileError(sorted.map(formatProblem).join("\n"), sorted);
}

/** What is right in its form is checked further, so that no flaw hides another. */
function contentOf(document: Document): { content: Content | undefined; flaws: Flaw[] } {
  const value: unknown = document.toJS() ?? {};
  const checked = z.safeParse(fileSchema, value);
  const issues = checked.success ? [] : checked.error.issues;
  const {
    connection_types: own,
    connections,
    vars,
    runners,
  } = fileSchema.parse(issues.length === 0 ? value : withoutFlaws(value, issues));
  const types = typesWith(own);
  const isJudgeable = ({ type }: Readonly<Record<string, Scalar>>): boolean =>
    Object.hasOwn(types, String(type)) || !isNamed(value, "connection_types", String(type));
  const flaws = [
    ...issues.flatMap((issue) => flawsOf(issue, document)),
    ...Object.entries(own).flatMap(([type, form]) => checkOwnType(type, form.used_by, runners)),
    ...Object.entries(connections).flatMap(([one, spec]) =>
      isJudgeable(spec) ? checkConnection(one, spec, types) : [],
    ),
    ...checkVars(vars),
  ];
  return { content: checked.data, flaws };
}

/** The file's value without the entries that its form refuses. */
function withoutFlaws(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (!isRecord(value)) return {};
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    if (!Object.hasOwn(parts, key)) return [];
    const about = issues.filter(({ path: at }) => at[0] === key);
    if (about.length === 0) return [[key, part]];
    if (!isRecord(part)) return [];
    const isGood = (one: string): boolean =>
      !about.some(({ path: at }) => at.length < 2 || at[1] === one);
    return [[key, Object.fromEntries(Object.entries(part).filter(([one]) => isGood(one)))]];
  });
  return Object.fromEntries(entries);
}

function isNamed(value: unknown, part: string, one: string): boolean {
  const all: unknown = isRecord(value) ? value[part] : undefined;
  return isRecord(all) && Object.hasOwn(all, one);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function typesWith(own: Content["connection_types"]): ConnectionTypes {
  const entries = Object.entries(own).map(([type, form]) => [type, ownTypeOf(form)] as const);
  return { ...Object.fromEntries(entries), ...connectionTypes };
}

function checkOwnType(type: string, usedBy: string, runners: Content["runners"]): Flaw[] {
  const path = ["connection_types", type];
  if (Object.hasOwn(connectionTypes, type))
    return [
      {
        path,
        at: "key",
        message: `connection type ${quote(type)} is one of Chasqui's own: want another name`,
      },
    ];
  const known = [
    ...new Set([
      ...Object.keys(runners),
      ...Object.values(connectionTypes).flatMap(({ usedBy: services }) => [...services]),
    ]),
  ];
  if (known.includes(usedBy)) return [];
  const message = `connection type ${quote(type)}: used_by ${quote(usedBy)}: no such runner`;
  return [{ path: [...path, "used_by"], at: "value", message, suggestion: suggest(usedBy, known) }];
}

/** What zod found, as people read it. */
function flawsOf(issue: z.core.$ZodIssue, document: Document): Flaw[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey(issue.path, key));
  const where = issue.path.map(String).join(".") || "the file";
  if (issue.code === "invalid_key")
    return [
      { path: issue.path, at: "key", message: `${where}: ${issue.issues[0]?.message ?? ""}` },
    ];
  const value: unknown = document.getIn(issue.path);
  const is =
    value === undefined
      ? "is missing"
      : isNode(value)
        ? "is not what it should be"
        : `is ${quote(String(value))}`;
  return [{ path: issue.path, at: "value", message: `${where} ${is}: ${issue.message}` }];
}

function unknownKey(at: readonly PropertyKey[], key: string): Flaw {
  const known = at.length === 0 ? Object.keys(parts) : ["used_by", "about", "fields"];
  const message = `${[...at.map(String), key].join(".")} is not known here`;
  return { path: [...at, key], at: "key", message, suggestion: suggest(key, known) };
}

/** The place of a key or of its value; of the nearest thing around it that is there. */
function offsetOf(document: Document, { path: keys, at }: Pick<Flaw, "path" | "at">): number {
  for (let depth = keys.length; depth >= 0; depth--) {
    const around: unknown = document.getIn(keys.slice(0, Math.max(0, depth - 1)), true);
    if (at === "key" && depth > 0 && isMap(around)) {
      const wanted = keys[depth - 1];
      const pair = around.items.find(({ key }) => isScalar(key) && key.value === wanted);
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
      continue;
    }
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
      [],
      { cause },
    );
  }
}
