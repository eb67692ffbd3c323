// What the task says when every recipient was looked at.
// Invariants:
//   O1. Every recipient is counted exactly once, and whoever got no mail is named with the reason, up to LIST_MAX.
//   O2. While a mail is surely not sent and may still be, the attempt does not succeed: the next one sends the rest.
//   O3. A recipient that failed for good fails the task only when nobody else got a mail.
import type { Delivery, Evidence } from "./delivery.ts";

export interface Named {
  readonly key: string;
  readonly reason: string;
}

/** The task's output: at most some 50 KiB, so that it always fits the 64 KiB of an output. */
export type ReportOutput = {
  readonly report: string;
  readonly period: string;
  /** Recipients in all. */
  readonly total: number;
  /** Recipients who have the mail of this report and period. */
  readonly sent: number;
  /** Those of them who had it before this run. */
  readonly already_sent: number;
  readonly left_out: readonly Named[];
  readonly failed: readonly Named[];
  readonly unconfirmed: readonly Named[];
  /** Names that did not fit the lists. */
  readonly not_listed: number;
};

export interface Tally {
  readonly report: string;
  readonly period: string;
  readonly runId: string;
  readonly rows: readonly { readonly key: string; readonly row: Delivery }[];
  /** Why sending was broken off for everyone, when it was. */
  readonly brokenOff?: {
    readonly message: string;
    readonly permanent: boolean;
    readonly evidence: Evidence;
  };
}

export type ReportOutcome =
  | { readonly kind: "succeeded"; readonly output: ReportOutput }
  | {
      readonly kind: "failed";
      readonly class: "upstream" | "config";
      readonly permanent: boolean;
      readonly message: string;
      readonly output: ReportOutput;
      readonly evidence: Evidence;
    };

export const LIST_MAX = 100;
const REASON_LENGTH_MAX = 120;

export function outcomeOf(tally: Tally): ReportOutcome {
  const output = outputOf(tally);
  const pending = tally.rows.filter(
    ({ row }) => row.state === "pending" || row.state === "claimed",
  );
  const { brokenOff } = tally;
  const progress = `${output.sent} of ${output.sent + pending.length} mails sent, ${pending.length} wait for the next attempt`;
  if (brokenOff?.permanent)
    return {
      kind: "failed",
      class: "config",
      permanent: true,
      message: `the mail server refuses us: ${brokenOff.message}; ${progress}`,
      output,
      evidence: brokenOff.evidence,
    };
  if (pending.length > 0) {
    const why = brokenOff?.message ?? firstReason(pending);
    return {
      kind: "failed",
      class: "upstream",
      permanent: false,
      message: `${why}; ${progress}`,
      output,
      evidence: brokenOff?.evidence ?? firstEvidence(pending),
    };
  }
  const failed = tally.rows.filter(({ row }) => row.state === "failed");
  if (failed.length > 0 && output.sent === 0 && output.unconfirmed.length === 0)
    return {
      kind: "failed",
      class: "upstream",
      permanent: true,
      message: `every mail was refused for good, the first so: ${firstReason(failed)}`,
      output,
      evidence: firstEvidence(failed),
    };
  return { kind: "succeeded", output };
}

function outputOf(tally: Tally): ReportOutput {
  const named = (state: Delivery["state"]): Named[] =>
    tally.rows.flatMap(({ key, row }) =>
      row.state === state && "reason" in row
        ? [{ key, reason: row.reason.slice(0, REASON_LENGTH_MAX) }]
        : [],
    );
  const lists = [named("left_out"), named("failed"), named("unconfirmed")] as const;
  const sent = tally.rows.filter(({ row }) => row.state === "sent");
  return {
    report: tally.report,
    period: tally.period,
    total: tally.rows.length,
    sent: sent.length,
    already_sent: sent.filter(({ row }) => row.runId !== tally.runId).length,
    left_out: lists[0].slice(0, LIST_MAX),
    failed: lists[1].slice(0, LIST_MAX),
    unconfirmed: lists[2].slice(0, LIST_MAX),
    not_listed: lists.reduce((sum, list) => sum + Math.max(0, list.length - LIST_MAX), 0),
  };
}

function firstReason(rows: Tally["rows"]): string {
  const row = rows[0]?.row;
  return row !== undefined && "reason" in row ? row.reason : "not sent yet";
}

function firstEvidence(rows: Tally["rows"]): Evidence {
  const row = rows[0]?.row;
  return row !== undefined && "evidence" in row ? row.evidence : {};
}
