// The aggregates in memory. Only a cache: whatever is in doubt is dropped and read again; nothing depends on it.
// Bounded by the number of tasks it holds; what was used longest ago goes first.
import type { Sql } from "postgres";
import { waitingWanted } from "@chasqui/machine";
import type { DagMessage } from "@chasqui/machine";
import type { Aggregates, CachedDag, CachedPool, CachedRun } from "./core/aggregates.ts";
import { dependsOnPast } from "./core/aggregates.ts";
import { versionKey } from "./core/create-run.ts";
import { messageOf } from "./core/folder.ts";
import { isCommand, orderedOf } from "./core/inbound.ts";
import type { Body, Inbound } from "./core/inbound.ts";
import {
  isAudited,
  isInHistory,
  loadDags,
  loadPools,
  loadPrevious,
  loadRuns,
  loadWaiting,
} from "./store/load.ts";
import { lineageOf } from "./store/lineage.ts";
import type { Versions } from "./store/versions.ts";

/** A concurrency key can make as many pools as there are customers. */
const POOLS_MAX = 2_000;
/** Each holds the plan of its current version. */
const DAGS_MAX = 2_000;

export class Cache {
  readonly #sql: Sql;
  readonly #versions: Versions;
  readonly #tasksMax: number;
  readonly #all: Aggregates = {
    runs: new Map(),
    dags: new Map(),
    pools: new Map(),
    versions: new Map(),
    previous: new Map(),
    decided: new Set(),
  };
  #tasks = 0;
  /** Read or created in this round. */
  #fresh: (CachedRun | CachedDag | CachedPool)[] = [];
  /** The DAGs that this round is about. */
  #asked = new Set<CachedDag>();

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
    const pools = new Set<string>();
    for (const { body, redelivered } of messages) {
      if (body.to === "pool") {
        if (!this.#touchPool(body.pool)) pools.add(body.pool);
        continue;
      }
      if (body.to === "folder") {
        for (const { dagId } of body.changes) if (!this.#touchDag(dagId)) dagIds.add(dagId);
        continue;
      }
      const runId =
        body.to === "run" ? body.runId : body.kind === "start" ? body.start.runId : undefined;
      // What is said again of its run is believed: the verdict looks at the DAG alone.
      if (runId !== undefined && body.to === "dag" && redelivered) this.dropRun(runId);
      if (runId !== undefined && !this.#touch(runId)) runIds.add(runId);
      if (body.to === "dag" && !this.#touchDag(body.dagId)) dagIds.add(body.dagId);
    }
    const [loaded, dags, loadedPools] = await Promise.all([
      loadRuns(this.#sql, this.#versions, [...runIds]),
      loadDags(this.#sql, this.#versions, [...dagIds]),
      loadPools(this.#sql, [...pools]),
      this.#loadVersions(messages),
    ]);
    for (const run of loaded.runs) this.#keep(run);
    for (const dag of dags) {
      this.#all.dags.set(dag.state.dagId, dag);
      this.#asked.add(dag);
    }
    for (const pool of loadedPools) this.#all.pools.set(pool.state.pool, pool);
    this.#fresh.push(...loaded.runs, ...dags, ...loadedPools);
    await this.#loadWaiting(messages);
    await this.#loadPrevious(messages);
    await this.#loadDecided(messages);
    return { newer: new Set(loaded.newer) };
  }

  async #loadVersions(messages: readonly Inbound[]): Promise<void> {
    const named = messages.flatMap(({ body }) => versionsNamed(body));
    await Promise.all(
      named.map(async ({ dagId, fingerprint }) => {
        const version = await this.#versions.get(dagId, fingerprint);
        if (version !== undefined) this.#all.versions.set(versionKey(dagId, fingerprint), version);
      }),
    );
  }

  /** Read after the DAG: whoever makes another run meanwhile moves the DAG, and then this commit loses. */
  async #loadPrevious(messages: readonly Inbound[]): Promise<void> {
    for (const { body } of messages) {
      if (body.to !== "dag" || body.kind !== "start") continue;
      const { dagId, start } = body;
      const plans = [this.#all.dags.get(dagId)?.plan];
      for (const { plan } of this.#all.versions.values())
        if (plan.dagId === dagId) plans.push(plan);
      if (this.#all.runs.has(start.runId) || !plans.some(dependsOnPast)) continue;
      const names = await lineageOf(this.#sql, dagId);
      const found = await loadPrevious(this.#sql, names, start.logicalMs);
      if (found !== undefined) this.#all.previous.set(start.runId, found);
    }
  }

  /** Read after what it is about: whoever decides the order meanwhile moves that, and then this commit loses. */
  async #loadDecided(messages: readonly Inbound[]): Promise<void> {
    for (const message of messages)
      if (message.redelivered && (await this.#isDecided(message)))
        this.#all.decided.add(message.id);
  }

  async #isDecided({ id, body }: Inbound): Promise<boolean> {
    if (isCommand(body)) return isInHistory(this.#sql, body.runId, id);
    const resources = orderedOf(body);
    return resources.length > 0 && isAudited(this.#sql, resources, id);
  }

  async #loadWaiting(messages: readonly Inbound[]): Promise<void> {
    const wanted = new Map<CachedDag, number>();
    for (const [dagId, message] of messages.flatMap(({ body }) => this.#toDags(body))) {
      const dag = this.#all.dags.get(dagId);
      if (dag === undefined) continue;
      wanted.set(dag, Math.max(wanted.get(dag) ?? 0, waitingWanted(dag.state, message)));
    }
    for (const [dag, limit] of wanted)
      if (limit > 0) dag.waiting = await loadWaiting(this.#sql, dag, limit);
  }

  /** What a message says to DAGs, starts of runs apart. */
  #toDags(body: Body): (readonly [string, DagMessage])[] {
    if (body.to === "dag" && body.kind === "other") return [[body.dagId, body.message]];
    if (body.to !== "folder") return [];
    return body.changes.flatMap((change) => {
      const message = messageOf(this.#all, change);
      return message === undefined ? [] : [[change.dagId, message] as const];
    });
  }

  /** To the end of the map: the first is the one used longest ago. */
  #touch(runId: string): boolean {
    const run = this.#all.runs.get(runId);
    if (run === undefined) return false;
    this.#all.runs.delete(runId);
    this.#all.runs.set(runId, run);
    return true;
  }

  #touchDag(dagId: string): boolean {
    const dag = this.#all.dags.get(dagId);
    if (dag === undefined) return false;
    this.#all.dags.delete(dagId);
    this.#all.dags.set(dagId, dag);
    this.#asked.add(dag);
    return true;
  }

  #touchPool(name: string): boolean {
    const pool = this.#all.pools.get(name);
    if (pool === undefined) return false;
    this.#all.pools.delete(name);
    this.#all.pools.set(name, pool);
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

  dropPool(pool: string): void {
    this.#all.pools.delete(pool);
  }

  clear(): void {
    this.#all.runs.clear();
    this.#all.dags.clear();
    this.#all.pools.clear();
    this.#all.versions.clear();
    this.#tasks = 0;
  }

  /** What was read for this round is only cached for the next. */
  endRound(): void {
    for (const aggregate of this.#fresh) {
      aggregate.fresh = false;
    }
    for (const dag of this.#asked) dag.waiting = [];
    this.#asked.clear();
    this.#fresh = [];
    this.#all.previous.clear();
    this.#all.decided.clear();
    this.#all.versions.clear();
  }

  /** After a batch: memory is within its bound. */
  age(): void {
    for (const run of this.#all.runs.values()) {
      if (this.#tasks <= this.#tasksMax) break;
      this.dropRun(run.meta.runId);
    }
    for (const dagId of this.#all.dags.keys()) {
      if (this.#all.dags.size <= DAGS_MAX) break;
      this.dropDag(dagId);
    }
    for (const pool of this.#all.pools.keys()) {
      if (this.#all.pools.size <= POOLS_MAX) break;
      this.dropPool(pool);
    }
  }
}

/** The stored versions that a message is about. */
function versionsNamed(body: Body): { dagId: string; fingerprint: string }[] {
  const isStart = body.to === "dag" && body.kind === "start" && body.pinned !== undefined;
  const named =
    body.to === "folder"
      ? body.changes
      : isStart
        ? [{ dagId: body.dagId, fingerprint: body.pinned?.fingerprint }]
        : [];
  return named.flatMap(({ dagId, fingerprint }) =>
    fingerprint === undefined ? [] : [{ dagId, fingerprint }],
  );
}
