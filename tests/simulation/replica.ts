// One replica of the state machine: the real decideBatch, judge and speakers, on the model's database and bus.
// Its cache may be stale at any time; it crashes at any point. What it was handed and has not taken yet waits with it.
import type { BatchItem, OutMessage } from "../../libs/bus/src/index.ts";
import { RejectError } from "../../libs/bus/src/index.ts";
import { judge } from "../../services/state-machine/src/judge.ts";
import type { Judgement } from "../../services/state-machine/src/judge.ts";
import { aggregateNamed } from "../../services/state-machine/src/core/aggregates.ts";
import type { Aggregates } from "../../services/state-machine/src/core/aggregates.ts";
import type { Batch, Said } from "../../services/state-machine/src/core/batch.ts";
import { decideBatch } from "../../services/state-machine/src/core/batch.ts";
import { versionKey } from "../../services/state-machine/src/core/create-run.ts";
import type { Inbound, StartFacts } from "../../services/state-machine/src/core/inbound.ts";
import { answersToParent, isToldToParent } from "../../services/state-machine/src/say/children.ts";
import { dagMessages, undecidable } from "../../services/state-machine/src/say/messages.ts";
import { slotGranted } from "../../services/state-machine/src/say/pool-messages.ts";
import type { Committed } from "../../services/state-machine/src/store/commit.ts";
import type { Mutation } from "./mutations.ts";
import { translate } from "../../services/state-machine/src/translate.ts";
import type { ModelBus } from "./model-bus.ts";
import type { Letter } from "./model-inbox.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Voice } from "./say.ts";
import { environment, post, publish, sayEffect } from "./say.ts";
import { isCommand, orderedOf } from "../../services/state-machine/src/core/inbound.ts";
import type { Body } from "../../services/state-machine/src/core/inbound.ts";

export type CrashPoint =
  | "none"
  | "before_commit"
  | "after_commit"
  /** It dies not, but stands still. */
  | "still_before_commit"
  | "still_after_commit"
  | "while_publishing"
  | "after_publish"
  | "while_acking";

/** Where it dies, and how much of its publishing or acking is done by then. */
export interface Crash {
  readonly at: CrashPoint;
  readonly part: number;
}
export const NO_CRASH: Crash = { at: "none", part: 1 };

interface Work {
  readonly item: BatchItem;
  readonly inbound: Inbound;
}
interface Decided {
  readonly works: readonly Work[];
  readonly inbound: readonly Inbound[];
  readonly batch: Batch;
}
interface Done extends Work {
  readonly said: Said;
  readonly verdict: Judgement;
}

export class Replica {
  readonly #bus: ModelBus;
  readonly #database: ModelDatabase;
  readonly #mutation: Mutation;
  #cache: Aggregates = emptyCache();
  #waiting: BatchItem[] = [];
  /** It stands still; what it does next when it goes on. */
  #rest: ((nowMs: number) => void) | undefined;

  constructor(bus: ModelBus, database: ModelDatabase, mutation: Mutation) {
    this.#bus = bus;
    this.#database = database;
    this.#mutation = mutation;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }
  get isStill(): boolean {
    return this.#rest !== undefined;
  }

  standStill(nowMs: number, rest: (nowMs: number) => void = () => undefined): void {
    this.#bus.inbox.standStill(this, nowMs);
    this.#rest = rest;
  }
  goOn(nowMs: number): void {
    this.#bus.inbox.goOn(this, nowMs);
    this.#rest?.(nowMs);
    this.#rest = undefined;
  }

  crash(nowMs: number): void {
    this.#cache = emptyCache();
    this.#waiting = [];
    this.#rest = undefined;
    this.#bus.inbox.release(this, nowMs);
  }

  receive(letter: Letter, nowMs: number): void {
    this.#waiting.push(...this.#bus.inbox.deliver(letter, this, nowMs));
  }

  /** So much of what waits is decided, committed, said, acked: with one chance to die in between. */
  work(
    nowMs: number,
    { part, crash }: { readonly part: number; readonly crash: Crash },
  ): Inbound[] {
    const works = this.#waiting.splice(0, Math.ceil(part * this.#waiting.length)).flatMap(toWork);
    let pending = works;
    for (let round = 0; pending.length > 0 && round < 5; round++) {
      const { again, died } = this.#round(pending, nowMs, crash);
      if (this.isStill) {
        this.#waiting.unshift(...again.map(({ item }) => item));
        pending = [];
      } else if (died) {
        this.crash(nowMs);
        pending = [];
      } else pending = again;
    }
    for (const { item } of pending) item.retry(0);
    return works.map(({ inbound }) => inbound);
  }

  /** Planted bugs: a clear or mark, a pause or resume that comes again is taken for another one. */
  #named(inbound: Inbound): Inbound {
    const { id, body, redelivered } = inbound;
    const isAnew =
      (this.#mutation === "command_named_anew" && isCommand(body)) ||
      (this.#mutation === "order_named_anew" && orderedOf(body).length > 0);
    return isAnew && redelivered ? { ...inbound, id: `${id}:again` } : inbound;
  }

  #round(works: readonly Work[], nowMs: number, crash: Crash): { again: Work[]; died: boolean } {
    const inbound = works.map((work) => this.#named(work.inbound));
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
    if (crash.at === "before_commit") return { again: [], died: true };
    if (crash.at === "still_before_commit") {
      this.standStill(nowMs, (laterMs) => {
        const { again } = this.#commit({ works, inbound, batch }, laterMs, NO_CRASH);
        this.#waiting.unshift(...again.map(({ item }) => item));
      });
      return { again: [], died: false };
    }
    return this.#commit({ works, inbound, batch }, nowMs, crash);
  }

  #commit(
    { works, inbound, batch }: Decided,
    nowMs: number,
    crash: Crash,
  ): { again: Work[]; died: boolean } {
    const releasing = new Map(
      [...this.#database.dags].map(([dagId, { version }]) => [dagId, version]),
    );
    const winners = this.#database.commit(batch);
    const verdicts = this.#judge(batch, winners);
    const done = inbound.flatMap((one, index): Done[] => {
      const [work, said, verdict] = [works[index], batch.said[index], verdicts[index]];
      if (work === undefined || said === undefined || verdict === undefined) return [];
      return verdict.kind === "again" ? [] : [{ item: work.item, inbound: one, said, verdict }];
    });
    const again = works.filter((_, index) => verdicts[index]?.kind === "again");
    this.#settle(batch, winners);
    for (const work of again) this.#forget(work.inbound);
    if (this.#mutation === "ack_before_publish") for (const { item } of done) item.ack();
    if (crash.at === "after_commit") return { again: [], died: true };
    if (crash.at === "still_after_commit") {
      this.standStill(nowMs, (laterMs) => this.#sayAndEnd(done, laterMs, { crash, releasing }));
      return { again, died: false };
    }
    return { again, died: this.#sayAndEnd(done, nowMs, { crash, releasing }) };
  }

  /** Returns whether it died. */
  #sayAndEnd(
    done: readonly Done[],
    nowMs: number,
    { crash, releasing }: { crash: Crash; releasing: ReadonlyMap<string, number> },
  ): boolean {
    const call: OutMessage[] = [];
    for (const { said, ...about } of done) this.#say(said, { ...about, nowMs, releasing, call });
    const isCut = crash.at === "while_publishing";
    publish(this.#voice(nowMs), call, isCut ? crash.part : 1);
    if (isCut || crash.at === "after_publish") return true;
    const isSlain = crash.at === "while_acking";
    for (const one of isSlain ? done.slice(0, Math.floor(crash.part * done.length)) : done)
      end(one);
    return isSlain;
  }

  #voice(nowMs: number): Voice {
    return { bus: this.#bus, database: this.#database, mutation: this.#mutation, nowMs };
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
      if (runId !== undefined && body.to === "dag" && redelivered) runs.delete(runId);
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
    const none = { runs: new Map(), dags: new Map(), pools: new Map() };
    const looked = this.#mutation === "believed_beside_what_lost" ? { ...batch, ...none } : batch;
    return judge(looked, {
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
      readonly call?: OutMessage[];
    },
  ): void {
    const { inbound, nowMs, verdict, releasing, call } = about;
    if (inbound === undefined) return;
    const mutation = this.#mutation;
    const voice = { ...this.#voice(nowMs), ...(call === undefined ? {} : { call }) };
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

const emptyCache = (): Aggregates => ({
  runs: new Map(),
  dags: new Map(),
  pools: new Map(),
  versions: new Map(),
  previous: new Map(),
  decided: new Set(),
});

/** What cannot be read is a dead letter, alone. */
function toWork(item: BatchItem): Work[] {
  try {
    return [{ item, inbound: translate(item) }];
  } catch (thrown) {
    if (!(thrown instanceof RejectError)) throw thrown;
    void item.dead(thrown.message);
    return [];
  }
}

function end({ item, inbound, said, verdict }: Done): void {
  if (verdict.kind === "dead" && !isToldToParent(inbound, said.outcome.kind))
    void item.dead(verdict.why);
  else item.ack();
}
