// The compiler: an author's value becomes a canonical DagSpec, or a list of everything that is wrong with it.
// Invariants:
//   C1. Never throws, whatever the input; without a spec there is at least one error, each with a position.
//   C2. The same meaning gives the same spec, byte for byte: order of keys, comments, quotes and defaults that are
//       written out do not matter.
//   C3. A spec that came out of the compiler compiles to itself (through `specToObject`).
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { DagSpecSchema, builtInKindSchemas } from "@chasqui/contracts";
import type { DagSpec, JsonSchema } from "@chasqui/contracts";
import { canonicalSpec, fingerprintOf } from "../canonical.ts";
import { limits } from "../limits.ts";
import { sortProblems } from "../problem.ts";
import type { Problem } from "../problem.ts";
import { checkSchema } from "../schema/check-schema.ts";
import { readYaml } from "../yaml/read-yaml.ts";
import { objectSource } from "../yaml/source.ts";
import type { Source } from "../yaml/source.ts";
import { quote } from "../text/suggest.ts";
import { noteConnections } from "./check-connections.ts";
import type { KnownConnections } from "./check-connections.ts";
import { compileAlerts } from "./compile-alerts.ts";
import type { ReadFile } from "./compile-excludes.ts";
import { compileSchedule } from "./compile-schedule.ts";
import { compileTasks } from "./compile-tasks.ts";
import { compileTriggers } from "./compile-triggers.ts";
import {
  createReader,
  noteFindings,
  readDuration,
  readList,
  readMap,
  readNumber,
  readText,
  readTexts,
} from "./reader.ts";
import type { Reader } from "./reader.ts";
import { readDefaults } from "./task-defaults.ts";
import { dagFields } from "./words.ts";

export interface CompileOptions {
  /** Custom kinds with the schema of their `with`; undefined when the schema is not known. */
  readonly kinds?: Readonly<Record<string, JsonSchema | undefined>>;
  /** What a kind that nobody knows is; an error when absent. */
  readonly unknownKinds?: "error" | "warning";
  /** Names of the environment's vars, when it is known; absent means any name may exist. */
  readonly vars?: readonly string[];
  /** The environment's connections, when they are known; absent means any may exist. */
  readonly connections?: KnownConnections;
  /** Reads files beside the DAG's own, which are compiled in. */
  readonly readFile?: ReadFile;
  /** The text of the module that gave the value: where its fields stand. */
  readonly code?: string;
}

export type Compiled =
  | {
      readonly ok: true;
      readonly spec: DagSpec;
      /** Hexadecimal; equal for equal meaning. */
      readonly fingerprint: string;
      readonly warnings: readonly Problem[];
      /** Where each field stands. */
      readonly source: Source;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Compiles a DAG file. */
export function compileDag(
  { file, text }: { readonly file: string; readonly text: string },
  options: CompileOptions = {},
): Compiled {
  return compileSource(readYaml(text, file), options);
}

/** Compiles the same form as a value, as `defineDag` and the server's second check have it. */
export function compileDagObject(
  value: unknown,
  file: string,
  options: CompileOptions = {},
): Compiled {
  return compileSource(objectSource(value, file, options.code), options);
}

function compileSource(source: Source, options: CompileOptions): Compiled {
  const reader = createReader(source);
  const spec = source.value === undefined ? undefined : compileValue(reader, source.value, options);
  const { connections, kinds } = options;
  if (spec !== undefined && connections !== undefined)
    noteConnections(reader, spec, { ...builtInKindSchemas, ...kinds }, connections);
  const problems = sortProblems([...source.problems, ...reader.problems]);
  if (spec === undefined || problems.some(({ severity }) => severity === "error"))
    return { ok: false, problems };
  const canonical = canonicalSpec(spec);
  const fingerprint = fingerprintOf(canonical);
  return { ok: true, spec: canonical, fingerprint, warnings: problems, source };
}

const DAG_ID = /^[a-z][a-z0-9-]{0,62}$/;

function compileValue(
  reader: Reader,
  value: JsonValue,
  options: CompileOptions,
): DagSpec | undefined {
  const fields = readMap(reader, [], value, "the DAG", dagFields);
  if (fields === undefined) return undefined;
  if (fields["id"] === undefined) reader.note([], "the DAG has no `id`");
  const id = readText(reader, ["id"], fields["id"], "id", {
    pattern: DAG_ID,
    want: "a lower-case letter, then up to 62 lower-case letters, digits or -",
  });
  const { triggers, params, timeout, tasks, groups } = fields;
  const shared = readDefaults(reader, ["defaults"], "defaults", fields["defaults"]);
  const hasTriggers = Array.isArray(triggers) && triggers.length > 0;
  const schedule = compileSchedule(reader, fields["schedule"], {
    hasTriggers,
    readFile: options.readFile,
  });
  const timeoutMs = readDuration(reader, ["timeout"], timeout, "timeout");
  const schema = readParams(reader, params);
  const text = (field: "owner" | "description"): string =>
    (readText(reader, [field], fields[field], field) ?? "").trim();
  const count = (field: "max_active_runs" | "max_active_tasks" | "auto_pause_after", max: number) =>
    readNumber(reader, [field], fields[field], field, { min: 1, max, integer: true });
  return create(DagSpecSchema, {
    id: id ?? "",
    owner: text("owner"),
    description: text("description"),
    tags: readTags(reader, fields["tags"]),
    ...(schedule === undefined ? {} : { schedule }),
    triggers: compileTriggers(reader, triggers, { id: id ?? "", params: schema }),
    ...(schema === undefined ? {} : { params: schema }),
    ...compileTasks(
      reader,
      { tasks, groups },
      {
        kinds: { ...builtInKindSchemas, ...options.kinds },
        unknownKinds: options.unknownKinds ?? "error",
        shared,
        schema,
        params: paramNames(schema),
        vars: options.vars,
      },
    ),
    alerts: compileAlerts(reader, fields["alerts"]),
    maxActiveRuns: count("max_active_runs", limits.activeRunsMax) ?? limits.activeRunsDefault,
    maxActiveTasks: count("max_active_tasks", limits.activeTasksMax) ?? 0,
    autoPauseAfter: count("auto_pause_after", limits.autoPauseMax) ?? 0,
    ...(timeoutMs === undefined ? {} : { timeout: durationFromMs(timeoutMs) }),
    was: readWas(reader, fields["was"], id),
  });
}

function readWas(reader: Reader, value: JsonValue | undefined, id: string | undefined): string[] {
  const was = readTexts(reader, ["was"], value, "was", {
    pattern: DAG_ID,
    want: "earlier ids of the DAG",
  });
  const own = was.indexOf(id ?? "");
  if (own !== -1) reader.note(["was", own], `was: the DAG is ${quote(id ?? "")} now`);
  return was;
}

function readTags(reader: Reader, value: JsonValue | undefined): string[] {
  return readList(reader, ["tags"], value, "tags").flatMap((item, index) => {
    const rule = { pattern: /\S/, want: "text" };
    const tag = readText(reader, ["tags", index], item, "tags", rule);
    return tag === undefined ? [] : [tag.trim()];
  });
}

function readParams(reader: Reader, value: JsonValue | undefined): JsonObject | undefined {
  if (value === undefined) return undefined;
  const schema = readMap(reader, ["params"], value, "params");
  if (schema === undefined) return undefined;
  const findings = checkSchema(schema, ["params"]);
  noteFindings(reader, "params", ["params"], findings);
  if (schema["type"] !== "object")
    reader.note(["params"], "params: want a JSON Schema with `type: object`", {
      suggestion: "write params: { type: object, properties: { name: { type: string } } }",
    });
  return schema;
}

/** The names of the parameters, when no others are allowed. */
function paramNames(schema: JsonObject | undefined): string[] | undefined {
  if (schema === undefined) return [];
  const { properties, additionalProperties } = schema;
  const open = additionalProperties !== undefined && additionalProperties !== false;
  if (open || typeof properties !== "object" || properties === null) return undefined;
  return Object.keys(properties);
}
