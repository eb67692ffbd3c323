// The aggregates a batch works on: what is cached of the rows, with the version that was read.
import type { DagState, Json, Plan, PoolState, RunState, VersionFacts } from "@chasqui/machine";
import type { CauseKind } from "./inbound.ts";

/** The format of the rows this code writes. It decides nothing about rows of a higher one. */
export const FORMAT = 1;

export interface CachedRun {
  readonly state: RunState;
  /** Version of the row that the state equals; the fence of the next commit. */
  version: number;
  /** Events up to this version were published. */
  announced: number;
  readonly meta: RunMeta;
  /** Read from the database in this batch, or proven current in it. */
  fresh: boolean;
}

export interface RunMeta {
  readonly runId: string;
  readonly dagId: string;
  readonly dagNumber: number;
  readonly key: string;
  readonly logicalMs: number;
  readonly createdMs: number;
  readonly interval: { readonly startMs: number; readonly endMs: number };
  readonly causeKind: CauseKind;
  readonly by: string;
  readonly params: Json;
  readonly event: Json;
  /** The run that it does again. */
  readonly rerunOf?: string | undefined;
  /** What started it: the parent of the run's root span. */
  readonly traceparent: string | undefined;
  readonly traceId: string;
  readonly traced: boolean;
}

export interface CachedDag {
  readonly state: DagState;
  version: number;
  fresh: boolean;
  /** The current version's plan; absent before the first version. */
  plan: Plan | undefined;
  /** Queued runs without a slot, oldest first, as far as they were asked for. */
  waiting: string[];
}

export interface CachedPool {
  readonly state: PoolState;
  /** 0: there is no row yet. */
  version: number;
  fresh: boolean;
}

/** A stored specification that a message names. */
export interface StoredVersion {
  readonly facts: VersionFacts;
  readonly plan: Plan;
}

/** How the verdicts name a pool: a DAG may be called the same. */
export const poolKey = (pool: string): string => `pool:${pool}`;
export const poolOfKey = (aggregate: string): string | undefined =>
  aggregate.startsWith("pool:") ? aggregate.slice("pool:".length) : undefined;

/** Any aggregate by the name that verdicts have for it. */
export function aggregateNamed(
  all: Aggregates,
  aggregate: string,
): { readonly version: number; readonly fresh: boolean } | undefined {
  const pool = poolOfKey(aggregate);
  if (pool !== undefined) return all.pools.get(pool);
  return all.runs.get(aggregate) ?? all.dags.get(aggregate);
}

export interface Aggregates {
  readonly runs: Map<string, CachedRun>;
  readonly dags: Map<string, CachedDag>;
  readonly pools: Map<string, CachedPool>;
  /** By `${dagId} ${fingerprint}`. */
  readonly versions: Map<string, StoredVersion>;
  /** By the id of the run that is to be made: the one before it, as the rows have it. */
  readonly previous: Map<string, PreviousRun>;
  /** Ids of commands that came again, and are in their run's history already. */
  readonly decided: Set<string>;
}

export interface PreviousRun {
  readonly runId: string;
  readonly logicalMs: number;
}

/** Some task of it depends on the run before. */
export const dependsOnPast = (plan: Plan | undefined): boolean =>
  plan?.tasks.some((task) => task.dependsOnPast) === true;
