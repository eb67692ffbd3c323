// A DAG that pauses itself: so many of its runs failed one after the other.
// Counted are runs that nobody watches: of the clock and of triggers. What a person or a backfill asked for neither
// counts nor ends a row; a cancelled run neither. A success, a resume and a new version begin to count anew.
import type { DagEvent, DagState } from "./dag.ts";

/** Who paused it, where others have the name of a person. */
export const AUTO_PAUSE = "auto-pause";

/** How a run ended that counts. */
export type Counted = "succeeded" | "failed";

/** What follows from the end of a run, in order. Nothing for a DAG that did not ask for it. */
export function afterRun(
  { autoPauseAfter, failing, paused }: DagState,
  runId: string,
  counted: Counted | undefined,
): readonly DagEvent[] {
  if (autoPauseAfter === 0 || paused || counted === undefined) return [];
  if (counted === "succeeded") return failing.length === 0 ? [] : [{ type: "failures_forgotten" }];
  if (failing.includes(runId)) return []; // cleared, and failed once more
  const failed: DagEvent = { type: "run_failed", runId };
  const count = failing.length + 1;
  if (count < autoPauseAfter) return [failed];
  return [failed, { type: "paused_set", paused: true, by: AUTO_PAUSE, reason: reasonOf(count) }];
}

const reasonOf = (count: number): string =>
  count === 1 ? "its last run failed" : `its last ${count} runs failed`;

/** People are told that the DAG paused itself. */
export interface TellPaused {
  readonly kind: "tell_paused";
  /** The run whose failure did it. */
  readonly runId: string;
  readonly dagId: string;
  readonly number: number;
  readonly reason: string;
  /** In the order in which they ended. */
  readonly failing: readonly string[];
}

/** While it is paused for that reason. */
export function tellPaused(state: DagState): TellPaused[] {
  const { dagId, number, paused, pausedBy, pauseReason: reason, failing } = state;
  const runId = failing.at(-1);
  if (!paused || pausedBy !== AUTO_PAUSE || runId === undefined) return [];
  return [{ kind: "tell_paused", runId, dagId, number, reason, failing }];
}
