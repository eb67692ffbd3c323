// What a scheduler does with what it is told about a DAG, as one pure function.
// Invariants:
//   L1. News of an older version changes nothing.
//   L2. Due times before a new timing belong to the old one, those after it to the new one; none to both or neither.
//   L3. A schedule's first due time is after its DAG was applied, or at `start` when it says so.
//   L4. Of a DAG with earlier names it is after the last of them ended, whatever `start` says: theirs are not run again.
import type { Timing } from "../timing.ts";
import type { TriggerRule } from "./rules.ts";
import type { CatchUp } from "./ticks.ts";
import type { Json } from "./triggers.ts";

/** What becomes of due times, and what their runs are about. Plain data, kept as JSON. */
export interface TickPolicy extends CatchUp {
  /** Each tick runs late by up to so much. */
  readonly jitterMs?: number;
  /** A run is about its tick, or about the interval that the tick ends. */
  readonly runsFor: "tick" | "interval";
  /** Template of the run's key; absent: the due time. */
  readonly key?: string;
}

/** A DAG as far as the scheduler cares. */
export interface DagNews {
  readonly dagId: string;
  readonly version: number;
  /** When the version became current; of a retired DAG, when it was retired. */
  readonly appliedMs: number;
  readonly paused: boolean;
  /** Nothing starts it any more: then it has no timing and no rules. */
  readonly retired: boolean;
  /** Its earlier names. */
  readonly was: readonly string[];
  /** Of `run.date`, whatever starts the run. */
  readonly timezone: string;
  /** Absent for DAGs that the clock does not start. */
  readonly timing: Timing | undefined;
  readonly policy: TickPolicy;
  readonly rules: readonly TriggerRule[];
  /** The schema of its parameters. */
  readonly params: { readonly [keyword: string]: Json } | undefined;
}

export interface KnownDag extends DagNews {
  /** Due times up to here have a row in the ledger. */
  readonly handledMs: number;
  /** Since when it is paused; undefined while it is not. */
  readonly pausedMs: number | undefined;
  /** The due time that no cron gives: of `@once`, or the next of `@continuous`. */
  readonly dynamicMs: number | undefined;
}

/** What the earlier names of a DAG leave to it. */
export interface Earlier {
  /** When the last of them ended: due times up to here are theirs. */
  readonly endedMs: number;
  /** The newest one that is in the ledger. */
  readonly newestDueMs: number | undefined;
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

/** `earlier`: of a DAG with earlier names that is not known yet. */
export function learn(
  known: KnownDag | undefined,
  news: DagNews,
  nowMs: number,
  earlier?: Earlier,
): Learning {
  if (known === undefined)
    return {
      kind: "changed",
      known: {
        ...news,
        ...first(news, earlier),
        pausedMs: news.paused ? nowMs : undefined,
      },
      closeOldMs: undefined,
      resumedSinceMs: undefined,
    };
  if (
    news.version < known.version ||
    (news.version === known.version &&
      news.paused === known.paused &&
      news.retired === known.retired)
  )
    return { kind: "nothing" };
  const retimed = !sameTiming(known.timing, news.timing);
  return {
    kind: "changed",
    known: {
      ...news,
      ...(retimed
        ? begin(news, Math.max(known.handledMs + 1, news.appliedMs + (isDynamic(news) ? 0 : 1)))
        : { handledMs: known.handledMs, dynamicMs: known.dynamicMs }),
      pausedMs: news.paused ? (known.pausedMs ?? nowMs) : undefined,
    },
    closeOldMs: retimed && known.timing !== undefined ? news.appliedMs : undefined,
    resumedSinceMs: news.paused ? undefined : known.pausedMs,
  };
}

const isDynamic = ({ timing }: DagNews): boolean =>
  timing?.once === true || timing?.continuous === true;

/** Where a new DAG begins. One that ran once under an earlier name has run. */
function first(
  news: DagNews,
  earlier: Earlier | undefined,
): Pick<KnownDag, "handledMs" | "dynamicMs"> {
  if (earlier === undefined) return begin(news, firstMs(news));
  const { endedMs, newestDueMs } = earlier;
  if (news.timing?.once === true && newestDueMs !== undefined)
    return { handledMs: newestDueMs, dynamicMs: newestDueMs };
  return begin(news, Math.max(news.timing?.startMs ?? 0, endedMs + 1));
}

/** The first instant that may be due: the start, or the one after the apply; for `@once` the apply itself. */
const firstMs = (news: DagNews): number =>
  news.timing?.startMs ?? news.appliedMs + (isDynamic(news) ? 0 : 1);

/** Where a timing begins to count. */
function begin(news: DagNews, fromMs: number): Pick<KnownDag, "handledMs" | "dynamicMs"> {
  const dynamicMs = isDynamic(news) ? Math.max(fromMs, news.timing?.startMs ?? fromMs) : undefined;
  return { handledMs: fromMs - 1, dynamicMs };
}

function sameTiming(a: Timing | undefined, b: Timing | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.continuous && b.continuous) return true; // its due times follow its runs, whatever else changes
  if (a.once && b.once) return a.startMs === b.startMs; // it had, or will have, its one due time
  return inOrder(a) === inOrder(b);
}

/** As JSON, keys sorted: the database keeps them in an order of its own. */
const inOrder = (timing: Timing): string =>
  JSON.stringify(timing, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
