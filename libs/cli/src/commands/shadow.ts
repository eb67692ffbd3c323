// `chasqui shadow <file>`: the newest runs of a DAG, replayed through a version that is not applied yet.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Run } from "@chasqui/contracts";
import { shadow } from "@chasqui/dag";
import type { Difference, RecordedRun, Shadow } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { readOneDag } from "../read-one-dag.ts";
import { printable } from "../render/style.ts";
import type { Style } from "../render/style.ts";
import { count, oneLine } from "../render/text.ts";
import { viewRun } from "../run-view.ts";
import type { Server } from "../server.ts";
import { shortId } from "./run.ts";

export interface ShadowOptions {
  readonly last: number;
  readonly environment?: string;
  readonly json?: boolean;
}

interface Compared extends Shadow {
  readonly run_id: string;
  readonly key: string;
}

/** Fails when a decision would differ. */
export async function shadowDag(cli: Cli, file: string, options: ShadowOptions): Promise<ExitCode> {
  const dag = await readOneDag(cli, file, options);
  if (dag === undefined) return exitCodes.failed;
  const server = await cli.connect();
  const { runs } = await server.runs.listRuns({ dagId: dag.spec.id, pageSize: options.last });
  const settled = runs.filter(({ settledTime }) => settledTime !== undefined);
  const { vars, kinds, placeholders } = dag;
  const known = { vars, kinds, placeholders };
  const compared: Compared[] = [];
  for (const { runId, key } of settled) {
    const found = shadow(dag.spec, await recordedOf(server, runId), known);
    if (!found.ok) throw usageError(`run ${runId}: ${found.message}`);
    compared.push({ run_id: runId, key, ...found.value });
  }
  const differ = compared.filter(({ differences }) => differences.length > 0).length;
  if (options.json === true) printJson(cli.out, { dag_id: dag.spec.id, runs: compared });
  else {
    const sum = `${count(settled.length, "run")} replayed, ${differ} would differ`;
    printLines(cli.out, [...compared.flatMap((one) => render(one, cli.out.style)), sum]);
  }
  return differ > 0 ? exitCodes.failed : exitCodes.ok;
}

async function recordedOf(server: Server, runId: string): Promise<RecordedRun> {
  const [{ run }, { entries }] = await Promise.all([
    server.runs.getRun({ runId }),
    server.runs.getRunHistory({ runId }),
  ]);
  if (run === undefined) throw new Error(`run ${runId}: the server answered without a run`);
  const view = viewRun(run);
  return {
    key: run.key,
    logicalMs: run.logicalTime === undefined ? 0 : timestampMs(run.logicalTime),
    params: run.params ?? {},
    event: run.cause?.event,
    history: entries.map(({ type, data }) => ({ type, data: data ?? {} })),
    state: view.state,
    states: statesOf(run, view.tasks),
  };
}

function statesOf(run: Run, tasks: readonly { readonly state: string }[]): Record<string, string> {
  return Object.fromEntries(
    run.tasks.map(({ taskId, mapIndex }, index) => [
      mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
      tasks[index]?.state ?? "",
    ]),
  );
}

function render({ run_id, key, differences, unknown }: Compared, style: Style): string[] {
  const head = `${shortId(run_id)} ${printable(key)}`;
  const doubts =
    unknown.length === 0 ? [] : [`  unknown, for nothing of it is recorded: ${unknown.join(", ")}`];
  if (differences.length === 0) return [`${style.green("=")} ${head}`, ...doubts];
  return [`${style.yellow("≠")} ${head}`, ...differences.map(lineOf), ...doubts];
}

const lineOf = ({ task = "the run", was, would_be, why }: Difference): string =>
  `  ${task}: was ${was}, would be ${would_be}${why === undefined ? "" : ` (${oneLine(printable(why))})`}`;
