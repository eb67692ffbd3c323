// `chasqui approvals`, `approve`, `reject`: what runs ask people, and the answers.
import type { JsonObject } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Approval } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";
import { shortId } from "./run.ts";
import { readTyped } from "./run-inputs.ts";

export interface ApprovalsOptions {
  readonly dag?: string;
  readonly run?: string;
  readonly json?: boolean;
}

export async function approvals(cli: Cli, options: ApprovalsOptions): Promise<ExitCode> {
  const server = await cli.connect();
  const { dag: dagId = "", run: runId = "" } = options;
  const found = await server.approvals.listApprovals({ dagId, runId });
  if (options.json === true)
    printJson(cli.out, { approvals: found.approvals.map(view), total: found.total });
  else if (found.approvals.length === 0) printLines(cli.err, ["nothing waits for an approval"]);
  else {
    const titles = ["RUN", "TASK", "SINCE", "UNTIL", "WHO MAY", "QUESTION"];
    const lines = renderTable(
      titles.map((title) => ({ title })),
      found.approvals.map(cells),
      { style: cli.out.style, width: cli.out.columns },
    );
    const more = found.total - found.approvals.length;
    printLines(cli.out, more > 0 ? [...lines, `and ${more} more`] : lines);
  }
  return exitCodes.ok;
}

export interface AnswerOptions {
  readonly comment?: string;
  readonly value?: readonly string[];
  readonly json?: boolean;
}

export async function answer(
  cli: Cli,
  { id, task, approve }: { id: string; task: string; approve: boolean },
  options: AnswerOptions,
): Promise<ExitCode> {
  const server = await cli.connect();
  const { comment = "", value: pairs = [] } = options;
  const open = pairs.length === 0 ? [] : await openOf(cli, id, task);
  const values = readValues(pairs, open.length === 1 ? open[0]?.form : undefined);
  const answered = await server.approvals.answerApproval({
    ...{ runId: id, task, approve, comment, values },
  });
  if (options.json === true) {
    const { runId: run_id, task: label, state, changed } = answered;
    printJson(cli.out, { run_id, task: label, state, changed });
  } else {
    const what = approve ? "approved" : "rejected";
    const already = answered.changed ? "" : "; you had said so already";
    printLines(cli.out, [
      `${what} ${answered.task} of ${answered.runId}: it is ${answered.state}${already}`,
    ]);
  }
  return exitCodes.ok;
}

async function openOf(cli: Cli, id: string, task: string): Promise<Approval[]> {
  const server = await cli.connect();
  const { approvals: open } = await server.approvals.listApprovals({ runId: id });
  return task === "" ? open : open.filter((one) => one.task === task);
}

/** What the form's fields want: text where they want text, else JSON. */
function readValues(pairs: readonly string[], form: JsonObject | undefined): JsonObject {
  const values: JsonObject = {};
  for (const pair of pairs) {
    const [, name, text] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined || text === undefined)
      throw usageError(`--value ${JSON.stringify(pair)}: want name=value`);
    values[name] = readTyped(form, name, text);
  }
  return values;
}

const cells = (one: Approval): string[] => [
  `${one.dagId} ${shortId(one.runId)}`,
  one.task,
  one.askedTime === undefined ? "" : formatInstant(timestampMs(one.askedTime)),
  untilOf(one),
  one.approvers.length === 0 ? "anybody" : one.approvers.map(printable).join(", "),
  printable(oneLine(one.message)),
];

function untilOf({ untilTime, fallback }: Approval): string {
  if (untilTime === undefined) return "for ever";
  return `${formatInstant(timestampMs(untilTime))}, then ${fallback || "it fails"}`;
}

const view = (one: Approval): object => ({
  run_id: one.runId,
  dag_id: one.dagId,
  task: one.task,
  attempt: one.attempt,
  message: one.message,
  ...(one.form === undefined ? {} : { form: one.form }),
  approvers: one.approvers,
  on_reject: one.skipsOnReject ? "skip" : "fail",
  ...(one.fallback === "" ? {} : { default: one.fallback }),
  ...time("asked_time", one.askedTime),
  ...time("until_time", one.untilTime),
});
