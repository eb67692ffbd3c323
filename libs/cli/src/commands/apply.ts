// `chasqui apply`: makes DAG files the current versions, all or none, and says what changed in meaning.
import type { DagSpec } from "@chasqui/contracts";
import { diffSpecs } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import type { Server } from "../server.ts";
import type { Style } from "../render/style.ts";
import { count } from "../render/text.ts";
import { judgedDags } from "../judged-dags.ts";
import { printReport, problemsOf } from "./validate.ts";

export interface ApplyOptions {
  readonly environment?: string;
  readonly policies?: string;
  readonly note?: string;
  readonly json?: boolean;
  /** Compare only. */
  readonly dryRun?: boolean;
}

export interface Applied {
  readonly dag_id: string;
  readonly file: string;
  /** Absent in a dry run. */
  readonly version?: number;
  readonly before?: number;
  readonly fingerprint: string;
  readonly changed: boolean;
  readonly changes: readonly string[];
}

export async function apply(
  cli: Cli,
  paths: readonly string[],
  options: ApplyOptions,
): Promise<ExitCode> {
  const { dags } = await judgedDags(cli, paths, { ...options, server: "required" });
  const specs: { file: string; spec: DagSpec; fingerprint: string }[] = [];
  for (const { file, compiled } of dags) if (compiled.ok) specs.push({ file, ...compiled });
  if (specs.length < dags.length) {
    if (options.json === true)
      printJson(cli.out, { applied: [], problems: dags.flatMap(problemsOf) });
    else printReport(cli, dags);
    return exitCodes.failed;
  }
  const server = await cli.connect();
  const applied = await applySpecs(server, specs, options);
  if (options.json === true) printJson(cli.out, { applied });
  else
    printLines(
      cli.out,
      applied.flatMap((dag) => renderApplied(dag, cli.out.style)),
    );
  return exitCodes.ok;
}

/** Also what `npm start` does when a file is saved. */
export async function applySpecs(
  server: Server,
  specs: readonly { readonly file: string; readonly spec: DagSpec; readonly fingerprint: string }[],
  options: Pick<ApplyOptions, "note" | "dryRun">,
): Promise<Applied[]> {
  const { dags } = await server.dags.listDags({});
  const known = new Map(dags.map((dag) => [dag.dagId, dag]));
  const answers =
    options.dryRun === true
      ? []
      : (
          await server.dags.applyDags({
            dags: specs.map(({ spec }) => spec),
            note: options.note ?? "",
          })
        ).dags;
  return specs.map(({ file, spec, fingerprint }, index) => {
    const before = known.get(spec.id);
    const answer = answers[index];
    return {
      dag_id: spec.id,
      file,
      ...(answer === undefined ? {} : { version: answer.version }),
      ...(before === undefined ? {} : { before: before.version }),
      fingerprint,
      changed: answer?.changed ?? before?.fingerprint !== fingerprint,
      changes: diffSpecs(before?.spec, spec),
    };
  });
}

export function renderApplied(dag: Applied, style: Style): string[] {
  const { version, before, changes } = dag;
  const id = style.bold(dag.dag_id);
  if (!dag.changed)
    return [`${id}  unchanged${before === undefined ? "" : ` (version ${before})`}`];
  const versions =
    version === undefined
      ? before === undefined
        ? "would be new"
        : `would change (${count(changes.length, "line")})`
      : before === undefined
        ? `version ${version}`
        : `version ${before} → ${version}`;
  return [`${id}  ${style.green(versions)}`, ...changes.map((line) => `  ${line}`)];
}
