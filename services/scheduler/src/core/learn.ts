// What a scheduler does with what it is told about a DAG, as one pure function.
// Invariants:
//   L1. News of an older version changes nothing.
//   L2. Due times before a new timing belong to the old one, those after it to the new one; none to both or neither.
//   L3. A schedule's first due time is after its DAG was applied, or at `start` when it says so.
import type { CatchupPolicy } from "./ticks.ts";

/** When a DAG runs by the clock. */
export interface Timing {
  readonly crons: readonly string[];
  readonly timezone: string;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
}

export interface EventBinding {
  readonly subject: string;
  readonly when: string;
  readonly key: string;
}

/** A DAG as far as the scheduler cares. */
export interface DagNews {
  readonly dagId: string;
  readonly version: number;
  readonly appliedMs: number;
  readonly paused: boolean;
  /** Absent for DAGs that the clock does not start. */
  readonly timing: Timing | undefined;
  readonly catchup: CatchupPolicy;
  readonly triggers: readonly EventBinding[];
}

export interface KnownDag extends DagNews {
  /** Due times up to here have a row in the ledger. */
  readonly handledMs: number;
  /** Since when it is paused; undefined while it is not. */
  readonly pausedMs: number | undefined;
}

export type Learning =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "changed";
      readonly known: KnownDag;
      /** The old timing's due times up to here get their outcome first. */
      readonly closeOldMs: number | undefined;
      /** The DAG was resumed: what was suppressed since then is missed time. */
      readonly resumedSinceMs: number | undefined;
    };

export function learn(known: KnownDag | undefined, news: DagNews, nowMs: number): Learning {
  if (known === undefined)
    return {
      kind: "changed",
      known: {
        ...news,
        handledMs: firstHandledMs(news),
        pausedMs: news.paused ? nowMs : undefined,
      },
      closeOldMs: undefined,
      resumedSinceMs: undefined,
    };
  if (
    news.version < known.version ||
    (news.version === known.version && news.paused === known.paused)
  )
    return { kind: "nothing" };
  const retimed = !sameTiming(known.timing, news.timing);
  return {
    kind: "changed",
    known: {
      ...news,
      handledMs: retimed ? Math.max(known.handledMs, news.appliedMs) : known.handledMs,
      pausedMs: news.paused ? (known.pausedMs ?? nowMs) : undefined,
    },
    closeOldMs: retimed && known.timing !== undefined ? news.appliedMs : undefined,
    resumedSinceMs: news.paused ? undefined : known.pausedMs,
  };
}

const firstHandledMs = ({ timing, appliedMs }: DagNews): number =>
  timing?.startMs === undefined ? appliedMs : timing.startMs - 1;

function sameTiming(a: Timing | undefined, b: Timing | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.timezone === b.timezone &&
    a.startMs === b.startMs &&
    a.endMs === b.endMs &&
    a.crons.length === b.crons.length &&
    a.crons.every((cron, index) => cron === b.crons[index])
  );
}
