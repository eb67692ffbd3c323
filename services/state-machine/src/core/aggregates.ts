// The aggregates a batch works on: what is cached of the rows, with the version that was read.
import type { DagState, Json, Plan, RunState, VersionFacts } from "@chasqui/machine";

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
  readonly causeKind: "schedule" | "trigger" | "manual";
  readonly by: string;
  readonly params: Json;
  readonly event: Json;
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

/** A stored specification that ApplyVersion names. */
export interface StoredVersion {
  readonly facts: VersionFacts;
  readonly plan: Plan;
}

export interface Aggregates {
  readonly runs: Map<string, CachedRun>;
  readonly dags: Map<string, CachedDag>;
  /** By `${dagId} ${fingerprint}`. */
  readonly versions: Map<string, StoredVersion>;
}
