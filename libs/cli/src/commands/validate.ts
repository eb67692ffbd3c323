// `chasqui validate`: DAG files checked without any server.
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { compileFiles, findDagFiles } from "../dag-files.ts";
import type { DagFile } from "../dag-files.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { knownKinds } from "../known-kinds.ts";
import type { ServerMode } from "../known-kinds.ts";
import { readEnvironment } from "../read-environment.ts";
import { renderProblem } from "../render/problems.ts";
import { count } from "../render/text.ts";

export interface ValidateOptions {
  readonly environment?: string;
  readonly json?: boolean;
}

export async function validate(
  cli: Cli,
  paths: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const dags = await readDags(cli, paths, { ...options, server: "when named" });
  if (options.json === true) printJson(cli.out, { files: dags.map(toJson) });
  else printReport(cli, dags);
  return dags.every(({ compiled }) => compiled.ok) ? exitCodes.ok : exitCodes.failed;
}

/** Files compiled with all that this installation knows; none at all is an error. */
export async function readDags(
  cli: Cli,
  paths: readonly string[],
  options: { readonly environment?: string; readonly server: ServerMode },
): Promise<DagFile[]> {
  const given = paths.length === 0 ? ["dags"] : paths;
  const files = findDagFiles(given, cli.cwd);
  if (files.length === 0)
    throw new CliError(exitCodes.notFound, `no DAG files in ${given.join(", ")}`, {
      hint: "a DAG is a file *.yaml, *.yml or *.ts; `chasqui new cron-pod` writes a first one",
    });
  const environment = readEnvironment(cli, { named: options.environment });
  return compileFiles(files, cli.cwd, await knownKinds(cli, environment, options.server));
}

export const problemsOf = ({ compiled }: DagFile) =>
  compiled.ok ? compiled.warnings : compiled.problems;

/** Problems on stderr, so that they are seen when stdout goes elsewhere; the good files on stdout. */
export function printReport(cli: Cli, dags: readonly DagFile[]): void {
  for (const dag of dags)
    for (const problem of problemsOf(dag))
      printLines(cli.err, renderProblem(problem, dag.text, cli.err.style));
  for (const { file, compiled } of dags) {
    if (!compiled.ok) continue;
    const { id, tasks } = compiled.spec;
    const mark = cli.out.style.green("✓");
    printLines(cli.out, [`${mark} ${file}: ${id}, ${count(tasks.length, "task")}`]);
  }
  const broken = dags.filter(({ compiled }) => !compiled.ok);
  if (broken.length === 0) return;
  const errors = broken.flatMap(problemsOf).filter(({ severity }) => severity === "error");
  const verdict = `${count(errors.length, "error")} in ${count(broken.length, "file")} of ${dags.length}`;
  printLines(cli.err, [cli.err.style.red(verdict)]);
}

function toJson(dag: DagFile): object {
  const { file, compiled } = dag;
  const problems = problemsOf(dag).map(({ file: _file, ...problem }) => problem);
  return compiled.ok
    ? { file, valid: true, dag_id: compiled.spec.id, fingerprint: compiled.fingerprint, problems }
    : { file, valid: false, problems };
}
