// When the next run of `@continuous` is due, as one pure function: its due times follow its runs.
// Invariants:
//   C1. Nothing is due while the newest due time has no outcome, its run has not settled, or the DAG is paused.
//   C2. Due times are at least GAP_MS apart, and EMPTY_GAP_MS after one that started no run: nothing spins.
//   C3. A pause leaves no debt: what it suppressed is due once, when the DAG goes on.

export type LastOutcome = "firing" | "fired" | "skipped" | "missed" | "suppressed";

/** The newest due time in the ledger. */
export interface LastTick {
  readonly dueMs: number;
  readonly outcome: LastOutcome;
  /** Of the run that it asked for: it has ended, or is not there any more. */
  readonly isSettled: boolean;
}

export interface Continuing {
  readonly paused: boolean;
  /** Due times up to here have a row in the ledger. */
  readonly handledMs: number;
  readonly dynamicMs: number | undefined;
}

/** A run that ends at once is followed a second after it was due, not a thousand times a second. */
export const GAP_MS = 1_000;
export const EMPTY_GAP_MS = 60_000;

export function nextContinuous(
  { paused, handledMs, dynamicMs }: Continuing,
  last: LastTick | undefined,
  nowMs: number,
): number | undefined {
  if (paused || (dynamicMs ?? handledMs) > handledMs) return undefined;
  const after = (gapMs: number): number =>
    Math.max(nowMs, handledMs + 1, (last?.dueMs ?? -Infinity) + gapMs);
  switch (last?.outcome) {
    case undefined:
    case "suppressed":
      return after(GAP_MS);
    case "fired":
      return last?.isSettled === true ? after(GAP_MS) : undefined;
    case "firing": // the run settled before its verdict was written
      return last?.isSettled === true ? after(GAP_MS) : undefined;
    case "skipped":
    case "missed":
      return after(EMPTY_GAP_MS);
  }
}
