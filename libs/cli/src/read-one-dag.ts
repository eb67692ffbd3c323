// The DAG of one file, for commands that look at it without a server; and what its expressions read as `vars`.
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { varsNamedIn } from "@chasqui/dag";
import { printLines } from "./cli.ts";
import type { Cli } from "./cli.ts";
import { problemsOf } from "./commands/validate.ts";
import { compileFiles, findDagFiles } from "./dag-files.ts";
import { usageError } from "./errors.ts";
import { knownKinds } from "./known-kinds.ts";
import { readEnvironment } from "./read-environment.ts";
import { renderProblem } from "./render/problems.ts";

export interface OneDag {
  readonly spec: DagSpec;
  readonly vars: JsonObject;
}

/** Its problems are printed; undefined when it has errors. */
export async function readOneDag(
  cli: Cli,
  file: string,
  options: { readonly environment?: string },
): Promise<OneDag | undefined> {
  const files = findDagFiles([file], cli.cwd);
  const [only] = files;
  if (only === undefined || files.length > 1)
    throw usageError(`${file} holds ${files.length} DAG files: want one`);
  const environment = readEnvironment(cli, { named: options.environment });
  const { connections: _elsewhere, ...known } = await knownKinds(cli, environment, "when named");
  const [dag] = await compileFiles([only], cli.cwd, { ...known, unknownKinds: "warning" });
  if (dag === undefined) return undefined;
  for (const problem of problemsOf(dag))
    printLines(cli.err, renderProblem(problem, dag.text, cli.err.style));
  if (!dag.compiled.ok) return undefined;
  const { spec } = dag.compiled;
  const vars = environment.content?.vars;
  return { spec, vars: vars === undefined ? placeholders(spec) : JSON.parse(JSON.stringify(vars)) };
}

/** Without an environment each var stands for itself. */
const placeholders = (spec: DagSpec): JsonObject =>
  Object.fromEntries(varsNamedIn(spec).map((name) => [name, `vars.${name}`]));
