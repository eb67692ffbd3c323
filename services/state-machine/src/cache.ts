// The aggregates in memory. Only a cache: whatever is in doubt is dropped and read again; nothing depends on it.
// Bounded by the number of tasks it holds; what was used longest ago goes first.
import type { Sql } from "postgres";
import { waitingWanted } from "@chasqui/machine";
import type { DagMessage } from "@chasqui/machine";
import type { Aggregates, CachedDag, CachedRun } from "./core/aggregates.ts";
import { versionKey } from "./core/batch.ts";
import type { Inbound } from "./core/inbound.ts";
import { loadDags, loadRuns, loadWaiting } from "./store/load.ts";
import type { Versions } from "./store/versions.ts";

export class Cache {
  readonly #sql: Sql;
  readonly #versions: Versions;
  readonly #tasksMax: number;
  readonly #all: Aggregates = { runs: new Map(), dags: new Map(), versions: new Map() };
  #tasks = 0;
  /** Read or created in this round. */
  #fresh: (CachedRun | CachedDag)[] = [];

  constructor(sql: Sql, versions: Versions, options: { tasksMax: number }) {
    this.#sql = sql;
    this.#versions = versions;
    this.#tasksMax = options.tasksMax;
  }

  get aggregates(): Aggregates {
    return this.#all;
  }
  get taskCount(): number {
    return this.#tasks;
  }

  /** Reads what the messages are about and memory does not hold. Runs of a newer format are named. */
  async load(messages: readonly Inbound[]): Promise<{ newer: ReadonlySet<string> }> {
    const runIds = new Set<string>();
    const dagIds = new Set<string>();
    for (const { body } of messages) {
      const runId =
        body.to === "run" ? body.runId : body.kind === "start" ? body.start.runId : undefined;
      if (runId !== undefined && !this.#touch(runId)) runIds.add(runId);
      if (body.to === "dag" && !this.#all.dags.has(body.dagId)) dagIds.add(body.dagId);
    }
    const [loaded, dags] = await Promise.all([
      loadRuns(this.#sql, this.#versions, [...runIds]),
      loadDags(this.#sql, this.#versions, [...dagIds]),
      this.#loadVersions(messages),
    ]);
    for (const run of loaded.runs) this.#keep(run);
    for (const dag of dags) this.#all.dags.set(dag.state.dagId, dag);
    this.#fresh.push(...loaded.runs, ...dags);
    await this.#loadWaiting(messages);
    return { newer: new Set(loaded.newer) };
  }

  async #loadVersions(messages: readonly Inbound[]): Promise<void> {
    for (const { body } of messages) {
      if (body.to !== "dag" || body.kind !== "apply") continue;
      const version = await this.#versions.get(body.dagId, body.fingerprint);
      if (version !== undefined)
        this.#all.versions.set(versionKey(body.dagId, body.fingerprint), version);
    }
  }

  async #loadWaiting(messages: readonly Inbound[]): Promise<void> {
    const wanted = new Map<CachedDag, number>();
    for (const { body } of messages) {
      if (body.to !== "dag" || body.kind === "start") continue;
      const dag = this.#all.dags.get(body.dagId);
      const version =
        body.kind === "apply"
          ? this.#all.versions.get(versionKey(body.dagId, body.fingerprint))
          : undefined;
      const message: DagMessage | undefined =
        body.kind === "other" ? body.message : version && { kind: "apply", version: version.facts };
      if (dag === undefined || message === undefined) continue;
      wanted.set(dag, Math.max(wanted.get(dag) ?? 0, waitingWanted(dag.state, message)));
    }
    for (const [dag, limit] of wanted)
      if (limit > 0) dag.waiting = await loadWaiting(this.#sql, dag, limit);
  }

  /** To the end of the map: the first is the one used longest ago. */
  #touch(runId: string): boolean {
    const run = this.#all.runs.get(runId);
    if (run === undefined) return false;
    this.#all.runs.delete(runId);
    this.#all.runs.set(runId, run);
    return true;
  }

  #keep(run: CachedRun): void {
    this.#all.runs.set(run.meta.runId, run);
    this.#tasks += run.state.tasks.length;
  }

  /** A run that a commit created; `decideBatch` has put it into the map. */
  adopt(run: CachedRun): void {
    this.#fresh.push(run);
    this.#tasks += run.state.tasks.length;
  }

  dropRun(runId: string, options: { counted: boolean } = { counted: true }): void {
    const run = this.#all.runs.get(runId);
    if (run === undefined) return;
    this.#all.runs.delete(runId);
    if (options.counted) this.#tasks -= run.state.tasks.length;
  }

  dropDag(dagId: string): void {
    this.#all.dags.delete(dagId);
  }

  clear(): void {
    this.#all.runs.clear();
    this.#all.dags.clear();
    this.#all.versions.clear();
    this.#tasks = 0;
  }

  /** What was read for this round is only cached for the next. */
  endRound(): void {
    for (const aggregate of this.#fresh) {
      aggregate.fresh = false;
    }
    for (const dag of this.#all.dags.values()) dag.waiting = [];
    this.#fresh = [];
    this.#all.versions.clear();
  }

  /** After a batch: memory is within its bound. */
  age(): void {
    for (const run of this.#all.runs.values()) {
      if (this.#tasks <= this.#tasksMax) break;
      this.dropRun(run.meta.runId);
    }
  }
}
