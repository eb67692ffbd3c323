// DAG files on disk, compiled: what `validate`, `apply` and `npm start` read.
import type { JsonValue } from "@bufbuild/protobuf";
import type { JsonSchema } from "@chasqui/contracts";
import { asSchema, compileDag, compileDagObject } from "@chasqui/dag";
import type { CompileOptions, Compiled, Problem } from "@chasqui/dag";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { CliError, exitCodes } from "./errors.ts";

export interface DagFile {
  /** As people read it: relative to where they are. */
  readonly file: string;
  /** Empty when it cannot be read. */
  readonly text: string;
  readonly compiled: Compiled;
}

const DAG_FILE = /\.(ya?ml|ts)$/;

/** The DAG files among files and folders (folders without their subfolders), by name. */
export function findDagFiles(paths: readonly string[], cwd: string): string[] {
  const found = new Set<string>();
  for (const given of paths) {
    const full = path.resolve(cwd, given);
    if (!existsSync(full))
      throw new CliError(exitCodes.notFound, `${given}: no such file or folder`, {
        hint: "want DAG files or folders with them; `chasqui new` writes a first one",
      });
    if (!statSync(full).isDirectory()) found.add(full);
    else
      for (const name of readdirSync(full).sort())
        if (
          DAG_FILE.test(name) &&
          !name.endsWith(".test.ts") &&
          statSync(path.join(full, name)).isFile()
        )
          found.add(path.join(full, name));
  }
  return [...found];
}

/** Compiles each file; two files with the same DAG are a problem of the second. */
export async function compileFiles(
  files: readonly string[],
  cwd: string,
  options: CompileOptions,
): Promise<DagFile[]> {
  const compiled: DagFile[] = [];
  const owners = new Map<string, string>();
  for (const full of files) {
    const dag = await compileFile(full, cwd, options);
    const id = dag.compiled.ok ? dag.compiled.spec.id : undefined;
    const owner = id === undefined ? undefined : owners.get(id);
    if (id !== undefined && owner === undefined) owners.set(id, dag.file);
    compiled.push(owner === undefined || id === undefined ? dag : twice(dag, id, owner));
  }
  return compiled;
}

function twice(dag: DagFile, id: string, owner: string): DagFile {
  const message = `DAG \`${id}\` is in ${owner} too: want one file per DAG`;
  return { ...dag, compiled: failed(dag.file, message) };
}

function failed(file: string, message: string, place = { line: 1, column: 1 }): Compiled {
  const problem: Problem = { file, ...place, message, severity: "error" };
  return { ok: false, problems: [problem] };
}

async function compileFile(full: string, cwd: string, given: CompileOptions): Promise<DagFile> {
  const relative = path.relative(cwd, full);
  const file = relative.startsWith("..") ? full : relative;
  const options = { ...given, readFile: readBeside(path.dirname(full)) };
  let text: string;
  try {
    text = readFileSync(full, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { file, text: "", compiled: failed(file, `cannot be read: ${why}`) };
  }
  const compiled = full.endsWith(".ts")
    ? await compileModule(full, file, { ...options, code: text })
    : compileDag({ file, text }, options);
  return { file, text, compiled };
}

/** Files below a DAG's own folder. */
const readBeside =
  (folder: string) =>
  (file: string): string | undefined => {
    const full = path.join(folder, file);
    return existsSync(full) && statSync(full).isFile() ? readFileSync(full, "utf8") : undefined;
  };

/** A module that exports its DAG as `dag` or by default; evaluated here, never in a service. */
async function compileModule(
  full: string,
  file: string,
  options: CompileOptions,
): Promise<Compiled> {
  try {
    const module: object = await import(pathToFileURL(full).href);
    const dag: unknown =
      "dag" in module ? module.dag : "default" in module ? module.default : undefined;
    if (dag === undefined)
      return failed(file, "exports no `dag`: want export const dag = defineDag({ … })");
    return compileDagObject(dag, file, options);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return failed(file, `cannot be loaded: ${why}`, placeIn(thrown, full));
  }
}

/** Where in the module something was thrown, as far as the stack says. */
function placeIn(thrown: unknown, full: string): { line: number; column: number } {
  const stack = thrown instanceof Error ? String(thrown.stack) : "";
  const after = stack.split(pathToFileURL(full).href)[1] ?? stack.split(full)[1] ?? "";
  const [, line, column] = /^:(\d+)(?::(\d+))?/.exec(after) ?? [];
  const caret = /^:\d+\n(?:.*\n){1,5}?( *)\^\n/.exec(after)?.[1]?.length ?? 0; // a syntax error points at it
  return { line: Number(line ?? 1), column: Number(column ?? caret + 1) };
}

/** Kinds as the server's `/api/kinds` lists them; a schema that Chasqui cannot read is taken as unknown. */
export function kindsFromJson(
  answer: JsonValue | undefined,
): Record<string, JsonSchema | undefined> {
  const list = isMap(answer) ? answer["kinds"] : answer;
  const kinds: Record<string, JsonSchema | undefined> = {};
  for (const item of Array.isArray(list) ? list : []) {
    if (!isMap(item) || typeof item["kind"] !== "string") continue;
    const { $schema: _dialect, ...schema } = isMap(item["schema"]) ? item["schema"] : {};
    kinds[item["kind"]] = Object.keys(schema).length === 0 ? undefined : asSchema(schema);
  }
  return kinds;
}

const isMap = (value: JsonValue | undefined): value is { [key: string]: JsonValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
