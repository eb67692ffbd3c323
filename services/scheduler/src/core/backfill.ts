// A backfill's decisions, as pure functions: which dates it has, what becomes of a date whose turn it is, and how many may
// be at work.
// Invariants (each has a property test of the same name):
//   F1. Every date ends in exactly one outcome, whatever happens in between.
//   F2. Never more of its runs at work than max_active.
//   F3. Dates get their turn in order; who is skipped takes no place of another.
//   F4. While it or its DAG is paused no date begins; once it is cancelled none ever does.

export type Reprocess = "none" | "failed" | "all";
export type BackfillState = "running" | "paused" | "cancelled" | "done";
export const openStates = ["waiting", "starting", "running"] as const;
export const endStates = [
  "succeeded",
  "failed",
  "cancelled",
  "skipped",
  "refused",
  "abandoned",
] as const;
export type DateState = (typeof openStates)[number] | (typeof endStates)[number];

/** A due time that is past, and what its run is about. */
export interface BackfillDate {
  readonly dueMs: number;
  readonly logicalMs: number;
  readonly intervalStartMs: number;
  /** The key of the tick's own run. */
  readonly runKey: string;
  /** Why it starts no run, whatever else; undefined for a date that waits for its turn. */
  readonly skipped: string | undefined;
}

export interface Clock {
  /** The first due time strictly after a moment. */
  next(afterMs: number): number | undefined;
  excluded(dueMs: number): string | undefined;
  start(
    dueMs: number,
  ):
    | { readonly logicalMs: number; readonly intervalStartMs: number; readonly runKey: string }
    | { readonly reason: string };
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Oldest first. Undefined when there are more than `datesMax`. What is not due yet is the schedule's. */
export function datesOf(
  clock: Clock,
  spans: readonly Span[],
  { nowMs, datesMax }: { readonly nowMs: number; readonly datesMax: number },
): BackfillDate[] | undefined {
  const dates = new Map<number, BackfillDate>();
  for (const { fromMs, toMs } of spans)
    for (
      let due = clock.next(fromMs - 1);
      due !== undefined && due <= nowMs;
      due = clock.next(due)
    ) {
      const date = dateOf(clock, due);
      if (date.logicalMs > toMs) break;
      if (date.logicalMs < fromMs) continue;
      dates.set(due, date);
      if (dates.size > datesMax) return undefined;
    }
  return [...dates.values()].sort((a, b) => a.dueMs - b.dueMs);
}

function dateOf(clock: Clock, dueMs: number): BackfillDate {
  const start = clock.start(dueMs);
  const excluded = clock.excluded(dueMs);
  if ("reason" in start) {
    const about = { logicalMs: dueMs, intervalStartMs: dueMs, runKey: "" };
    return { dueMs, ...about, skipped: start.reason };
  }
  const skipped = excluded === undefined ? undefined : `the schedule excludes ${excluded}`;
  const { logicalMs, intervalStartMs, runKey } = start;
  return { dueMs, logicalMs, intervalStartMs, runKey, skipped };
}

/** A run that a date has already. */
export interface Existing {
  readonly runId: string;
  readonly state: "open" | "succeeded" | "failed" | "cancelled";
}

export type Turn =
  | { readonly kind: "start"; readonly key: string; readonly rerunOf: string | undefined }
  | { readonly kind: "skip"; readonly reason: string; readonly runId: string };

/** `existing`: the run of the date's key, then its reruns `<key>~1`, `<key>~2`, … */
export function turnOf(runKey: string, existing: readonly Existing[], reprocess: Reprocess): Turn {
  const newest = existing.at(-1);
  if (newest === undefined) return { kind: "start", key: runKey, rerunOf: undefined };
  const { runId, state } = newest;
  const skip = (reason: string): Turn => ({ kind: "skip", reason, runId });
  if (state === "open") return skip("its run has not settled");
  const again: Turn = { kind: "start", key: `${runKey}~${existing.length}`, rerunOf: runId };
  switch (reprocess) {
    case "all":
      return again;
    case "failed":
      return state === "succeeded" ? skip("its run succeeded, and reprocess is failed") : again;
    case "none":
      return skip(
        `its run ${state === "cancelled" ? "was cancelled" : state}, and reprocess is none`,
      );
    default:
      return reprocess satisfies never;
  }
}

export interface Progress {
  readonly state: BackfillState;
  readonly maxActive: number;
  /** Dates that are starting or running. */
  readonly active: number;
}

/** How many dates may begin now. */
export function roomOf({ state, maxActive, active }: Progress, isDagPaused: boolean): number {
  return state === "running" && !isDagPaused ? Math.max(0, maxActive - active) : 0;
}

export type Action = "pause" | "resume" | "cancel";

/** The state after an action of a person; or why not. */
export function afterAction(
  state: BackfillState,
  action: Action,
): { readonly state: BackfillState } | { readonly refused: string } {
  if (state === "done" || state === "cancelled") return { refused: `it is ${state}` };
  if (action === "cancel") return { state: "cancelled" };
  return { state: action === "pause" ? "paused" : "running" };
}
