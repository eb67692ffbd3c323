// Which replica reads a pod's log: the one whose name is on the pod, until its time is over. Pure.
// Correctness never rests on it: outcomes have derived ids, log lines have counters. It only keeps replicas from all
// doing the same work.
// Invariants:
//   E1. A name that is not renewed is given up LEASE_MS later; a replica that starts anew under its old name goes on
//       at once.

export const LEASE_MS = 90_000;
export const RENEW_MS = 30_000;
/** Other replicas report an outcome that the follower has not reported by then. */
export const OTHERS_REPORT_MS = 15_000;

export interface Lease {
  readonly holder: string;
  readonly untilMs: number;
}

export const writeLease = ({ holder, untilMs }: Lease): string => `${untilMs} ${holder}`;

export function readLease(text: string | undefined): Lease | undefined {
  const match = /^(\d{1,15}) (\S+)$/.exec(text ?? "");
  return match === null ? undefined : { untilMs: Number(match[1]), holder: match[2] ?? "" };
}

export type Duty = "follow" | "take_over" | "leave";

export function dutyOf(lease: Lease | undefined, me: string, nowMs: number): Duty {
  if (lease?.holder === me) return "follow";
  return lease === undefined || lease.untilMs <= nowMs ? "take_over" : "leave";
}
