// One replica of the state machine: the real decideBatch, judge and speakers, on the model's database and bus.
// Its cache may be stale at any time; it crashes at any point.
import type { DagState } from "../../libs/machine/src/index.ts";
import { judge } from "../../services/state-machine/src/judge.ts";
import type { Judgement } from "../../services/state-machine/src/judge.ts";
import { aggregateNamed } from "../../services/state-machine/src/core/aggregates.ts";
import type { Aggregates } from "../../services/state-machine/src/core/aggregates.ts";
import type { Batch, Said } from "../../services/state-machine/src/core/batch.ts";
import { decideBatch, versionKey } from "../../services/state-machine/src/core/batch.ts";
import type { Inbound, StartFacts } from "../../services/state-machine/src/core/inbound.ts";
import { answersToParent } from "../../services/state-machine/src/say/children.ts";
import { dagMessages, undecidable } from "../../services/state-machine/src/say/messages.ts";
import { slotGranted } from "../../services/state-machine/src/say/pool-messages.ts";
import type { Committed } from "../../services/state-machine/src/store/commit.ts";
import type { Mutation } from "./mutations.ts";
import type { Message, ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Voice } from "./say.ts";
import { environment, post, sayEffect } from "./say.ts";
import { isCommand, orderedOf } from "../../services/state-machine/src/core/inbound.ts";
import type { Body } from "../../services/state-machine/src/core/inbound.ts";

export type CrashPoint = "none" | "before_commit" | "after_commit" | "after_publish";

export class Replica {
  readonly #bus: ModelBus;
  readonly #database: ModelDatabase;
  readonly #mutation: Mutation;
  #cache: Aggregates = emptyCache();

  constructor(bus: ModelBus, database: ModelDatabase, mutation: Mutation) {
    this.#bus = bus;
    this.#database = database;
    this.#mutation = mutation;
  }

  crash(): void {
    this.#cache = emptyCache();
  }

  /** Decides, commits, says, acks: with one chance to die in between. */
  handle(messages: readonly Message<Body>[], nowMs: number, crash: CrashPoint): void {
    let pending = messages.map(toInbound).map((inbound) => this.#named(inbound));
    for (let round = 0; pending.length > 0 && round < 5; round++) {
      const { again, died } = this.#round(pending, nowMs, crash);
      if (died) return this.crash();
      pending = again;
    }
  }

  /** Planted bugs: a clear or mark, a pause or resume that comes again is taken for another one. */
  #named(inbound: Inbound): Inbound {
    const { id, body, redelivered } = inbound;
    const isAnew =
      (this.#mutation === "command_named_anew" && isCommand(body)) ||
      (this.#mutation === "order_named_anew" && orderedOf(body).length > 0);
    return isAnew && redelivered ? { ...inbound, id: `${id}:again` } : inbound;
  }

  #round(
    inbound: readonly Inbound[],
    nowMs: number,
    crash: CrashPoint,
  ): { again: Inbound[]; died: boolean } {
    this.#load(inbound);
    const batch = decideBatch(this.#cache, inbound, { nowMs, isTraced: () => false });
    if (this.#mutation === "publish_before_commit")
      for (const [index, said] of batch.said.entries())
        this.#say(said, { inbound: inbound[index], nowMs });
    if (
      this.#mutation === "answer_told_before_commit" ||
      this.#mutation === "command_told_before_commit"
    )
      for (const [index, said] of batch.said.entries()) this.#tell(said, inbound[index]);
    if (crash === "before_commit") return { again: [], died: true };
    const releasing = new Map(
      [...this.#database.dags].map(([dagId, { version }]) => [dagId, version]),
    );
    const winners = this.#database.commit(batch);
    const verdicts = this.#judge(batch, winners);
    const done = inbound.filter((_, index) => verdicts[index]?.kind !== "again");
    const again = inbound.filter((_, index) => verdicts[index]?.kind === "again");
    this.#settle(batch, winners);
    for (const message of again) this.#forget(message);
    if (this.#mutation === "ack_before_publish") for (const { id } of done) this.#bus.inbox.ack(id);
    if (crash === "after_commit") return { again: [], died: true };
    for (const [index, said] of batch.said.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined || verdict.kind === "again") continue;
      this.#say(said, { inbound: inbound[index], nowMs, verdict, releasing });
    }
    if (crash === "after_publish") return { again: [], died: true };
    for (const { id } of done) this.#bus.inbox.ack(id);
    return { again, died: false };
  }

  #load(inbound: readonly Inbound[]): void {
    const { runs, dags, pools, decided } = this.#cache;
    decided.clear();
    for (const { id, body, redelivered } of inbound) {
      if (redelivered && this.#isDecided(id, body)) decided.add(id);
      if (body.to === "folder") continue;
      if (body.to === "pool") {
        if (!pools.has(body.pool)) pools.set(body.pool, this.#database.loadPool(body.pool));
        continue;
      }
      const runId =
        body.to === "run" ? body.runId : body.kind === "start" ? body.start.runId : undefined;
      if (runId !== undefined && !runs.has(runId)) {
        const run = this.#database.loadRun(runId);
        if (run !== undefined) runs.set(runId, run);
      }
      if (body.to !== "dag") continue;
      if (body.kind === "start") this.#loadBeside(body.start);
      const cached = dags.get(body.dagId);
      const stored = this.#database.loadDag(body.dagId);
      if (stored === undefined) continue;
      if (cached === undefined) dags.set(body.dagId, stored);
      else cached.waiting = stored.waiting;
      if (this.#mutation === "reopening_forgotten") forget((cached ?? stored).state);
    }
  }

  #isDecided(id: string, body: Body): boolean {
    if (isCommand(body)) return this.#database.isInHistory(body.runId, id);
    return body.to === "dag" && orderedOf(body).length > 0
      ? this.#database.isAudited(body.dagId, id)
      : false;
  }

  /** What a new run needs beside its DAG: the run before it, and the version that it is pinned to. */
  #loadBeside({ runId, dagId, logicalMs }: StartFacts): void {
    const { previous, versions } = this.#cache;
    const before = this.#database.previousOf(dagId, logicalMs);
    if (before === undefined) previous.delete(runId);
    else previous.set(runId, before);
    for (const { fingerprint, facts, plan } of this.#database.versionsOf(dagId))
      versions.set(versionKey(dagId, fingerprint), { facts, plan });
  }

  #judge(batch: Batch, winners: Committed): Judgement[] {
    const current = new Map<string, number>();
    const pools = new Map<string, number>();
    for (const { outcome } of batch.said) {
      const version = this.#database.versionOf(outcome.aggregate);
      if (version === undefined) continue;
      current.set(outcome.aggregate, version);
      if (outcome.aggregate.startsWith("pool:"))
        pools.set(outcome.aggregate.slice("pool:".length), version);
    }
    return judge(batch, {
      winners,
      threw: new Set(),
      isFresh: (id) =>
        this.#mutation === "noop_from_stale_cache" ||
        aggregateNamed(this.#cache, id)?.fresh !== false,
      current: { runs: current, dags: new Map(), pools },
      versionOf: (id) => aggregateNamed(this.#cache, id)?.version,
      counts: new Map(),
    });
  }

  #settle(batch: Batch, winners: Committed): void {
    const { runs, dags, pools } = this.#cache;
    for (const [name, { pool }] of batch.pools) {
      if (winners.pools.has(name)) pool.version += 1;
      else pools.delete(name);
    }
    for (const [id, { dag }] of batch.dags) {
      if (winners.dags.has(id)) dag.version += 1;
      else dags.delete(id);
    }
    for (const [id, { run }] of batch.runs) {
      if (winners.runs.has(id)) run.version += 1;
      else runs.delete(id);
    }
    for (const one of [...runs.values(), ...dags.values(), ...pools.values()]) one.fresh = false;
  }

  #forget({ body }: Inbound): void {
    if (body.to === "run") this.#cache.runs.delete(body.runId);
    else if (body.to === "dag") this.#cache.dags.delete(body.dagId);
    else if (body.to === "pool") this.#cache.pools.delete(body.pool);
  }

  /** The verdict for whoever answered a question, or commanded a run. */
  #tell({ outcome }: Said, inbound: Inbound | undefined): void {
    const body = inbound?.body;
    if (inbound === undefined || body?.to !== "run" || outcome.kind === "rejected") return;
    const { runId, message } = body;
    if (message.kind === "answer") this.#bus.acceptedAnswers.push({ runId, message });
    if (outcome.kind === "moved" && isCommand(body))
      this.#bus.acceptedCommands.push({ runId, cause: inbound.id });
  }

  /** What speaker.ts says of a message. */
  #say(
    said: Said,
    about: {
      readonly inbound: Inbound | undefined;
      readonly nowMs: number;
      readonly verdict?: Judgement;
      readonly releasing?: ReadonlyMap<string, number>;
    },
  ): void {
    const { inbound, nowMs, verdict, releasing } = about;
    if (inbound === undefined) return;
    const mutation = this.#mutation;
    const voice: Voice = { bus: this.#bus, database: this.#database, mutation, nowMs };
    const { kind } = said.outcome;
    if (verdict?.kind === "done") this.#tell(said, inbound);
    const dead = verdict?.kind === "dead" ? verdict.why : undefined;
    if (dead !== undefined && kind !== "rejected")
      for (const message of undecidable(inbound, dead)) post(voice, message);
    for (const message of answersToParent(inbound, kind, dead)) post(voice, message);
    for (const message of dagMessages(said.dagEffects, { cause: inbound.id, environment }))
      post(voice, message);
    for (const { pool, effect } of said.poolEffects) post(voice, slotGranted(pool, effect));
    for (const { run, effect } of said.runEffects) {
      const { dagId, runId } = run.meta;
      const version = releasing?.get(dagId);
      if (mutation === "release_said_once" && effect.kind === "release" && inbound.redelivered)
        continue;
      if (mutation === "past_told_once" && effect.kind === "tell_past" && inbound.redelivered)
        continue;
      if (mutation === "two_aggregates_one_loses" && effect.kind === "tell_dag")
        this.#database.releaseIf(version ?? -1, dagId, runId);
      else sayEffect(voice, run, effect);
    }
  }
}

/** Planted bug: a DAG knows nothing of runs that were reopened and have given their slot back. */
function forget({ active, reopened }: DagState): void {
  for (const runId of reopened.keys()) if (!active.includes(runId)) reopened.delete(runId);
}

const emptyCache = (): Aggregates => ({
  runs: new Map(),
  dags: new Map(),
  pools: new Map(),
  versions: new Map(),
  previous: new Map(),
  decided: new Set(),
});

const toInbound = ({ id, body, deliveries }: Message<Body>): Inbound => ({
  id,
  redelivered: deliveries > 1,
  replyTo: "",
  by: "",
  note: "",
  body,
});
