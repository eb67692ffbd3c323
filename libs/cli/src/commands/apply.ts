// `chasqui apply`: makes DAG files the current versions, all or none, and says what changed in meaning.
import type { Dag, DagSpec } from "@chasqui/contracts";
import { diffSpecs } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import type { Server } from "../server.ts";
import type { Style } from "../render/style.ts";
import { count } from "../render/text.ts";
import { checkedOnServer } from "../checked-on-server.ts";
import { judgedDags } from "../judged-dags.ts";
import { commitOf } from "../git-commit.ts";
import { printProblems, printReport, problemsOf } from "./validate.ts";

export interface ApplyOptions {
  readonly environment?: string;
  readonly policies?: string;
  readonly note?: string;
  /** The commit that the files are of; absent: asked of git. */
  readonly commit?: string;
  /** Also retire the DAGs whose file is gone. */
  readonly prune?: boolean;
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
  const judged = await judgedDags(cli, paths, { ...options, server: "required" });
  const server = await cli.connect();
  const kept = new Set(
    judged.dags.flatMap(({ compiled }) => (compiled.ok ? [compiled.spec.id] : [])),
  );
  const gone = options.prune === true ? await goneFrom(server, kept) : [];
  const dags = await checkedOnServer(server, judged.dags, gone);
  const specs: { file: string; spec: DagSpec; fingerprint: string }[] = [];
  for (const { file, compiled } of dags) if (compiled.ok) specs.push({ file, ...compiled });
  if (specs.length < dags.length) {
    if (options.json === true)
      printJson(cli.out, { applied: [], problems: dags.flatMap(problemsOf) });
    else printReport(cli, dags);
    return exitCodes.failed;
  }
  if (options.json !== true) printProblems(cli, dags);
  const commit = options.commit ?? (await commitOf(cli.cwd));
  const { applied, retired } = await applySpecs(server, specs, { ...options, commit, gone });
  if (options.json === true) printJson(cli.out, { applied, retired });
  else {
    const { style } = cli.out;
    const said = options.dryRun === true ? "would be retired" : "retired";
    printLines(cli.out, [
      ...applied.flatMap((dag) => renderApplied(dag, style)),
      ...retired.map((id) => {
        const heir = specs.find(({ spec }) => spec.was.includes(id))?.spec.id;
        const why = heir === undefined ? "its file is gone" : `${heir} goes on with its history`;
        return `${style.bold(id)}  ${style.yellow(said)}: ${why}`;
      }),
    ]);
  }
  return exitCodes.ok;
}

/** DAGs that the server has and no file names any more. Their runs and versions stay. */
async function goneFrom(server: Server, kept: ReadonlySet<string>): Promise<string[]> {
  const { dags } = await server.dags.listDags({});
  return dags.flatMap(({ dagId, retired }) => (retired || kept.has(dagId) ? [] : [dagId]));
}

/** DAGs that the folder renames: they retire with it. */
const renamedBy = (specs: readonly { readonly spec: DagSpec }[], known: readonly Dag[]): string[] =>
  known
    .filter(({ dagId, retired }) => !retired && specs.some(({ spec }) => spec.was.includes(dagId)))
    .map(({ dagId }) => dagId);

/** Also what `npm start` does when a file is saved. */
export async function applySpecs(
  server: Server,
  specs: readonly { readonly file: string; readonly spec: DagSpec; readonly fingerprint: string }[],
  options: Pick<ApplyOptions, "note" | "dryRun" | "commit"> & { readonly gone?: readonly string[] },
): Promise<{ applied: Applied[]; retired: readonly string[] }> {
  const { dags } = await server.dags.listDags({});
  const known = new Map(dags.map((dag) => [dag.dagId, dag]));
  const { gone = [], note = "", commit = "" } = options;
  const answer =
    options.dryRun === true
      ? undefined
      : await server.dags.applyDags({
          ...{ dags: specs.map(({ spec }) => spec), note, commit, retireDagIds: [...gone] },
        });
  const answers = answer?.dags ?? [];
  const wouldRetire = [...new Set([...gone, ...renamedBy(specs, dags)])].sort();
  const applied = specs.map(({ file, spec, fingerprint }, index) => {
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
  return { applied, retired: answer?.retiredDagIds ?? wouldRetire };
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
