// How the scheduler learns about DAGs: one DAG when an event hints at it, the whole list at the start and now and
// then, and the rows that other replicas wrote. Events may come late or twice, so they only say when to ask.
// Facts that a reader may rely on:
//   N1. What is learned is stored before it is used, under the row's lock; its due times change in that commit.
//   N2. An answer never overwrites that of somebody who asked later: whatever order answers and events come in, the
//       last one stored is not older than the last event.
//   N3. A state machine that does not answer changes nothing: what is known stays in force.
//   N4. A DAG's earlier names are learned to have ended before it begins: each due time belongs to one of them.
//   N5. What was asked about is known to this process when the asking has ended, whoever stored it.
import type { Logger } from "@chasqui/chassis";
import type { Dag } from "@chasqui/contracts";
import type { Sql, TransactionSql } from "postgres";
import { learn } from "./core/learn.ts";
import type { DagNews, KnownDag, Learning } from "./core/learn.ts";
import { dueTicks, revivedTicks } from "./core/ticks.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import type { Registry } from "./registry.ts";
import {
  earlierOf,
  forgetSchedules,
  insertSchedule,
  loadSchedulesOf,
  lockSchedule,
  updateSchedule,
} from "./store/schedules.ts";
import type { StoredDag } from "./store/schedules.ts";
import { loadAll, loadNewer } from "./stored-schedules.ts";
import { recordTicksOfLocked, reviveTicks, suppressedTicks } from "./store/ticks.ts";
import type { FiringTick } from "./store/ticks.ts";
import { tickStarts, withStarts } from "./tick-starts.ts";
import { SLICE_TICKS_MAX } from "./ticker.ts";
import { timetableOfDag } from "./timetable.ts";
import { newsOf } from "./translate.ts";

export interface LearnerOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly stateMachine: StateMachine;
  readonly log: Logger;
  readonly now: () => number;
  readonly graceMs: number;
  /** Rows that a change made fire, already committed. */
  readonly onFiring: (ticks: readonly FiringTick[]) => Promise<void>;
  /** Due times may have changed. */
  readonly onLearned: () => void;
}

export interface Learner {
  /** An event hinted at a DAG. Throws when the state machine cannot be asked. */
  hinted(dagId: string): Promise<void>;
  /** Asks the state machine for every DAG. Throws when it does not answer. */
  refresh(signal?: AbortSignal): Promise<void>;
  /** Everything that is stored; at the start. */
  load(): Promise<void>;
  /** What other replicas stored lately. */
  catchUp(): Promise<void>;
  /** When the newest list that was answered was asked for; 0 before the first. */
  readonly refreshedMs: number;
  /** Resolves with the first list. */
  readonly listed: Promise<void>;
}

/** A row that was written in a transaction slower than this is found by the next list. */
const OVERLAP_MS = 10_000;

export function createLearner(o: LearnerOptions): Learner {
  let refreshedMs = 0;
  const first = Promise.withResolvers<void>();
  let caughtUpMs = 0;

  async function accept(news: DagNews, askedMs: number): Promise<void> {
    const accepted = await o.sql.begin((tx) => store(tx, news, askedMs));
    // N5: also when it was stored by somebody else, who may not have told this registry yet.
    for (const dag of await loadSchedulesOf(o.sql, [news.dagId])) o.registry.put(dag);
    if (accepted === undefined) return;
    const { dagId, version, paused } = news;
    o.log.info({ dag_id: dagId, version, paused }, "learned about a DAG");
    o.onLearned();
    if (accepted.length > 0) await o.onFiring(accepted);
  }

  /** Rows that fire now; undefined when nothing was learned. */
  async function store(
    tx: TransactionSql,
    news: DagNews,
    askedMs: number,
  ): Promise<FiringTick[] | undefined> {
    const nowMs = o.now();
    const earlier = news.was.length === 0 ? undefined : await earlierOf(tx, news);
    const fresh = learn(undefined, news, nowMs, earlier);
    if (fresh.kind === "changed" && (await insertSchedule(tx, fresh.known, askedMs))) return [];
    const locked = await lockSchedule(tx, news.dagId);
    if (locked === undefined || locked.toldMs > askedMs) return undefined;
    const learned = learn(locked.dag, news, nowMs);
    if (learned.kind === "nothing") return undefined;
    const firing = [
      ...(await closeOld(tx, locked.dag, learned, nowMs)),
      ...(await revive(tx, learned, nowMs)),
    ];
    await updateSchedule(tx, learned.known, askedMs);
    return firing;
  }

  /**
   * The due times of the timing that ends get their outcome while it still holds; who waits for its jitter waits no
   * longer.
   */
  async function closeOld(
    tx: TransactionSql,
    dag: KnownDag,
    learned: Extract<Learning, { kind: "changed" }>,
    nowMs: number,
  ): Promise<FiringTick[]> {
    const { closeOldMs } = learned;
    if (closeOldMs === undefined) return [];
    let old;
    try {
      old = timetableOfDag(dag);
    } catch {
      return []; // it could never be read, so it had no due times
    }
    if (old === undefined) return [];
    const timetable = { ...old, jitterMs: () => 0 };
    const starts = await tickStarts(dag);
    const policy = {
      ...dag.policy,
      paused: dag.paused,
      graceMs: o.graceMs,
      ticksMax: SLICE_TICKS_MAX,
    };
    const firing: FiringTick[] = [];
    for (let { handledMs } = dag; ;) {
      const slice = dueTicks(timetable, { handledMs, untilMs: closeOldMs, nowMs }, policy);
      if (slice.ticks.length === 0) return firing;
      const ticks = withStarts(slice.ticks, handledMs, starts);
      firing.push(...(await recordTicksOfLocked(tx, dag.dagId, ticks, nowMs)));
      handledMs = slice.handledMs;
    }
  }

  async function revive(
    tx: TransactionSql,
    { known, resumedSinceMs }: Extract<Learning, { kind: "changed" }>,
    nowMs: number,
  ): Promise<FiringTick[]> {
    if (resumedSinceMs === undefined) return [];
    const suppressed = await suppressedTicks(tx, known.dagId, resumedSinceMs);
    const revived = revivedTicks(suppressed, known.policy, nowMs);
    if (revived.length === 0) return [];
    const starts = await tickStarts(known);
    const ticks = revived.flatMap((dueMs) => {
      const start = starts(dueMs, dueMs - 1);
      return "reason" in start ? [] : [{ dueMs, start }];
    });
    return reviveTicks(tx, known.dagId, ticks, nowMs);
  }

  /** One DAG that cannot be read must not keep the others from being learned; what is known of it stays. */
  function readable(dag: Dag): DagNews[] {
    try {
      return [newsOf(dag)];
    } catch (error) {
      o.log.error({ error, dag_id: dag.dagId }, "a DAG cannot be read");
      return [];
    }
  }

  /** N4. */
  async function acceptInTurn(news: DagNews, askedMs: number): Promise<void> {
    const isNew = o.registry.get(news.dagId) === undefined;
    for (const name of isNew ? news.was : [])
      if (o.registry.get(name)?.dag.retired === false) await hinted(name);
    await accept(news, askedMs);
  }

  async function hinted(dagId: string): Promise<void> {
    const askedMs = o.now();
    const dag = await o.stateMachine.getDag(dagId);
    if (dag !== undefined) await acceptInTurn(newsOf(dag), askedMs);
  }

  function putAll(dags: readonly StoredDag[]): void {
    for (const dag of dags) o.registry.put(dag);
    if (dags.length > 0) o.onLearned();
  }

  return {
    hinted,
    async refresh(signal) {
      const askedMs = o.now();
      const ids: string[] = [];
      for await (const page of o.stateMachine.listDags(signal)) {
        ids.push(...page.map((dag) => dag.dagId));
        for (const news of page.flatMap(readable))
          if (learn(o.registry.get(news.dagId)?.dag, news, askedMs).kind === "changed")
            await acceptInTurn(news, askedMs);
      }
      for (const dagId of await forgetSchedules(o.sql, ids, askedMs)) {
        o.registry.forget(dagId);
        o.log.info({ dag_id: dagId }, "forgot a DAG that is listed no more");
      }
      refreshedMs = Math.max(refreshedMs, askedMs);
      first.resolve();
    },
    async load() {
      caughtUpMs = o.now();
      await loadAll(o.sql, putAll);
    },
    async catchUp() {
      const sinceMs = caughtUpMs - OVERLAP_MS;
      caughtUpMs = o.now();
      await loadNewer(o, sinceMs, putAll);
    },
    listed: first.promise,
    get refreshedMs() {
      return refreshedMs;
    },
  };
}
