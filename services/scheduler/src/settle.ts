// What became of a StartRun, written into the ledgers: by its verdict, or by finding its run.
// Verdicts that come while one statement is under way are written together by the next: a thousand DAGs due at
// midnight are a few statements.
import type { Logger, Part } from "@chasqui/chassis";
import type { CommandVerdict } from "@chasqui/contracts";
import type { Sql } from "postgres";
import type { FoundRun, StateMachine } from "./ports/state-machine.ts";
import { TICK_BY, backfillBy, triggerBy } from "./starts.ts";
import type { Start } from "./starts.ts";
import { settleDates } from "./store/backfills.ts";
import type { StartedDate } from "./store/backfills.ts";
import { settleTicks } from "./store/ticks.ts";
import type { SettledTick } from "./store/ticks.ts";
import { settleTriggers } from "./store/triggers.ts";
import type { SettledTrigger } from "./store/triggers.ts";

export interface SettlerOptions {
  readonly sql: Sql;
  readonly stateMachine: StateMachine;
  readonly log: Logger;
  readonly now: () => number;
  readonly isPaused: (dagId: string) => boolean;
}

export interface Settler extends Part {
  verdict(start: Start, verdict: CommandVerdict): void;
  /** The run exists: somebody said so other than by a verdict. */
  found(start: Start, run: FoundRun): void;
  /** Resolves when everything so far is written, or given up. */
  idle(): Promise<void>;
}

export function createSettler(o: SettlerOptions): Settler {
  let ticks: SettledTick[] = [];
  let triggers: SettledTrigger[] = [];
  let dates: StartedDate[] = [];
  let running: Promise<void> | undefined;
  const lookUps = new Set<Promise<void>>();

  function flush(): void {
    running ??= writeAll().finally(() => (running = undefined));
  }

  async function writeAll(): Promise<void> {
    await Promise.resolve(); // what arrived in the same turn is written together
    while (ticks.length + triggers.length + dates.length > 0) {
      const [someTicks, someTriggers, someDates] = [ticks, triggers, dates];
      [ticks, triggers, dates] = [[], [], []];
      try {
        if (someTicks.length > 0) await settleTicks(o.sql, someTicks, o.now());
        if (someTriggers.length > 0) await settleTriggers(o.sql, someTriggers);
        if (someDates.length > 0) await settleDates(o.sql, someDates, o.now());
      } catch (error) {
        // Their rows stay open: resay.ts asks for their runs and comes back here.
        o.log.warn(
          { error, count: someTicks.length + someTriggers.length + someDates.length },
          "verdicts not written",
        );
      }
    }
  }

  function settle({ asked }: Start, outcome: Settled): void {
    if (asked.kind === "tick")
      ticks.push(
        outcome.kind === "run"
          ? { ...asked.tick, outcome: "fired", runId: outcome.runId, reason: outcome.note }
          : {
              ...asked.tick,
              outcome: outcome.isOverlap ? "suppressed" : "skipped",
              reason: outcome.reason,
            },
      );
    else if (asked.kind === "backfill")
      dates.push(
        outcome.kind === "run"
          ? { ...asked.date, state: "running", runId: outcome.runId, reason: outcome.note }
          : { ...asked.date, state: "refused", reason: outcome.reason },
      );
    else
      triggers.push(
        outcome.kind === "run"
          ? {
              ...asked.trigger,
              outcome: outcome.how,
              runId: outcome.runId,
            }
          : { ...asked.trigger, outcome: "rejected", reason: outcome.reason },
      );
    flush();
  }

  /** A run that was there already: its own, from an earlier saying, or another's that it joined. */
  async function lookUp(start: Start, runId: string): Promise<void> {
    const run = await o.stateMachine.findRun(runId);
    if (run !== undefined) found(start, run);
  }

  function found(start: Start, run: FoundRun): void {
    const { asked } = start;
    const joined =
      asked.kind === "trigger"
        ? run.by !== triggerBy(asked.trigger)
        : asked.kind === "backfill"
          ? run.by !== backfillBy(asked.date)
          : run.by !== TICK_BY || run.logicalMs !== start.startRun.logicalMs;
    const paused = run.isQueued && o.isPaused(start.startRun.dagId);
    const how = joined ? "joined" : paused ? "paused-queued" : "started";
    settle(start, { kind: "run", runId: run.runId, how, note: joined ? joinedNote(run) : "" });
  }

  return {
    name: "settler",
    found,
    verdict(start, { accepted, changed, reason, runId, paused, overlap: isOverlap }) {
      if (!accepted) {
        const why = reason === "" ? "the DAG refused it" : reason;
        settle(start, { kind: "none", reason: why, isOverlap });
        return;
      }
      const id = runId === "" ? start.runId : runId;
      if (changed) {
        const how = paused ? "paused-queued" : "started";
        settle(start, { kind: "run", runId: id, how, note: "" });
        return;
      }
      const looking: Promise<void> = lookUp(start, id)
        .catch((error: unknown) =>
          o.log.warn({ error, run_id: id }, "a run was not found; asked for again later"),
        )
        .finally(() => lookUps.delete(looking));
      lookUps.add(looking);
    },
    async idle() {
      while (lookUps.size > 0 || running !== undefined) await Promise.all([...lookUps, running]);
    },
    async stop() {
      await this.idle();
    },
  };
}

const joinedNote = (run: FoundRun): string =>
  run.by === TICK_BY
    ? `joined the run of the tick ${new Date(run.logicalMs).toISOString()}`
    : `joined the run that ${run.by} had started`;

type Settled =
  | {
      readonly kind: "run";
      readonly runId: string;
      readonly how: "started" | "joined" | "paused-queued";
      readonly note: string;
    }
  /** `isOverlap`: an earlier run is at work, and the schedule does not want another beside it. */
  | { readonly kind: "none"; readonly reason: string; readonly isOverlap: boolean };
