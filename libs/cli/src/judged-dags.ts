// DAG files compiled with all that an environment knows, and judged by its policies: `validate` and `apply`.
import type { JsonObject } from "@bufbuild/protobuf";
import { checkPolicies, problemOf, severityIn } from "@chasqui/dag";
import type { CompileOptions, Policy, PolicyContext } from "@chasqui/dag";
import { withCircles } from "./circles.ts";
import type { Cli } from "./cli.ts";
import { compileFiles, findDagFiles } from "./dag-files.ts";
import type { DagFile } from "./dag-files.ts";
import { CliError, exitCodes } from "./errors.ts";
import { knownKinds } from "./known-kinds.ts";
import type { ServerMode } from "./known-kinds.ts";
import { readEnvironment } from "./read-environment.ts";
import { loadPolicies } from "./read-policies.ts";
import type { Verdict } from "./report/verdict.ts";

export interface JudgeOptions {
  readonly environment?: string;
  /** A folder. */
  readonly policies?: string;
  readonly server: ServerMode;
}

export interface JudgedDags extends Pick<Verdict, "environment" | "policies"> {
  /** What a policy denies does not compile, for all that follows. */
  readonly dags: readonly DagFile[];
}

export async function judgedDags(
  cli: Cli,
  paths: readonly string[],
  options: JudgeOptions,
): Promise<JudgedDags> {
  const files = namedFiles(cli, paths);
  const otherwise = options.server === "required" ? await environmentOfServer(cli) : undefined;
  const environment = readEnvironment(cli, { named: options.environment, otherwise });
  const known = await knownKinds(cli, environment, options.server);
  const policies = loadPolicies(cli, options.policies);
  const vars = structuredClone(environment.content?.vars ?? {}) as JsonObject; // JSON by its type
  const context = { environment: environment.name, vars };
  const dags = withCircles(await cli.foreign(() => compileFiles(files, cli.cwd, known)));
  return {
    dags: dags.map((dag) => judge(dag, policies, context)),
    environment: environment.name,
    policies: policies.flatMap((policy) => {
      const severity = severityIn(policy, environment.name);
      return severity === undefined ? [] : [{ policy, severity }];
    }),
  };
}

/** The DAG files of the command line; none at all is an error. */
export function namedFiles(cli: Cli, paths: readonly string[]): string[] {
  const given = paths.length === 0 ? ["dags"] : paths;
  const files = findDagFiles(given, cli.cwd);
  if (files.length > 0) return files;
  throw new CliError(exitCodes.notFound, `no DAG files in ${given.join(", ")}`, {
    hint: "a DAG is a file *.yaml, *.yml or *.ts; `chasqui new cron-pod` writes a first one",
  });
}

/** Files compiled with what the environment and the server know, without policies. */
export async function readDags(
  cli: Cli,
  paths: readonly string[],
  options: Pick<JudgeOptions, "environment" | "server">,
): Promise<DagFile[]> {
  const environment = readEnvironment(cli, { named: options.environment });
  const known: CompileOptions = await knownKinds(cli, environment, options.server);
  return cli.foreign(() => compileFiles(namedFiles(cli, paths), cli.cwd, known));
}

async function environmentOfServer(cli: Cli): Promise<string | undefined> {
  const answer = await (await cli.connect()).getJson("/api/server");
  const isMap = typeof answer === "object" && answer !== null && !Array.isArray(answer);
  const name = isMap ? answer["environment"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function judge(dag: DagFile, policies: readonly Policy[], context: PolicyContext): DagFile {
  const { compiled } = dag;
  if (!compiled.ok) return dag;
  const found = checkPolicies(compiled.spec, policies, context).map((finding) =>
    problemOf(finding, compiled.source),
  );
  if (found.length === 0) return dag;
  const problems = [...compiled.warnings, ...found].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
  const isDenied = found.some(({ severity }) => severity === "error");
  return {
    ...dag,
    compiled: isDenied ? { ok: false, problems } : { ...compiled, warnings: problems },
  };
}
