// The connections that tasks name: do they exist in the environment, and are they of a type that the kind can use?
// A schema says where a connection is named by `x-connection`, the types that fit; its `default` is the one that is
// used when nothing is named. A name that is only known when it is rendered is not judged here.
import type { JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, JsonSchema } from "@chasqui/contracts";
import { containsTemplate } from "../cel/template.ts";
import { listNames, nearest, quote } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { pathText } from "./reader.ts";
import type { Reader } from "./reader.ts";

export interface KnownConnections {
  /** The environment file, for messages. */
  readonly file: string;
  /** Type by name. */
  readonly types: Readonly<Record<string, string>>;
}

/** A connection that a task uses. */
interface Use {
  readonly path: Path;
  readonly name: JsonValue;
  readonly types: readonly string[];
  /** It is the kind's default: nobody wrote it. */
  readonly silent: boolean;
}

export function noteConnections(
  reader: Reader,
  { tasks }: DagSpec,
  kinds: Readonly<Record<string, JsonSchema | undefined>>,
  known: KnownConnections,
): void {
  for (const { id, uses, with: config = {} } of tasks) {
    const schema = Object.hasOwn(kinds, uses) ? kinds[uses] : undefined;
    const at = ["tasks", id, "with"];
    for (const use of schema === undefined ? [] : usesIn(schema, config, at)) {
      const wrong = problemOf(use, known);
      if (wrong === undefined) continue;
      const where = pathText(use.path.slice(2));
      const [path, key] = use.silent
        ? [["tasks", id], "key" as const]
        : [use.path, "value" as const];
      reader.note(path, `task ${quote(id)}: ${where}: ${wrong.message}`, {
        at: key,
        suggestion: wrong.suggestion,
      });
    }
  }
}

function usesIn(schema: JsonSchema, value: JsonValue | undefined, path: Path): Use[] {
  const types = schema["x-connection"];
  if (types !== undefined) {
    const name = value ?? schema.default;
    return typeof name === "string" ? [{ path, name, types, silent: value === undefined }] : [];
  }
  if (Array.isArray(value))
    return value.flatMap((item, index) =>
      schema.items === undefined ? [] : usesIn(schema.items, item, [...path, index]),
    );
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) =>
    inner["x-connection"] === undefined && fields[key] === undefined
      ? []
      : usesIn(inner, fields[key], [...path, key]),
  );
}

function problemOf(
  { name, types, silent }: Use,
  known: KnownConnections,
): { message: string; suggestion?: string | undefined } | undefined {
  if (typeof name !== "string" || containsTemplate(name)) return undefined;
  const subject = silent
    ? `the connection ${quote(name)}, which is used if none is named,`
    : quote(name);
  const fitting = Object.keys(known.types).filter((one) => types.includes(known.types[one] ?? ""));
  const type = Object.hasOwn(known.types, name) ? known.types[name] : undefined;
  if (type === undefined) {
    const near = nearest(name, fitting.length > 0 ? fitting : Object.keys(known.types));
    const there = fitting.length === 0 ? `it has none of type ${types.join(" or ")}` : undefined;
    return {
      message: `${subject} is not in ${known.file}`,
      suggestion:
        near === undefined
          ? (there ?? `of type ${types.join(" or ")} it has ${listNames(fitting)}`)
          : `did you mean ${quote(near)}?`,
    };
  }
  if (types.includes(type)) return undefined;
  const suggestion = fitting.length === 0 ? undefined : `${known.file} has ${listNames(fitting)}`;
  return { message: `${subject} is of type ${type}: want ${types.join(" or ")}`, suggestion };
}
