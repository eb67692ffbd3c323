// What is done to runs that are there: `clear`, `retry`, `mark`, `rerun`; `--dry-run` lists what would change.
import { RerunVersion, RunStateSchema, TaskState, TaskStateSchema } from "@chasqui/contracts";
import type { PlannedChanges, Run } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { renderState } from "../render/run-table.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { isSettled, viewRun, wordOf } from "../run-view.ts";
import type { RunView } from "../run-view.ts";
import type { Server } from "../server.ts";
import { follow } from "./follow.ts";
import { runUrl } from "./links.ts";
import { renderFailures } from "./run.ts";

export interface OperationOptions {
  readonly dryRun?: boolean;
  readonly note?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export interface ClearOptions extends OperationOptions {
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly failed?: boolean;
}

export async function clear(
  cli: Cli,
  id: string,
  tasks: readonly string[],
  options: ClearOptions,
): Promise<ExitCode> {
  const {
    upstream = false,
    downstream = false,
    failed = false,
    dryRun = false,
    note = "",
  } = options;
  const server = await cli.connect();
  const answer = await server.runs.clearTasks({
    runId: id,
    tasks: [...tasks],
    ...{ upstream, downstream, onlyFailed: failed, dryRun, reason: note },
  });
  return told(cli, server, answer, options);
}

export const retry = (cli: Cli, id: string, options: OperationOptions): Promise<ExitCode> =>
  clear(cli, id, [], { ...options, failed: true, downstream: true });

const markStates = {
  succeeded: TaskState.SUCCEEDED,
  failed: TaskState.FAILED,
  skipped: TaskState.SKIPPED,
} as const;

export async function mark(
  cli: Cli,
  { id, task, as }: { readonly id: string; readonly task: string; readonly as: string },
  options: OperationOptions,
): Promise<ExitCode> {
  const state = Object.entries(markStates).find(([word]) => word === as)?.[1];
  if (state === undefined)
    throw usageError(
      `state ${JSON.stringify(as)}: want one of ${Object.keys(markStates).join(", ")}`,
    );
  const { dryRun = false, note: reason = "" } = options;
  const server = await cli.connect();
  const answer = await server.runs.markTask({ runId: id, task, state, dryRun, reason });
  return told(cli, server, answer, options);
}

export async function rerun(
  cli: Cli,
  id: string,
  options: OperationOptions & { readonly of: string },
): Promise<ExitCode> {
  const { of: word, dryRun = false, note: reason = "" } = options;
  if (word !== "original" && word !== "newest")
    throw usageError(`--of ${JSON.stringify(word)}: want original or newest`);
  const version = word === "newest" ? RerunVersion.NEWEST : RerunVersion.ORIGINAL;
  const server = await cli.connect();
  const { run } = await server.runs.rerunRun({ runId: id, version, dryRun, reason });
  if (run === undefined) throw new Error(`run ${id}: the server answered without a run`);
  if (options.follow === true && !dryRun) return followed(cli, server, viewRun(run), options);
  if (options.json === true) printJson(cli.out, { dry_run: dryRun, run: viewRun(run) });
  else {
    const what = `${run.runId} of ${run.dagId} version ${run.dagVersion} (key ${printable(run.key)})`;
    printLines(
      cli.out,
      dryRun ? [`would start ${what}`] : [`started ${what}`, runUrl(server, run.runId)],
    );
  }
  return exitCodes.ok;
}

/** Says what a command changed, or would change. */
export async function told(
  cli: Cli,
  server: Server,
  answer: { readonly run?: Run | undefined; readonly changes?: PlannedChanges | undefined },
  options: OperationOptions,
): Promise<ExitCode> {
  if (answer.run === undefined) throw new Error("the server answered without a run");
  const run = viewRun(answer.run);
  const dryRun = options.dryRun === true;
  if (options.follow === true && !dryRun) return followed(cli, server, run, options);
  if (options.json === true)
    printJson(cli.out, { dry_run: dryRun, run, changes: viewChanges(answer.changes) });
  else
    printLines(cli.out, [
      ...renderChanges(answer.changes, cli),
      dryRun
        ? `nothing was changed: ${run.run_id} is ${run.state}, and would be ${stateAfter(answer.changes, run)}`
        : `${run.run_id} is ${run.state}`,
    ]);
  return exitCodes.ok;
}

async function followed(
  cli: Cli,
  server: Server,
  run: RunView,
  options: OperationOptions,
): Promise<ExitCode> {
  const quiet = options.json === true ? { ...cli, out: { ...cli.err, isTty: false } } : cli;
  const settled = isSettled(run) ? run : await follow(quiet, server, run.run_id);
  if (options.json === true) printJson(cli.out, { run: settled });
  else printLines(cli.out, [...renderFailures(settled, cli.out), runUrl(server, settled.run_id)]);
  return settled.state === "succeeded" ? exitCodes.ok : exitCodes.failed;
}

const stateAfter = (changes: PlannedChanges | undefined, run: RunView): string =>
  changes === undefined ? run.state : wordOf(RunStateSchema, changes.runState);

interface ChangeView {
  readonly task: string;
  readonly from: string;
  readonly to: string;
  readonly what: string;
}

const viewChanges = (changes: PlannedChanges | undefined): ChangeView[] =>
  (changes?.tasks ?? []).map(({ taskId, mapIndex, from, to, what }) => ({
    task: mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
    from: wordOf(TaskStateSchema, from),
    to: wordOf(TaskStateSchema, to),
    what,
  }));

const COLUMNS = ["TASK", "NOW", "THEN", ""].map((title) => ({ title }));

function renderChanges(changes: PlannedChanges | undefined, { out }: Cli): string[] {
  const rows = viewChanges(changes).map(({ task, from, to, what }) => [
    task,
    renderState(from, out.style),
    renderState(to, out.style),
    printable(what),
  ]);
  if (rows.length === 0) return ["no task changes"];
  return renderTable(COLUMNS, rows, { style: out.style, width: out.columns });
}
