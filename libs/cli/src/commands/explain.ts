// `chasqui explain <run> [task]`: why it is not at work now, each cause under the one it explains.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Explanation } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { formatDistance, formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";

export async function explain(
  cli: Cli,
  runId: string,
  task: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const answer = await server.explain.explainRun({ runId, task });
  const { explanations } = answer;
  if (options.json === true)
    printJson(cli.out, {
      run_id: answer.runId,
      state: answer.state,
      explanations: explanations.map(viewOf),
    });
  else
    printLines(cli.out, [
      `${answer.runId} is ${answer.state}`,
      ...explanations.flatMap((one) => ["", ...linesOf(one, cli)]),
    ]);
  return exitCodes.ok;
}

const viewOf = ({ task, state, causes, expectedTime }: Explanation): object => ({
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
  ...time("expected_time", expectedTime),
});

function linesOf({ task, state, causes, expectedTime }: Explanation, cli: Cli): string[] {
  const expected = expectedTime === undefined ? undefined : timestampMs(expectedTime);
  return [
    ...(task === "" ? [] : [`${printable(task)} is ${state.replaceAll("_", " ")}`]),
    ...causes.map(({ text }, depth) => `${"  ".repeat(depth + 1)}${printable(text)}`),
    ...(expected === undefined
      ? []
      : [`  expected ${formatInstant(expected)} (${formatDistance(expected, cli.nowMs())})`]),
  ];
}
