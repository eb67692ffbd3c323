// What a job runner does about each thing it holds outside, once in a while: the comparison of what carries our
// labels with what the state machine wants. Pure.
// Invariants:
//   W1. Evidence is kept until the state machine was seen to have the outcome, and RETAIN_MS longer.
//   W2. An outcome that the state machine does not show is said again, whatever the bus forgot.
//   W3. What runs outside for an attempt that is not wanted is ended: no orphans.
//   W4. Nothing younger than GRACE_MS is touched: its assignment or outcome may be on its way.

/** 15 minutes for people to look at the pod. */
export const RETAIN_MS = 900_000;
export const GRACE_MS = 10_000;
/** What runs and is wanted is asked about again only now and then: there may be many, and they may run for days. */
export const ASK_AGAIN_MS = 300_000;

export interface HeldJob {
  readonly attemptId: string;
  /** When it was created outside. */
  readonly createdMs: number;
  readonly state:
    | { readonly is: "active" }
    /** Its outcome is known here; `reportedMs` when the bus stored it. */
    | { readonly is: "ended"; readonly reportedMs?: number }
    /** The state machine was seen to have the outcome. */
    | { readonly is: "confirmed"; readonly confirmedMs: number };
}

export type SweepAction = "keep" | "ask" | "report" | "confirm" | "end" | "discard";

/** Before ClaimAttempt was asked: what needs no asking. `askedMs`: when it was asked last. */
export function beforeAsking(job: HeldJob, nowMs: number, askedMs?: number): SweepAction {
  switch (job.state.is) {
    case "active":
      if (askedMs !== undefined && nowMs - askedMs < ASK_AGAIN_MS) return "keep";
      return nowMs - job.createdMs < GRACE_MS ? "keep" : "ask";
    case "ended":
      if (job.state.reportedMs === undefined) return "report";
      return nowMs - job.state.reportedMs < GRACE_MS ? "keep" : "ask";
    case "confirmed":
      return nowMs - job.state.confirmedMs < RETAIN_MS ? "keep" : "discard";
  }
}

/** After ClaimAttempt has answered for a job that is active, or ended and reported. */
export function afterAsking(job: HeldJob, claim: { readonly wanted: boolean }): SweepAction {
  if (job.state.is === "active") return claim.wanted ? "keep" : "end";
  return claim.wanted ? "report" : "confirm";
}
