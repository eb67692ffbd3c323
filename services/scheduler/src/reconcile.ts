// DAG-finished triggers that no event told: what the state machine lists as settled is looked through at the start
// and now and then. What the ledger knows already changes nothing.
import type { Sql } from "postgres";
import type { TriggerHandler } from "./handle.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import type { Registry } from "./registry.ts";
import { moveMark, readMark } from "./store/marks.ts";
import { settledRunTrigger } from "./translate-events.ts";

export interface ReconcileOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly stateMachine: Pick<StateMachine, "listSettled">;
  readonly handler: Pick<TriggerHandler, "happened">;
  readonly now: () => number;
}

const MARK = "settled runs";
/** How far back a new installation looks. */
const WINDOW_MS = 3_600_000;
/** Looked at again: commits become visible a little after the times they carry. */
const OVERLAP_MS = 300_000;

/** Answers how many settled runs of a DAG that somebody listens to were looked at. */
export async function reconcile(o: ReconcileOptions, signal?: AbortSignal): Promise<number> {
  const startMs = o.now();
  const markMs = await readMark(o.sql, MARK);
  const sinceMs = markMs === undefined ? startMs - WINDOW_MS : markMs - OVERLAP_MS;
  let looked = 0;
  if (o.registry.listeners().hearsDags)
    for await (const runs of o.stateMachine.listSettled(sinceMs, signal))
      for (const run of runs) {
        if (!o.registry.listeners().hearsDag(run.dagId)) continue;
        const trigger = settledRunTrigger(run);
        if (trigger === undefined) continue;
        looked += 1;
        const times = { publishedMs: trigger.timeMs, receivedMs: o.now() };
        await o.handler.happened({ trigger, parent: undefined, ...times }, trigger.timeMs);
      }
  await moveMark(o.sql, MARK, startMs);
  return looked;
}
