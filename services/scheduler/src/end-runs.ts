// Runs of backfills that were cancelled with their runs: each is asked to end until it is seen to.
// Facts that a reader may rely on:
//   E1. That they are to end is in the backfill's row before anybody asks: who crashes in between leaves it to any replica.
//   E2. Whoever cancelled the backfill asks, so the runs' audit names the person.
//   E3. A run that was asked for and is not there yet is said again by resay.ts until it is, and then asked to end: one
//       that comes late does not slip through.
import type { Logger } from "@chasqui/chassis";
import { RpcError } from "@chasqui/chassis";
import type { Sql } from "postgres";
import { isToEnd } from "./core/backfill.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import { backfillBy } from "./starts.ts";
import { claimEndingRuns } from "./store/backfill-orders.ts";
import type { EndingRun } from "./store/backfill-orders.ts";

export interface EndRunsOptions {
  readonly sql: Sql;
  readonly stateMachine: Pick<StateMachine, "findRun" | "cancelRun">;
  readonly log: Logger;
  readonly now: () => number;
  /** How long a run that was asked to end is left before it is looked at again. */
  readonly resayMs: number;
}

const AT_ONCE = 16;

/** Goes on until everyone was asked once. */
export async function endRuns(o: EndRunsOptions, signal: AbortSignal): Promise<void> {
  const saidBeforeMs = o.now() - o.resayMs;
  for (;;) {
    const claimed = await claimEndingRuns(o.sql, { saidBeforeMs, nowMs: o.now(), limit: AT_ONCE });
    if (claimed.length === 0 || signal.aborted) return;
    await Promise.all(claimed.map((ending) => endRun(o, ending, signal)));
  }
}

async function endRun(o: EndRunsOptions, ending: EndingRun, signal: AbortSignal): Promise<void> {
  const { backfillId, runId, by } = ending;
  try {
    const run = await o.stateMachine.findRun(runId, signal);
    if (!isToEnd(run, backfillBy(ending))) return;
    const why = ending.reason === "" ? "" : `: ${ending.reason}`;
    const reason = `backfill ${backfillId} was cancelled${why}`;
    await o.stateMachine.cancelRun(runId, { by, reason, signal });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    o.log.warn(
      { error, run_id: runId, backfill_id: backfillId },
      "a run of a cancelled backfill was not asked to end; asked again later",
    );
  }
}
