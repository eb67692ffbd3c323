// The hot path: what arrived since the last commit is decided, committed in one statement, and then said.
//   1. Messages are acked only after what they caused is committed and said (the un-acked message is the outbox).
//   2. Whatever lost its fence, or was decided from a cache that proved old, is read again and decided again.
//   3. "Nothing to do" and "rejected" are believed only of an aggregate that is fresh, or proven current.
//   4. Saying overlaps with the next commit.
import type { BatchItem, BatchSource } from "@chasqui/bus";
import { RejectError } from "@chasqui/bus";
import type { Logger } from "@chasqui/chassis";
import { isOutage } from "@chasqui/chassis";
import { isSettled } from "@chasqui/machine";
import type { Sql } from "postgres";
import type { Cache } from "./cache.ts";
import type { BatchContext, Said } from "./core/batch.ts";
import { aggregateNamed, poolOfKey } from "./core/aggregates.ts";
import { decideBatch } from "./core/batch.ts";
import type { Inbound } from "./core/inbound.ts";
import { changeFolder, groupsOf, isFolder } from "./handle-folder.ts";
import { judge } from "./judge.ts";
import type { Speaker, Spoken } from "./speaker.ts";
import { commit } from "./store/commit.ts";
import type { Winners } from "./store/commit.ts";
import { nextVersionOf } from "./store/encode-pool.ts";
import { currentVersions } from "./store/load.ts";
import { translate } from "./translate.ts";

export interface Work {
  readonly item: BatchItem;
  readonly inbound: Inbound;
  readonly receivedMs: number;
}

export interface EngineOptions {
  readonly sql: Sql;
  readonly cache: Cache;
  readonly speaker: Speaker;
  readonly log: Logger;
  readonly clock: () => number;
  readonly isTraced: BatchContext["isTraced"];
  readonly onBatch?: (size: number) => void;
}

/** What arrived during a commit is read off the sockets, so that it is one batch and not a small one and the rest. */
const socketsRead = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const ROUNDS_MAX = 8;
/** Batches whose saying has not ended; more wait, so that a slow bus slows us down. */
const SAYING_MAX = 4;
const AGAIN_MS = 250;
const OUTAGE_MS = 1_000;

export interface Engine {
  readonly done: Promise<void>;
  readonly saying: number;
}

/** Runs until the source is stopped and everything taken from it is settled. */
export function runEngine(source: BatchSource, options: EngineOptions): Engine {
  const saying = new Set<Promise<void>>();
  async function loop(): Promise<void> {
    for (;;) {
      const items = await source.next();
      if (items.length === 0) break;
      options.onBatch?.(items.length);
      const spoken = await handleBatch(items, options);
      const said = options.speaker.say(spoken).catch((thrown: unknown) => {
        options.log.error(
          { err: thrown },
          "what a batch caused could not be said; its messages come again",
        );
        for (const { item } of spoken) item.retry(AGAIN_MS);
      });
      saying.add(said);
      void said.then(() => saying.delete(said));
      if (saying.size >= SAYING_MAX) await Promise.race(saying);
      await socketsRead();
    }
    await Promise.all(saying);
  }
  return {
    done: loop(),
    get saying() {
      return saying.size;
    },
  };
}

/** Decides and commits; what comes back is to be said, then acked. */
export async function handleBatch(
  items: readonly BatchItem[],
  options: EngineOptions,
): Promise<Spoken[]> {
  const { log, cache } = options;
  let pending = parse(items, log);
  const spoken: Spoken[] = [];
  try {
    for (let round = 0; pending.length > 0 && round < ROUNDS_MAX; round++) {
      const groups = round === 0 ? groupsOf(pending) : pending.map((work) => [lookedAtAgain(work)]); // apart: one may spoil the others
      pending = [];
      for (const group of groups) {
        const [first] = group;
        const isApart = first !== undefined && isFolder(first);
        const again = isApart
          ? await changeFolder(first, spoken, options)
          : await decideAndCommit(group, spoken, options);
        pending.push(...again);
      }
    }
  } catch (thrown) {
    // Nobody knows whether the statement was carried out: forget everything, and let the messages come again.
    cache.clear();
    log.warn(
      { err: thrown, outage: isOutage(thrown) },
      "a batch was not committed; its messages come again",
    );
    const settled = new Set(spoken.map(({ item }) => item));
    for (const item of items) if (!settled.has(item)) item.retry(OUTAGE_MS);
    pending = [];
  }
  for (const { item } of pending) item.retry(AGAIN_MS);
  cache.age();
  return spoken;
}

/** Who it lost its fence to may have been the same message, elsewhere: this process may have stood still. */
const lookedAtAgain = ({ item, inbound, ...work }: Work): Work => ({
  ...{ ...work, item },
  inbound: { ...inbound, redelivered: item.isRepeated },
});

function parse(items: readonly BatchItem[], log: Logger): Work[] {
  const receivedMs = performance.timeOrigin + performance.now();
  return items.flatMap((item): Work[] => {
    try {
      return [{ item, inbound: translate(item), receivedMs }];
    } catch (thrown) {
      const reason =
        thrown instanceof RejectError ? thrown.message : `cannot be read: ${String(thrown)}`;
      log.warn({ subject: item.subject, reason }, "message rejected");
      void item.dead(reason);
      return [];
    }
  });
}

/** One round; returns the messages that must be decided again. */
async function decideAndCommit(
  works: readonly Work[],
  spoken: Spoken[],
  options: EngineOptions,
): Promise<Work[]> {
  const { sql, cache } = options;
  const { newer } = await cache.load(works.map(({ inbound }) => inbound));
  const known = works.filter(({ inbound, item }) => {
    const isNewer = inbound.body.to === "run" && newer.has(inbound.body.runId);
    if (isNewer) item.retry(OUTAGE_MS); // written by newer code: a replica that knows the format decides
    return !isNewer;
  });
  const nowMs = options.clock();
  const batch = decideBatch(
    cache.aggregates,
    known.map(({ inbound }) => inbound),
    { nowMs, isTraced: options.isTraced },
  );
  const threw = removeThrown(batch, cache);
  const winners = await commit(sql, batch);
  const verdicts = judge(batch, {
    winners,
    threw,
    isFresh: (id) => aggregateNamed(cache.aggregates, id)?.fresh !== false,
    current: await doubtful(batch.said, winners, threw, options),
    versionOf: (id) => aggregateNamed(cache.aggregates, id)?.version,
    counts: countBy(batch.said),
  });
  settleCache(batch, winners, cache);
  const again: Work[] = [];
  for (const [index, work] of known.entries()) {
    const said = batch.said[index];
    const verdict = verdicts[index];
    if (said === undefined || verdict === undefined) continue;
    if (verdict.kind === "again") {
      drop(cache, said.outcome.aggregate);
      again.push(work);
    } else if (verdict.kind === "dead") {
      drop(cache, said.outcome.aggregate);
      spoken.push({ ...work, said, changes: batch, dead: verdict.why, nowMs });
    } else spoken.push({ ...work, said, changes: batch, dead: undefined, nowMs });
  }
  cache.endRound();
  return again;
}

function drop(cache: Cache, aggregate: string): void {
  const pool = poolOfKey(aggregate);
  if (pool !== undefined) return cache.dropPool(pool);
  cache.dropRun(aggregate);
  cache.dropDag(aggregate);
}

const countBy = (said: readonly Said[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { outcome } of said)
    counts.set(outcome.aggregate, (counts.get(outcome.aggregate) ?? 0) + 1);
  return counts;
};

type BatchOf = ReturnType<typeof decideBatch>;

/** An aggregate whose decision threw may be half changed: nothing of it is committed. */
function removeThrown(batch: BatchOf, cache: Cache): ReadonlySet<string> {
  const threw = new Set(
    batch.said.flatMap(({ outcome }) => (outcome.kind === "threw" ? [outcome.aggregate] : [])),
  );
  for (const id of threw) {
    batch.runs.delete(id);
    batch.dags.delete(id);
    batch.pools.delete(poolOfKey(id) ?? "");
    dropCreatedBy(batch, id, cache);
  }
  return threw;
}

function dropCreatedBy(batch: BatchOf, dagId: string, cache: Cache): void {
  for (const [runId, change] of batch.runs) {
    if (!change.created || change.run.meta.dagId !== dagId) continue;
    batch.runs.delete(runId);
    cache.dropRun(runId, { counted: false });
  }
}

/** Versions now of the aggregates of which nothing was committed and which were not read in this round. */
async function doubtful(
  said: readonly Said[],
  winners: Winners,
  threw: ReadonlySet<string>,
  { sql, cache }: EngineOptions,
): Promise<Record<"runs" | "dags" | "pools", Map<string, number>>> {
  const runs = new Set<string>();
  const dags = new Set<string>();
  const pools = new Set<string>();
  for (const { outcome } of said) {
    if (outcome.kind === "moved" || outcome.kind === "threw") continue;
    const id = outcome.aggregate;
    if (threw.has(id)) continue;
    const pool = poolOfKey(id);
    if (pool !== undefined) {
      const isOld = cache.aggregates.pools.get(pool)?.fresh === false;
      if (isOld && !winners.pools.has(pool)) pools.add(pool);
      continue;
    }
    if (winners.runs.has(id) || winners.dags.has(id)) continue;
    if (cache.aggregates.runs.get(id)?.fresh === false) runs.add(id);
    if (cache.aggregates.dags.get(id)?.fresh === false) dags.add(id);
  }
  if (runs.size + dags.size + pools.size === 0)
    return { runs: new Map(), dags: new Map(), pools: new Map() };
  return currentVersions(sql, { runs: [...runs], dags: [...dags], pools: [...pools] });
}

/** Winners stay, one version on; losers go, and the runs that a losing DAG would have created. */
function settleCache(batch: BatchOf, winners: Winners, cache: Cache): void {
  for (const [name, change] of batch.pools) {
    const { pool } = change;
    if (winners.pools.has(name)) {
      pool.version = nextVersionOf(change);
      pool.state.touched.clear();
    } else {
      cache.dropPool(name);
      batch.pools.delete(name);
    }
  }
  for (const [dagId, { dag }] of batch.dags) {
    if (winners.dags.has(dagId)) dag.version += 1;
    else {
      cache.dropDag(dagId);
      batch.dags.delete(dagId);
    }
  }
  for (const [runId, change] of batch.runs) {
    const { run, created } = change;
    if (!winners.runs.has(runId)) {
      cache.dropRun(runId, { counted: !created });
      batch.runs.delete(runId);
      continue;
    }
    run.version += 1;
    run.state.touched.clear();
    change.committed = run.version;
    if (created) cache.adopt(run);
    else if (isSettled(run.state.status)) cache.dropRun(runId); // it leaves memory; a late message reads it again
  }
}
