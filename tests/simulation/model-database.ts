// PostgreSQL as far as the protocol leans on it: rows with versions, and one statement that commits each aggregate
// whose version is the one that was read. A run's row is its history: reading it is folding it.
import {
  decidePool,
  evolveDag,
  fold,
  newDag,
  newPool,
  poolRowOf,
  restorePool,
} from "../../libs/machine/src/index.ts";
import type {
  DagEvent,
  Plan,
  PoolClaim,
  PoolRow,
  PoolState,
  Recorded,
  RunInit,
  RunState,
} from "../../libs/machine/src/index.ts";
import type {
  CachedDag,
  CachedPool,
  CachedRun,
  PreviousRun,
  RunMeta,
} from "../../services/state-machine/src/core/aggregates.ts";
import { poolOfKey } from "../../services/state-machine/src/core/aggregates.ts";
import type { Batch } from "../../services/state-machine/src/core/batch.ts";
import type { Committed } from "../../services/state-machine/src/store/commit.ts";
import type { Scenario, SimulatedDag, SimulatedVersion } from "./scenario.ts";

interface RunRow {
  readonly init: RunInit;
  readonly meta: RunMeta;
  version: number;
  readonly history: Recorded[];
  /** What was folded last, for whoever only looks. */
  seen: { readonly version: number; readonly state: RunState } | undefined;
}
interface DagRow {
  readonly dag: SimulatedDag;
  version: number;
  readonly events: DagEvent[];
  /** The messages that paused or resumed it. */
  readonly orders: string[];
}
interface PoolRows {
  version: number;
  row: PoolRow;
  claims: readonly PoolClaim[];
}

export interface NumberedVersion extends SimulatedVersion {
  readonly number: number;
  readonly fingerprint: string;
}

const versionsOfDag = (dag: SimulatedDag): readonly SimulatedVersion[] =>
  dag.older === undefined ? [dag] : [dag.older, dag];

export class ModelDatabase {
  readonly runs = new Map<string, RunRow>();
  readonly dags = new Map<string, DagRow>();
  readonly pools = new Map<string, PoolRows>();
  commits = 0;

  constructor({ dags, pools }: Scenario) {
    for (const dag of dags) {
      const events = versionsOfDag(dag).map(({ facts }, index) => ({
        ...{ type: "version_applied" as const, number: index + 1, version: facts },
      }));
      this.dags.set(dag.plan.dagId, { dag, version: 0, events, orders: [] });
    }
    for (const [name, size] of Object.entries(pools)) {
      const state = newPool(name);
      decidePool(state, { kind: "set", size, declared: true }, 0);
      this.#storePool(state, 1);
    }
  }

  #storePool(state: PoolState, version: number): void {
    this.pools.set(state.pool, {
      version,
      row: poolRowOf(state),
      claims: [...state.claims.values()],
    });
  }

  /** The truth about a run, now; to look at, not to move. */
  state(runId: string): RunState | undefined {
    const row = this.runs.get(runId);
    if (row === undefined) return undefined;
    if (row.seen?.version !== row.version)
      row.seen = { version: row.version, state: fold(row.init, row.history) };
    return row.seen.state;
  }

  /** A run to look at. */
  readRun(runId: string): CachedRun | undefined {
    const row = this.runs.get(runId);
    const state = this.state(runId);
    if (row === undefined || state === undefined) return undefined;
    return { state, version: row.version, announced: row.version, meta: row.meta, fresh: true };
  }

  /** A run to decide about. */
  loadRun(runId: string): CachedRun | undefined {
    const row = this.runs.get(runId);
    const run = this.readRun(runId);
    return row === undefined || run === undefined
      ? undefined
      : { ...run, state: fold(row.init, row.history) };
  }

  loadDag(dagId: string): CachedDag | undefined {
    const row = this.dags.get(dagId);
    if (row === undefined) return undefined;
    const state = newDag(dagId);
    for (const event of row.events) evolveDag(state, event);
    const waiting = [...this.runs]
      .filter(([runId, { meta }]) => meta.dagId === dagId && !state.active.includes(runId))
      .map(([runId]) => runId)
      .filter((runId) => this.state(runId)?.status === "queued");
    return { state, version: row.version, fresh: true, plan: row.dag.plan, waiting };
  }

  loadPool(pool: string): CachedPool {
    const rows = this.pools.get(pool);
    if (rows === undefined) return { state: newPool(pool), version: 0, fresh: true };
    return { state: restorePool(rows.row, rows.claims), version: rows.version, fresh: true };
  }

  configOf({ dagId, fingerprint }: Plan, taskId: string): string {
    const versions = this.versionsOf(dagId);
    const version = versions.find((one) => one.fingerprint === fingerprint);
    return version?.configs.get(taskId) ?? "{}";
  }

  isInHistory = (runId: string, messageId: string): boolean =>
    this.runs.get(runId)?.history.some(({ cause }) => cause === messageId) ?? false;

  isAudited = (dagId: string, messageId: string): boolean =>
    this.dags.get(dagId)?.orders.includes(messageId) ?? false;

  /** Oldest first. */
  versionsOf(dagId: string): readonly NumberedVersion[] {
    const dag = this.dags.get(dagId)?.dag;
    return dag === undefined
      ? []
      : versionsOfDag(dag).map((version, index) => ({
          ...{ ...version, number: index + 1, fingerprint: version.facts.fingerprint },
        }));
  }

  /** The run before a logical time; of two the one that was made later. */
  previousOf(dagId: string, logicalMs: number): PreviousRun | undefined {
    return [...this.runs.values()]
      .map(({ meta }) => meta)
      .filter((meta) => meta.dagId === dagId && meta.logicalMs < logicalMs)
      .toSorted((a, b) => b.logicalMs - a.logicalMs || b.createdMs - a.createdMs)[0];
  }

  versionOf(aggregate: string): number | undefined {
    const pool = poolOfKey(aggregate);
    if (pool !== undefined) return this.pools.get(pool)?.version ?? 0;
    return (this.dags.get(aggregate) ?? this.runs.get(aggregate))?.version;
  }

  /** Who won. Created runs follow their DAG. */
  commit(batch: Pick<Batch, "runs" | "dags" | "pools">): Committed {
    this.commits += 1;
    const dags = new Set<string>();
    const runs = new Set<string>();
    const pools = new Set<string>();
    for (const [name, { pool }] of batch.pools) {
      if (pool.version !== (this.pools.get(name)?.version ?? 0)) continue;
      this.#storePool(pool.state, pool.version + 1);
      pools.add(name);
    }
    for (const [dagId, { dag, events }] of batch.dags) {
      const row = this.dags.get(dagId);
      if (row === undefined || dag.version !== row.version) continue;
      row.version += 1;
      row.events.push(...events.map(({ event }) => event));
      for (const { event, cause } of events)
        if (event.type === "paused_set") row.orders.push(cause);
      dags.add(dagId);
    }
    for (const [runId, { run, created, events }] of batch.runs) {
      const row = this.runs.get(runId);
      if (created) {
        if (!dags.has(run.meta.dagId) || row !== undefined) continue;
        const { plan, facts, params, event } = run.state;
        const init = { plan, facts, params, event };
        const first = { init, meta: run.meta, version: 1, history: [...events], seen: undefined };
        this.runs.set(runId, first);
      } else {
        if (row?.version !== run.version) continue;
        row.version += 1;
        row.history.push(...events);
      }
      runs.add(runId);
    }
    return { runs, dags, pools, refused: new Map() };
  }

  /** Planted bug two_aggregates_one_loses: a second aggregate beside the fence, carried by whoever happens to win. */
  releaseIf(version: number, dagId: string, runId: string): void {
    const row = this.dags.get(dagId);
    if (row === undefined || version !== row.version) return;
    row.version += 1;
    row.events.push({ type: "run_released", runId, settledMs: 0 });
  }
}
