// PostgreSQL as far as the protocol leans on it: rows with versions, and one statement that commits each aggregate
// whose version is the one that was read. A run's row is its history: reading it is folding it.
import { evolveDag, fold, newDag } from "../../libs/machine/src/index.ts";
import type { DagEvent, Plan, Recorded, RunInit, RunState } from "../../libs/machine/src/index.ts";
import type {
  CachedDag,
  CachedRun,
  RunMeta,
} from "../../services/state-machine/src/core/aggregates.ts";
import type { Batch } from "../../services/state-machine/src/core/batch.ts";

interface RunRow {
  readonly init: RunInit;
  readonly meta: RunMeta;
  version: number;
  readonly history: Recorded[];
}

export class ModelDatabase {
  readonly runs = new Map<string, RunRow>();
  readonly #plan: Plan;
  readonly #dagEvents: DagEvent[] = [];
  #dagVersion = 0;

  constructor(plan: Plan, maxActiveRuns: number) {
    this.#plan = plan;
    const rules = { maxActiveRuns, overlap: "queue" as const, autoPauseAfter: 0 };
    const version = { fingerprint: plan.fingerprint, ...rules };
    this.#dagEvents.push({ type: "version_applied", number: 1, version });
  }

  /** The truth about a run, now. */
  state(runId: string): RunState | undefined {
    const row = this.runs.get(runId);
    return row === undefined ? undefined : fold(row.init, row.history);
  }

  loadRun(runId: string): CachedRun | undefined {
    const row = this.runs.get(runId);
    const state = this.state(runId);
    if (row === undefined || state === undefined) return undefined;
    return { state, version: row.version, announced: row.version, meta: row.meta, fresh: true };
  }

  loadDag(): CachedDag {
    const state = newDag(this.#plan.dagId);
    for (const event of this.#dagEvents) evolveDag(state, event);
    const waiting = [...this.runs]
      .filter(([runId]) => this.state(runId)?.status === "queued" && !state.active.includes(runId))
      .map(([runId]) => runId);
    return { state, version: this.#dagVersion, fresh: true, plan: this.#plan, waiting };
  }

  versionOf(aggregate: string): number | undefined {
    return aggregate === this.#plan.dagId ? this.#dagVersion : this.runs.get(aggregate)?.version;
  }

  /** Who won. Created runs follow their DAG. */
  commit(batch: Pick<Batch, "runs" | "dags">): {
    runs: Set<string>;
    dags: Set<string>;
    pools: Set<string>;
    refused: Map<string, string>;
  } {
    const winners = {
      runs: new Set<string>(),
      dags: new Set<string>(),
      pools: new Set<string>(),
      refused: new Map<string, string>(),
    };
    for (const [dagId, { dag, events }] of batch.dags) {
      if (dag.version !== this.#dagVersion) continue;
      this.#dagVersion += 1;
      this.#dagEvents.push(...events.map(({ event }) => event));
      winners.dags.add(dagId);
    }
    for (const [runId, { run, created, events }] of batch.runs) {
      const row = this.runs.get(runId);
      if (created) {
        if (!winners.dags.has(run.meta.dagId) || row !== undefined) continue;
        const { plan, facts, params, event } = run.state;
        this.runs.set(runId, {
          init: { plan, facts, params, event },
          meta: run.meta,
          version: 1,
          history: [...events],
        });
      } else {
        if (row?.version !== run.version) continue;
        row.version += 1;
        row.history.push(...events);
      }
      winners.runs.add(runId);
    }
    return winners;
  }

  /** Planted bug two_aggregates_one_loses: a second aggregate beside the fence, carried by whoever happens to win. */
  releaseIf(version: number, runId: string): void {
    if (version !== this.#dagVersion) return;
    this.#dagVersion += 1;
    this.#dagEvents.push({ type: "run_released", runId });
  }
}
