// `chasqui validate`: DAG files checked without any server, by the compiler and by the policies of an environment.
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { DagFile } from "../dag-files.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { judgedDags } from "../judged-dags.ts";
import type { JudgedDags } from "../judged-dags.ts";
import { renderProblem } from "../render/problems.ts";
import { count } from "../render/text.ts";
import type { Verdict } from "../report/verdict.ts";

export interface ValidateOptions {
  readonly environment?: string;
  readonly policies?: string;
  readonly report?: "sonar" | "junit";
  readonly json?: boolean;
}

export async function validate(
  cli: Cli,
  paths: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const judged = await judgedDags(cli, paths, { ...options, server: "when named" });
  const { dags, policies, environment } = judged;
  if (options.report !== undefined) await printForTools(cli, judged, options.report);
  else if (options.json === true) printJson(cli.out, { files: dags.map(toJson) });
  else {
    printReport(cli, dags);
    if (options.environment !== undefined || options.policies !== undefined)
      printLines(cli.out, [
        cli.out.style.dim(
          `  judged by ${count(policies.length, "policy", "policies")} of ${environment}`,
        ),
      ]);
  }
  return dags.every(({ compiled }) => compiled.ok) ? exitCodes.ok : exitCodes.failed;
}

/** The report alone on stdout; people read what is wrong on stderr. */
async function printForTools(
  cli: Cli,
  { dags, ...shared }: JudgedDags,
  report: "sonar" | "junit",
): Promise<void> {
  const files = dags.map((dag) => ({
    file: dag.file.replaceAll("\\", "/"),
    text: dag.text,
    compiles: dag.compiled.ok || dag.compiled.problems.some(({ policy }) => policy !== undefined),
    problems: problemsOf(dag),
  }));
  const verdict: Verdict = { ...shared, files };
  if (report === "sonar") {
    const { sonarReport } = await import("../report/sonar.ts");
    printJson(cli.out, sonarReport(verdict));
  } else {
    const { junitReport } = await import("../report/junit.ts");
    cli.out.write(junitReport(verdict));
  }
  printProblems(cli, dags);
}

export const problemsOf = ({ compiled }: DagFile) =>
  compiled.ok ? compiled.warnings : compiled.problems;

/** Problems on stderr, so that they are seen when stdout goes elsewhere; the good files on stdout. */
export function printReport(cli: Cli, dags: readonly DagFile[]): void {
  printProblems(cli, dags);
  for (const { file, compiled } of dags) {
    if (!compiled.ok) continue;
    const { id, tasks } = compiled.spec;
    const mark = cli.out.style.green("✓");
    printLines(cli.out, [`${mark} ${file}: ${id}, ${count(tasks.length, "task")}`]);
  }
  printVerdict(cli, dags);
}

export function printProblems(cli: Cli, dags: readonly DagFile[]): void {
  for (const dag of dags)
    for (const problem of problemsOf(dag))
      printLines(cli.err, renderProblem(problem, dag.text, cli.err.style));
}

function printVerdict(cli: Cli, dags: readonly DagFile[]): void {
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
