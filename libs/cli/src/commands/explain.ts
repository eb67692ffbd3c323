// `chasqui explain <run> [task]`: why it is not at work now, each cause under the one it explains; `explain <dag>`: why
// there is no run of it.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { RunStateSchema } from "@chasqui/contracts";
import type { ExplainRunResponse, Explanation, Run, Wait } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { formatDistance, formatInstant, formatSpan } from "../render/time.ts";
import { isSettled, time, wordOf } from "../run-view.ts";
import { askDag, dagLines, viewDag } from "./explain-dag.ts";
import type { ExplainedDag } from "./explain-dag.ts";

export async function explain(
  cli: Cli,
  name: string,
  task: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const isDag = task === "" && !name.startsWith("run-") && !name.includes("/");
  const dag = isDag ? await askDag(server, name, cli.nowMs()) : undefined;
  const runId = dag === undefined ? name : dag.newest?.runId;
  const isOver = dag?.newest !== undefined && isSettled({ state: stateOf(dag.newest) });
  const answer =
    runId === undefined || isOver ? undefined : await server.explain.explainRun({ runId, task });
  if (options.json === true) {
    const run = answer === undefined ? undefined : viewRun(answer);
    printJson(cli.out, dag === undefined ? run : { ...viewDag(dag), ...newestOf(dag, run) });
  } else
    printLines(cli.out, [
      ...(dag === undefined ? [] : [...dagLines(dag, cli.nowMs()), "", newestLine(dag)]),
      ...(answer === undefined ? [] : runLines(answer, cli, dag === undefined)),
    ]);
  return exitCodes.ok;
}

const viewRun = ({ runId, state, explanations }: ExplainRunResponse): object => ({
  ...{ run_id: runId, state },
  explanations: explanations.map(viewOf),
});

/** With a heading, unless the DAG's lines name the run. */
const runLines = (
  { runId, state, explanations }: ExplainRunResponse,
  cli: Cli,
  isHeaded: boolean,
): string[] => [
  ...(isHeaded ? [`${runId} is ${state}`] : []),
  ...explanations.flatMap((one) => ["", ...linesOf(one, cli)]),
];

function newestOf({ newest }: ExplainedDag, run: object | undefined): object {
  if (newest === undefined) return {};
  return { newest_run: run ?? { run_id: newest.runId, state: stateOf(newest) } };
}

const stateOf = ({ state }: Run): string => wordOf(RunStateSchema, state);

const newestLine = ({ newest }: ExplainedDag): string =>
  newest === undefined
    ? "it has no run yet"
    : `its newest run, ${newest.runId}, is ${stateOf(newest)}`;

const viewOf = ({ task, state, causes, waits, ...rest }: Explanation): object => ({
  ...(task === "" ? {} : { task }),
  state,
  causes: causes.map((cause) => ({
    kind: cause.kind,
    text: cause.text,
    ...(cause.task === "" ? {} : { task: cause.task }),
    ...(cause.runId === "" ? {} : { run_id: cause.runId }),
    ...(cause.pool === "" ? {} : { pool: cause.pool }),
    ...time("until_time", cause.untilTime),
  })),
  ...time("expected_time", rest.expectedTime),
  ...(rest.expectedBy === "" ? {} : { expected_by: rest.expectedBy }),
  ...(rest.expectedRuns === 0 ? {} : { expected_runs: rest.expectedRuns }),
  waits: waits.map(({ kind, text, fromTime, untilTime }) => ({
    ...{ kind, text },
    ...time("from_time", fromTime),
    ...time("until_time", untilTime),
  })),
});

/** `waited 3 s for a slot of pool warehouse`, or `has waited … so far`. */
function waitLine({ text, fromTime, untilTime }: Wait, nowMs: number): string {
  const fromMs = fromTime === undefined ? nowMs : timestampMs(fromTime);
  const toMs = untilTime === undefined ? nowMs : timestampMs(untilTime);
  const span = formatSpan(Math.max(0, toMs - fromMs));
  if (untilTime === undefined) return `has waited ${span} so far for ${printable(text)}`;
  return `waited ${span} until ${formatInstant(toMs)} for ${printable(text)}`;
}

/** Where the expected time comes from. */
function sourceOf({ expectedBy, expectedRuns }: Explanation): string {
  if (expectedBy !== "estimate") return "";
  if (expectedRuns === 0) return ", an estimate: the end of a time limit";
  return `, an estimate: the median of ${expectedRuns === 1 ? "1 earlier run" : `${expectedRuns} earlier runs`}`;
}

function linesOf(one: Explanation, cli: Cli): string[] {
  const { task, state, causes, expectedTime, waits } = one;
  const expected = expectedTime === undefined ? undefined : timestampMs(expectedTime);
  return [
    ...(task === "" ? [] : [`${printable(task)} is ${state.replaceAll("_", " ")}`]),
    ...causes.map(({ text }, depth) => `${"  ".repeat(depth + 1)}${printable(text)}`),
    ...(expected === undefined
      ? []
      : [
          `  expected ${formatInstant(expected)} (${formatDistance(expected, cli.nowMs())})${sourceOf(one)}`,
        ]),
    ...waits.map((wait) => `  ${waitLine(wait, cli.nowMs())}`),
  ];
}
