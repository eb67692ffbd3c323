// `@continuous`: the end of a run makes the next one due. The end is heard, and looked for again now and then.
// Facts that a reader may rely on:
//   C1. The next due time is decided under the lock of the schedule's row, from the newest row of the ledger: however many
//       replicas hear of an end, one makes the next due time, and the ledger has one row for it.
//   C2. An end that no event told is found by asking for the run; so is what a resume lets go on.
import { runIdOf } from "@chasqui/contracts";
import type { Sql, TransactionSql } from "postgres";
import { nextContinuous } from "./core/continuous.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import type { Registry } from "./registry.ts";
import { loadContinuous, loadSchedulesOf, lockSchedule, moveDynamic } from "./store/schedules.ts";
import { newestTick } from "./store/ticks.ts";
import type { NewestTick } from "./store/ticks.ts";

export interface ContinuerOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly stateMachine: Pick<StateMachine, "findRun">;
  readonly now: () => number;
  /** Due times may have changed. */
  readonly onChanged: () => void;
}

export interface Continuer {
  /** A run of a DAG settled. Of no interest to a DAG that is not continuous. */
  settled(dagId: string, runId: string): Promise<void>;
  /** Looks for ends that nobody heard of; answers how many runs became due. */
  look(signal?: AbortSignal): Promise<number>;
}

const runOf = (tick: NewestTick): string | undefined =>
  tick.runId ?? (tick.runKey === undefined ? undefined : runIdOf(tick.dagId, tick.runKey));

export function createContinuer(o: ContinuerOptions): Continuer {
  /** `settledRun`: a run of the DAG that has ended. */
  async function goOn(dagId: string, settledRun: string | undefined): Promise<boolean> {
    const moved = await o.sql.begin((tx) => decide(tx, dagId, settledRun));
    if (!moved) return false;
    for (const dag of await loadSchedulesOf(o.sql, [dagId])) o.registry.put(dag);
    o.onChanged();
    return true;
  }

  async function decide(
    tx: TransactionSql,
    dagId: string,
    settledRun: string | undefined,
  ): Promise<boolean> {
    const locked = await lockSchedule(tx, dagId);
    if (locked?.dag.timing?.continuous !== true) return false;
    const newest = await newestTick(tx, dagId);
    const isSettled = newest !== undefined && runOf(newest) === settledRun;
    const last = newest && { dueMs: newest.dueMs, outcome: newest.outcome, isSettled };
    const nextMs = nextContinuous(locked.dag, last, o.now());
    if (nextMs === undefined) return false;
    await moveDynamic(tx, dagId, nextMs);
    return true;
  }

  /** The run of the newest due time, if it has ended or is not there any more. */
  async function endedRun(dagId: string, signal?: AbortSignal): Promise<string | undefined> {
    const newest = await newestTick(o.sql, dagId);
    const runId = newest?.outcome === "fired" ? runOf(newest) : undefined;
    if (runId === undefined) return undefined;
    const run = await o.stateMachine.findRun(runId, signal);
    return run === undefined || run.isSettled ? runId : undefined;
  }

  return {
    async settled(dagId, runId) {
      if (o.registry.get(dagId)?.dag.timing?.continuous === true) await goOn(dagId, runId);
    },
    async look(signal) {
      let count = 0;
      for (const dag of await loadContinuous(o.sql)) {
        o.registry.put(dag); // another replica may have made a time due, and died
        const { dagId, paused, handledMs, dynamicMs } = dag;
        if (paused || (dynamicMs ?? handledMs) > handledMs) continue;
        if (await goOn(dagId, await endedRun(dagId, signal))) count += 1;
      }
      return count;
    },
  };
}
