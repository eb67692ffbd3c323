// `chasqui runs` and `chasqui run <id>`: what ran, how it went, and why it failed.
import { RunState } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli, Output } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { nameOf, renderState } from "../render/run-table.ts";
import { printable } from "../render/style.ts";
import type { Style } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { cut, oneLine } from "../render/text.ts";
import { formatInstant, formatSpan } from "../render/time.ts";
import { viewRun } from "../run-view.ts";
import type { RunView, TaskView } from "../run-view.ts";
import type { Server } from "../server.ts";
import { renderRun } from "./follow.ts";
import { runUrl } from "./links.ts";

export interface RunsOptions {
  readonly dag?: string;
  readonly state?: readonly string[];
  readonly limit: number;
  readonly json?: boolean;
}

const PAGE_MAX = 1_000;

export async function runs(cli: Cli, options: RunsOptions): Promise<ExitCode> {
  const states = (options.state ?? []).map(parseState);
  const server = await cli.connect();
  const found: RunView[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(PAGE_MAX, options.limit - found.length);
    const page = await server.runs.listRuns({
      dagId: options.dag ?? "",
      states,
      pageSize,
      pageToken,
    });
    found.push(...page.runs.map(viewRun));
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && found.length < options.limit);
  if (options.json === true) printJson(cli.out, { runs: found });
  else if (found.length === 0) printLines(cli.err, ["no runs"]);
  else printLines(cli.out, renderRuns(found, cli));
  return exitCodes.ok;
}

function parseState(word: string): RunState {
  const known = Object.entries(RunState).filter(([, value]) => value !== RunState.UNSPECIFIED);
  const found = known.find(([name]) => name.toLowerCase() === word);
  if (found !== undefined) return found[1];
  const words = known.map(([name]) => name.toLowerCase()).join(", ");
  throw usageError(`--state ${JSON.stringify(word)}: want one of ${words}`);
}

const COLUMNS = [
  ...["RUN", "DAG", "KEY", "STATE", "STARTED"].map((title) => ({ title })),
  { title: "TOOK", align: "right" },
  { title: "" },
] as const;

function renderRuns(found: readonly RunView[], cli: Cli): string[] {
  const nowMs = cli.nowMs();
  const rows = found.map((run) => {
    const start = run.started_time === undefined ? undefined : Date.parse(run.started_time);
    const end = run.settled_time === undefined ? nowMs : Date.parse(run.settled_time);
    return [
      shortId(run.run_id),
      run.dag_id,
      printable(run.key),
      renderState(run.state, cli.out.style),
      start === undefined ? "" : formatInstant(start),
      start === undefined ? "" : formatSpan(end - start),
      oneLine(printable(run.reason ?? "")),
    ];
  });
  return renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns });
}

/** Enough of an id to be found again by its prefix: 60 bits. */
export const shortId = (runId: string): string => runId.slice(0, "run-".length + 12);

export async function run(
  cli: Cli,
  id: string,
  options: { readonly at?: number; readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const view = await findRun(server, id, options.at);
  if (options.json === true) printJson(cli.out, view);
  else
    printLines(cli.out, [
      ...renderRun(view, cli),
      ...renderFailures(view, cli.out),
      "",
      ...renderFacts(view),
      runUrl(server, view.run_id),
    ]);
  return exitCodes.ok;
}

/** By id, a prefix of it, `<dag>/<key>`, or `<dag>` for its newest run. */
/** `at`: as it was after so many of its events. */
export async function findRun(server: Server, id: string, at = 0): Promise<RunView> {
  const { run: found } = await server.runs.getRun({ runId: id, atEvent: at });
  if (found === undefined) throw new Error(`run ${id}: the server answered without a run`);
  return viewRun(found);
}

function renderFacts(view: RunView): string[] {
  const cause =
    view.cause === undefined ? [] : [`${view.cause.kind} ${printable(view.cause.by)}`.trim()];
  return [
    `run ${view.run_id}`,
    [`version ${view.dag_version}`, ...cause, `trace ${view.trace_id}`].join(", "),
    ...(view.parent === undefined
      ? []
      : [
          `started by task ${view.parent.task} of ${view.parent.dag_id}, run ${view.parent.run_id}`,
        ]),
    ...(view.params === undefined ? [] : [`params ${printable(JSON.stringify(view.params))}`]),
  ];
}

const LOG_LINES_MAX = 20;

/** For each failed task: class, message, evidence, the last log lines. */
export function renderFailures(
  view: RunView,
  { style, columns }: Pick<Output, "style" | "columns">,
): string[] {
  const failed = view.tasks.filter(
    ({ state, failure }) => state === "failed" && failure !== undefined,
  );
  return failed.flatMap((task) => [
    "",
    ...renderFailure(task, style).map((line) => cut(line, columns)),
  ]);
}

function renderFailure(task: TaskView, style: Style): string[] {
  const { failure } = task;
  if (failure === undefined) return [];
  const evidence = Object.entries(failure.evidence).flatMap(([name, value]) =>
    renderEvidence(name, value),
  );
  const shown = failure.log_tail.slice(-LOG_LINES_MAX);
  return [
    `${style.bold(nameOf(task))} ${style.red(`failed (${failure.class})`)} on attempt ${task.attempt}: ${oneLine(printable(failure.message))}`,
    ...evidence.map((line) => oneLineIndented(line)),
    ...(shown.length === 0 ? [] : ["  last log lines:"]),
    ...shown.map((line) => `  ${style.dim("│")} ${printable(line)}`),
    ...(task.link === undefined ? [] : [`  ${printable(task.link)}`]),
  ];
}

/** A fact on a line; a list of facts on a line each, with what each says. */
function renderEvidence(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) return [`${name}: ${inWords(value)}`];
  return [`${name}:`, ...value.map((item) => `  ${inWords(item)}`)];
}

function inWords(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .filter(([, field]) => field !== "")
    .map(
      ([name, field]) =>
        `${name} ${typeof field === "object" ? JSON.stringify(field) : String(field)}`,
    )
    .join(", ");
}

/** Keeps the indentation of a line and folds the rest. */
const oneLineIndented = (line: string): string => {
  const indent = /^ */.exec(line)?.[0] ?? "";
  return `  ${indent}${oneLine(printable(line.slice(indent.length)))}`;
};
