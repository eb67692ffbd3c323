// `chasqui mails <run>`: who got which report mail, who did not, and why.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { DeliveryStateSchema } from "@chasqui/contracts";
import type { Delivery } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant } from "../render/time.ts";
import { time, wordOf } from "../run-view.ts";
import { findRun } from "./run.ts";

export interface MailsOptions {
  readonly report?: string;
  readonly period?: string;
  readonly limit: number;
  readonly json?: boolean;
}

export async function mails(
  cli: Cli,
  runId: string | undefined,
  options: MailsOptions,
): Promise<ExitCode> {
  const server = await cli.connect();
  const run = runId === undefined ? undefined : await findRun(server, runId);
  const { deliveries } = await server.reports.listDeliveries({
    runId: run?.run_id ?? "",
    report: options.report ?? "",
    period: options.period ?? "",
    pageSize: options.limit,
  });
  if (options.json === true) printJson(cli.out, { deliveries: deliveries.map(viewDelivery) });
  else if (deliveries.length === 0) printLines(cli.err, ["no report mails"]);
  else printLines(cli.out, render(deliveries, cli));
  return exitCodes.ok;
}

function viewDelivery(delivery: Delivery): object {
  return {
    report: delivery.report,
    period: delivery.period,
    recipient_key: delivery.recipientKey,
    address: delivery.address,
    state: wordOf(DeliveryStateSchema, delivery.state),
    reason: delivery.reason,
    message_id: delivery.messageId,
    run_id: delivery.runId,
    ...time("time", delivery.time),
  };
}

const COLUMNS = ["REPORT", "PERIOD", "RECIPIENT", "STATE", "ADDRESS", "WHEN", "WHY"].map(
  (title) => ({
    title,
  }),
);

function render(deliveries: readonly Delivery[], cli: Cli): string[] {
  const { style, columns } = cli.out;
  const colours: Readonly<Record<string, (text: string) => string>> = {
    sent: style.green,
    failed: style.red,
    unconfirmed: style.yellow,
    left_out: style.dim,
  };
  const rows = deliveries.map((delivery) => {
    const state = wordOf(DeliveryStateSchema, delivery.state);
    return [
      delivery.report,
      delivery.period,
      printable(delivery.recipientKey),
      (colours[state] ?? style.blue)(state.replaceAll("_", " ")),
      printable(delivery.address),
      delivery.time === undefined ? "" : formatInstant(timestampMs(delivery.time)),
      oneLine(printable(delivery.reason)),
    ];
  });
  const totals = new Map<string, number>();
  for (const { state } of [...deliveries].sort((a, b) => a.state - b.state)) {
    const word = wordOf(DeliveryStateSchema, state).replaceAll("_", " ");
    totals.set(word, (totals.get(word) ?? 0) + 1);
  }
  const sum = [...totals].map(([word, n]) => `${n} ${word}`).join(", ");
  return [...renderTable(COLUMNS, rows, { style, width: columns }), "", sum];
}
