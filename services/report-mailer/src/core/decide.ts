// What to do next about one recipient, from what the ledger says: the rule that nobody is mailed twice.
// Total and pure; decide.test.ts holds the whole table.
// Invariants (each has a property test of the same name):
//   N1. Nothing but `claim` leads to a mail, and no row that is claimed, sent or unconfirmed is ever claimed.
//   N2. A claim is another process's until its lease is over; then it is a doubt, and a doubt is asked about or shown.
//   N3. Who failed for good is tried again only by another run, or at another address.
import type { Candidate } from "./recipients.ts";
import type { Delivery } from "./delivery.ts";

export type Decision =
  | { readonly do: "claim" }
  | { readonly do: "leave_out"; readonly reason: string }
  | { readonly do: "wait"; readonly waitMs: number }
  | { readonly do: "doubt" }
  | { readonly do: "look_up" }
  | { readonly do: "count" };

export interface Circumstances {
  /** The run that asks. */
  readonly runId: string;
  /** Somebody who keeps the mails can be asked by Message-ID, and was not asked yet. */
  readonly canLookUp: boolean;
}

export function decide(
  candidate: Candidate,
  row: Delivery | undefined,
  circumstances: Circumstances,
): Decision {
  switch (row?.state) {
    case undefined:
    case "pending":
      return begin(candidate);
    case "left_out":
      return candidate.kind === "left_out" && candidate.reason === row.reason
        ? { do: "count" }
        : begin(candidate);
    case "claimed":
      return row.leaseLeftMs > 0 ? { do: "wait", waitMs: row.leaseLeftMs } : { do: "doubt" };
    case "sent":
      return { do: "count" };
    case "failed":
      if (candidate.kind === "left_out") return begin(candidate);
      return row.runId !== circumstances.runId || row.address !== candidate.address
        ? { do: "claim" }
        : { do: "count" };
    case "unconfirmed":
      return circumstances.canLookUp ? { do: "look_up" } : { do: "count" };
  }
}

function begin(candidate: Candidate): Decision {
  return candidate.kind === "due" ? { do: "claim" } : { do: "leave_out", reason: candidate.reason };
}
