// One row of the ledger: what became of one recipient's mail for one report and period.
// The states and how they follow one another:
//
//   (none) ─▶ left_out ─▶ …            no mail is due, with the reason; may become due in a later run
//   (none) ─▶ claimed ─▶ sent          the mail server took it: never again
//                     ├▶ failed        refused for good, with the answer
//                     ├▶ pending       surely not sent: the next attempt claims it again
//                     └▶ unconfirmed   nobody knows: never sent again by itself
//
// Invariants (each has a property test of the same name):
//   D1. Every step writes version + 1 and is stored only if the version before it is still the stored one.
//   D2. Only a claim, stored before, allows a send; `sent` and `unconfirmed` never become a claim directly.
import type { SendResult } from "./send-result.ts";

export interface DeliveryKey {
  readonly report: string;
  readonly period: string;
  readonly recipientKey: string;
}

/** Who wrote a step: told to people, and the fence between attempts. */
export interface Author {
  readonly runId: string;
  readonly taskId: string;
  readonly attemptId: string;
}

export type Evidence = Readonly<Record<string, string | number | boolean>>;

interface Common extends Author {
  /** Counts the row's writes; 0 is a row that does not exist. */
  readonly version: number;
}

interface Mailed extends Common {
  readonly address: string;
  readonly messageId: string;
}

interface Explained extends Mailed {
  readonly reason: string;
  readonly evidence: Evidence;
}

export type LeftOutRow = Common & { readonly state: "left_out"; readonly reason: string };
export type Claimed = Mailed & { readonly state: "claimed"; readonly leaseLeftMs: number };
export type Sent = Mailed & { readonly state: "sent"; readonly evidence: Evidence };
export type Unconfirmed = Explained & { readonly state: "unconfirmed" };

export type Delivery =
  | LeftOutRow
  | Claimed
  | Sent
  | Unconfirmed
  | (Explained & { readonly state: "pending" })
  | (Explained & { readonly state: "failed" });

export type DeliveryState = Delivery["state"];

type Stored = Delivery | undefined;

const versionAfter = (row: Stored): number => (row?.version ?? 0) + 1;

export function leaveOut(row: Stored, author: Author, reason: string): Delivery {
  return { state: "left_out", version: versionAfter(row), ...author, reason };
}

export function claim(
  row: Stored,
  author: Author,
  mail: { readonly address: string; readonly messageId: string; readonly leaseMs: number },
): Claimed {
  const { address, messageId, leaseMs } = mail;
  const version = versionAfter(row);
  return { state: "claimed", version, ...author, address, messageId, leaseLeftMs: leaseMs };
}

/** What a claim becomes by what the mail server said. */
export function settleClaim(row: Claimed, result: SendResult): Delivery {
  const { leaseLeftMs: _ended, ...rest } = row;
  const next = { ...rest, version: versionAfter(row) };
  const { evidence } = result;
  switch (result.kind) {
    case "accepted":
      return { ...next, state: "sent", evidence };
    case "refused": {
      const forGood = result.permanent && result.scope === "recipient";
      return { ...next, state: forGood ? "failed" : "pending", reason: result.message, evidence };
    }
    case "doubt":
      return { ...next, state: "unconfirmed", reason: result.message, evidence };
  }
}

/** A claim whose process is gone: what it did is unknown. */
export function doubtClaim(row: Claimed, author: Author): Unconfirmed {
  const { address, messageId, attemptId } = row;
  return {
    state: "unconfirmed",
    version: versionAfter(row),
    ...author,
    address,
    messageId,
    reason: "claimed by a process that ended before it said what became of the mail",
    evidence: { claimed_by: attemptId },
  };
}

/** A doubt that somebody who keeps the mails could answer. */
export function resolveDoubt(row: Unconfirmed, author: Author, found: boolean): Delivery {
  const { address, messageId } = row;
  const next = { version: versionAfter(row), ...author, address, messageId };
  return found
    ? { ...next, state: "sent", evidence: { confirmed_by: "lookup of the Message-ID" } }
    : {
        ...next,
        state: "pending",
        reason: "the mail server does not have the mail",
        evidence: { denied_by: "lookup of the Message-ID" },
      };
}
