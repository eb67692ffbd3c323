// The DAG of one file, for commands that look at it without a server; and what its expressions read as `vars`.
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { placeholdersOf } from "@chasqui/dag";
import type { CompileOptions } from "@chasqui/dag";
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
  /** Texts in it that stand for what no environment says. */
  readonly placeholders: readonly string[];
  /** Schemas of kinds beyond the built-in ones. */
  readonly kinds: NonNullable<CompileOptions["kinds"]>;
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
  const how = { ...known, unknownKinds: "warning" } as const;
  const [dag] = await cli.foreign(() => compileFiles([only], cli.cwd, how));
  if (dag === undefined) return undefined;
  for (const problem of problemsOf(dag))
    printLines(cli.err, renderProblem(problem, dag.text, cli.err.style));
  if (!dag.compiled.ok) return undefined;
  const { spec } = dag.compiled;
  const vars = environment.content?.vars;
  const { kinds = {} } = known;
  return vars === undefined
    ? { spec, kinds, ...placeholdersOf(spec) }
    : { spec, kinds, vars, placeholders: [] };
}
