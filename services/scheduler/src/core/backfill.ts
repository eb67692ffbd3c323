// A backfill's decisions, as pure functions: which dates it has, what becomes of a date whose turn it is, and how many may
// be at work.
// Invariants (each has a property test of the same name):
//   F1. Every date ends in exactly one outcome, whatever happens in between.
//   F2. Never more of its runs at work than max_active.
//   F3. Dates get their turn in order; who is skipped takes no place of another.
//   F4. While it or its DAG is paused no date begins; once it is cancelled none ever does.
//   F5. Cancelled with its runs, it ends with none of them at work; a run that a date joined is somebody else's.

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

/**
 * `existing`: the run of the date's key, then its reruns `<key>~1`, `<key>~2`, …; `earlier`: those that the date had under
 * the DAG's earlier name.
 */
export function turnOf(
  runKey: string,
  existing: readonly Existing[],
  reprocess: Reprocess,
  earlier: readonly Existing[] = [],
): Turn {
  const newest = existing.at(-1) ?? earlier.at(-1);
  if (newest === undefined) return { kind: "start", key: runKey, rerunOf: undefined };
  const { runId, state } = newest;
  const skip = (reason: string): Turn => ({ kind: "skip", reason, runId });
  if (state === "open") return skip("its run has not settled");
  const key = existing.length === 0 ? runKey : `${runKey}~${existing.length}`;
  const again: Turn = { kind: "start", key, rerunOf: runId };
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

/** What a person tells a backfill. */
export interface Order {
  readonly action: Action;
  /** Of a cancel: its runs at work go on to their end. */
  readonly keepRuns: boolean;
}

export interface Standing {
  readonly state: BackfillState;
  /** Cancelled with its runs. */
  readonly endsRuns: boolean;
  readonly isOver: boolean;
}

/** What it is after an order; or why it cannot be. Runs that were kept at first may still be ended. */
export function afterOrder(
  { state, endsRuns, isOver }: Standing,
  { action, keepRuns }: Order,
): Pick<Standing, "state" | "endsRuns"> | { readonly refused: string } {
  const changesItsMind = action === "cancel" && !keepRuns && !endsRuns && !isOver;
  if (state === "done" || (state === "cancelled" && !changesItsMind))
    return { refused: `it is ${state}` };
  if (action === "cancel") return { state: "cancelled", endsRuns: !keepRuns };
  return { state: action === "pause" ? "paused" : "running", endsRuns: false };
}

/** The run of a date whose backfill was cancelled with its runs, as it is found. */
export interface RunAtWork {
  readonly by: string;
  readonly isSettled: boolean;
  readonly isCancelling: boolean;
}

/**
 * Is it to be asked to end now? One that is not there yet was asked for, and is said again until it is; one that
 * another started goes on.
 */
export const isToEnd = (run: RunAtWork | undefined, startedBy: string): boolean =>
  run !== undefined && run.by === startedBy && !run.isSettled && !run.isCancelling;

/** What a cancel makes of a date without an outcome. */
export function afterCancel(
  { state, isJoined }: { readonly state: DateState; readonly isJoined: boolean },
  keepRuns: boolean,
): { readonly state: DateState; readonly reason: string } {
  if (state === "waiting") return { state: "abandoned", reason: "its turn has not come" };
  if (isJoined) return { state, reason: "its run is not this backfill's, and goes on" };
  if (keepRuns) return { state, reason: "its run goes on" };
  return { state: "cancelled", reason: "its run is cancelled" };
}
