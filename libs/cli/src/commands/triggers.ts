// `chasqui triggers`: what became of triggers. "I published, why is there no run?"
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { TriggerRecord } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";
import { runUrl } from "./links.ts";

export interface TriggersOptions {
  readonly source?: string;
  readonly id?: string;
  readonly dag?: string;
  readonly outcome?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** What each outcome means, for who published and sees no run. */
export const meanings: Readonly<Record<string, string>> = {
  started: "its run exists",
  joined: "a run with this key was there already",
  "paused-queued": "its run exists and waits, because the DAG is paused",
  starting: "the run is asked for and not confirmed yet; asked again every few seconds",
  waiting: "it waits for other events; then one run starts for all of them",
  filtered: "no run: the DAG's trigger does not want it",
  "rate-limited": "no run: the DAG's trigger allows only so many in a time",
  rejected: "no run: it was refused",
  unbound: "no run: no DAG has a trigger for this subject",
  dead: "no run: it could not be read or used; the message is in `chasqui admin dead list`",
};
export const outcomes = Object.keys(meanings);

export async function triggers(cli: Cli, options: TriggersOptions): Promise<ExitCode> {
  const { source = "", id = "", dag = "", outcome = "", limit } = options;
  const server = await cli.connect();
  const question = { source, id, dagId: dag, outcome, pageSize: limit };
  const { triggers: records } = await server.schedules.listTriggers(question);
  if (options.json === true) printJson(cli.out, { triggers: records.map(viewTrigger) });
  else if (records.length > 0)
    printLines(
      cli.out,
      id === "" ? table(records, cli) : explained(records, cli, (run) => runUrl(server, run)),
    );
  if (records.length > 0 || id === "") {
    if (records.length === 0 && options.json !== true) printLines(cli.err, ["no triggers"]);
    return exitCodes.ok;
  }
  throw new CliError(exitCodes.notFound, `no trigger ${printable(`${source} ${id}`.trim())}`, {
    hint: neverStored(source),
  });
}

/** Where to look when the ledger does not know a trigger at all. */
const neverStored = (source: string): string =>
  [
    "it was never stored, or under another ce-id; a trigger that is stored is read within a second.",
    "Did the publisher wait for JetStream's acknowledgement, and did it get one?",
    `Does it log in as source-${source === "" ? "<source>" : source}, and publish below chasqui.trigger.${source === "" ? "<source>" : source}.?`,
    "The server tells a client that may not: Permissions Violation",
  ].join("\n  ");

function viewTrigger(record: TriggerRecord): object {
  return {
    source: record.source,
    id: record.id,
    subject: record.subject,
    ...time("received_time", record.receivedTime),
    dag_id: record.dagId,
    outcome: record.outcome,
    meaning: meanings[record.outcome] ?? "",
    run_id: record.runId,
    reason: record.reason,
  };
}

const COLUMNS = ["RECEIVED", "SOURCE", "ID", "DAG", "OUTCOME", "RUN", "WHY"].map((title) => ({
  title,
}));

function table(records: readonly TriggerRecord[], cli: Cli): string[] {
  const rows = records.map((record) => [
    receivedText(record),
    printable(record.source),
    oneLine(printable(record.id)),
    record.dagId === "" ? "–" : record.dagId,
    coloured(record.outcome, cli),
    record.runId,
    oneLine(printable(record.reason)),
  ]);
  return renderTable(COLUMNS, rows, { style: cli.out.style, width: cli.out.columns });
}

/** One trigger, and what each DAG made of it. */
function explained(
  records: readonly TriggerRecord[],
  cli: Cli,
  urlOf: (runId: string) => string,
): string[] {
  const { style } = cli.out;
  return records.flatMap((record, index) => {
    const { source, id, subject, dagId, outcome, runId, reason } = record;
    const before = records[index - 1];
    const isNew = before?.source !== source || before.id !== id;
    const head = `${printable(source)} ${printable(id)}: ${printable(subject)}, received ${receivedText(record)}`;
    return [
      ...(isNew ? [...(index > 0 ? [""] : []), style.bold(head)] : []),
      `  ${dagId === "" ? "" : `${dagId}: `}${coloured(outcome, cli)}: ${meanings[outcome] ?? "see the reason"}`,
      ...(reason === "" ? [] : [`    ${printable(reason)}`]),
      ...(runId === "" ? [] : [`    ${runId}  ${urlOf(runId)}`]),
    ];
  });
}

const receivedText = ({ receivedTime }: TriggerRecord): string =>
  receivedTime === undefined ? "" : formatInstant(timestampMs(receivedTime));

function coloured(outcome: string, { out: { style } }: Cli): string {
  if (outcome === "started" || outcome === "joined") return style.green(outcome);
  if (outcome === "dead") return style.red(outcome);
  if (outcome === "filtered") return style.dim(outcome);
  return outcome === "starting" || outcome === "waiting"
    ? style.blue(outcome)
    : style.yellow(outcome);
}
