// What becomes of each message of a batch after its commit: done, decide again, or dead. Pure.
import type { Batch, Said } from "./core/batch.ts";
import { poolOfKey } from "./core/aggregates.ts";

export interface Evidence {
  readonly winners: {
    readonly runs: ReadonlySet<string>;
    readonly dags: ReadonlySet<string>;
    readonly pools: ReadonlySet<string>;
    /** The statement refused their data. */
    readonly refused: ReadonlyMap<string, string>;
  };
  readonly threw: ReadonlySet<string>;
  /** Read in this round, or not there at all. */
  readonly isFresh: (aggregate: string) => boolean;
  /** Versions of the rows now, for what was in doubt. */
  readonly current: {
    readonly runs: ReadonlyMap<string, number>;
    readonly dags: ReadonlyMap<string, number>;
    readonly pools: ReadonlyMap<string, number>;
  };
  readonly versionOf: (aggregate: string) => number | undefined;
  /** Messages of this batch by aggregate. */
  readonly counts: ReadonlyMap<string, number>;
}

export type Judgement =
  | { readonly kind: "done" }
  | { readonly kind: "again" }
  | { readonly kind: "dead"; readonly why: string };

export const judge = (batch: Batch, evidence: Evidence): Judgement[] =>
  batch.said.map((said) => judgeOne(said, batch, evidence));

function judgeOne(said: Said, batch: Batch, evidence: Evidence): Judgement {
  const { outcome } = said;
  const { aggregate } = outcome;
  const { winners } = evidence;
  if (outcome.kind === "threw") return { kind: "dead", why: `cannot be decided: ${outcome.why}` };
  if (evidence.threw.has(aggregate)) return { kind: "again" };
  const refused = winners.refused.get(aggregate);
  if (refused !== undefined)
    return (evidence.counts.get(aggregate) ?? 1) > 1
      ? { kind: "again" }
      : { kind: "dead", why: refused };
  const won = hasWon(aggregate, winners);
  if (outcome.kind === "moved") return won ? { kind: "done" } : { kind: "again" };
  if (restsOnLost(said, batch, evidence)) return { kind: "again" };
  if (!won && !isCurrent(aggregate, evidence)) return { kind: "again" };
  return outcome.kind === "rejected" ? { kind: "dead", why: outcome.why } : { kind: "done" };
}

function hasWon(aggregate: string, winners: Evidence["winners"]): boolean {
  const pool = poolOfKey(aggregate);
  return pool === undefined
    ? winners.runs.has(aggregate) || winners.dags.has(aggregate)
    : winners.pools.has(pool);
}

/**
 * It changed nothing itself, and was decided, or says again what a run wants, after a change that never came about: of
 * another message of this batch.
 */
const restsOnLost = (
  { outcome, runEffects }: Said,
  { runs, dags, pools }: Batch,
  { winners, threw }: Evidence,
): boolean =>
  [outcome.aggregate, ...runEffects.map(({ run }) => run.meta.runId)].some(
    (id) =>
      threw.has(id) ||
      ((runs.has(id) || dags.has(id) || pools.has(poolOfKey(id) ?? "")) && !hasWon(id, winners)),
  );

function isCurrent(aggregate: string, { isFresh, current, versionOf }: Evidence): boolean {
  if (isFresh(aggregate)) return true;
  const pool = poolOfKey(aggregate);
  const now =
    pool === undefined
      ? (current.runs.get(aggregate) ?? current.dags.get(aggregate))
      : current.pools.get(pool);
  return now !== undefined && now === versionOf(aggregate);
}
