// One replica of the state machine: the real decideBatch and judge, on the model's database and bus.
// Its cache may be stale at any time; it crashes at any point.
import { judge } from "../../services/state-machine/src/judge.ts";
import type { Aggregates } from "../../services/state-machine/src/core/aggregates.ts";
import type { Batch, Said } from "../../services/state-machine/src/core/batch.ts";
import { decideBatch } from "../../services/state-machine/src/core/batch.ts";
import type { Inbound } from "../../services/state-machine/src/core/inbound.ts";
import type { RunEffect } from "../../libs/machine/src/index.ts";
import { attemptNumberOf } from "./attempt-number.ts";
import type { Mutation } from "./mutations.ts";
import type { Message, ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
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
    let pending = messages.map(toInbound);
    for (let round = 0; pending.length > 0 && round < 5; round++) {
      const { again, died } = this.#round(pending, nowMs, crash);
      if (died) return this.crash();
      pending = again;
    }
  }

  #round(
    inbound: readonly Inbound[],
    nowMs: number,
    crash: CrashPoint,
  ): { again: Inbound[]; died: boolean } {
    this.#load(inbound);
    const batch = decideBatch(this.#cache, inbound, { nowMs, isTraced: () => false });
    if (this.#mutation === "publish_before_commit") this.#sayAll(batch, inbound, nowMs);
    if (crash === "before_commit") return { again: [], died: true };
    const released =
      this.#mutation === "two_aggregates_one_loses" ? this.#database.loadDag().version : undefined;
    const winners = this.#database.commit(batch);
    const verdicts = judge(batch, {
      winners,
      threw: new Set(),
      isFresh: (id) =>
        this.#mutation === "noop_from_stale_cache" ||
        (this.#cache.runs.get(id) ?? this.#cache.dags.get(id))?.fresh !== false,
      current: this.#current(batch),
      versionOf: (id) => (this.#cache.runs.get(id) ?? this.#cache.dags.get(id))?.version,
      counts: new Map(),
    });
    const done = inbound.filter((_, index) => verdicts[index]?.kind !== "again");
    const again = inbound.filter((_, index) => verdicts[index]?.kind === "again");
    this.#settle(batch, winners);
    for (const message of again) this.#forget(message);
    if (this.#mutation === "ack_before_publish") for (const { id } of done) this.#bus.inbox.ack(id);
    if (crash === "after_commit") return { again: [], died: true };
    for (const [index, said] of batch.said.entries())
      if (verdicts[index]?.kind === "done")
        this.#say(said, inbound[index]?.id ?? "", nowMs, released);
    if (crash === "after_publish") return { again: [], died: true };
    for (const { id } of done) this.#bus.inbox.ack(id);
    return { again, died: false };
  }

  #load(inbound: readonly Inbound[]): void {
    for (const { body } of inbound) {
      if (body.to === "pool" || body.to === "folder") continue;
      const runId =
        body.to === "run" ? body.runId : body.kind === "start" ? body.start.runId : undefined;
      if (runId !== undefined && !this.#cache.runs.has(runId)) {
        const run = this.#database.loadRun(runId);
        if (run !== undefined) this.#cache.runs.set(runId, run);
      }
      if (body.to !== "dag") continue;
      const dag = this.#cache.dags.get(body.dagId);
      if (dag === undefined) this.#cache.dags.set(body.dagId, this.#database.loadDag());
      else dag.waiting = this.#database.loadDag().waiting;
    }
  }

  #current(batch: Batch): Record<"runs" | "dags" | "pools", Map<string, number>> {
    const none = new Map<string, number>();
    const current = { runs: new Map<string, number>(), dags: none, pools: none };
    for (const { outcome } of batch.said) {
      const version = this.#database.versionOf(outcome.aggregate);
      if (version !== undefined) current.runs.set(outcome.aggregate, version);
    }
    return current;
  }

  #settle(batch: Batch, winners: { runs: ReadonlySet<string>; dags: ReadonlySet<string> }): void {
    for (const [id, { dag }] of batch.dags) {
      if (winners.dags.has(id)) dag.version += 1;
      else this.#cache.dags.delete(id);
    }
    for (const [id, { run }] of batch.runs) {
      if (winners.runs.has(id)) run.version += 1;
      else this.#cache.runs.delete(id);
    }
    for (const run of this.#cache.runs.values()) run.fresh = false;
    for (const dag of this.#cache.dags.values()) dag.fresh = false;
  }

  #forget({ body }: Inbound): void {
    if (body.to === "run") this.#cache.runs.delete(body.runId);
    else if (body.to === "dag") this.#cache.dags.delete(body.dagId);
  }

  #sayAll(batch: Batch, inbound: readonly Inbound[], nowMs: number): void {
    for (const [index, said] of batch.said.entries())
      this.#say(said, inbound[index]?.id ?? "", nowMs);
  }

  #say(said: Said, cause: string, nowMs: number, released?: number): void {
    const { inbox } = this.#bus;
    for (const { run, effect } of said.runEffects) {
      if (effect.kind === "tell_dag" && released !== undefined)
        this.#database.releaseIf(released, run.meta.runId);
      else sayEffect(this.#bus, run.meta, run.state.plan.tasks, effect, nowMs, this.#mutation);
    }
    for (const effect of said.dagEffects) {
      const { runId } = effect;
      if (effect.kind === "admit")
        inbox.publish(`admit:${runId}`, { to: "run", runId, message: { kind: "admit" } }, nowMs);
    }
    void cause;
  }
}

export function sayEffect(
  bus: ModelBus,
  meta: { runId: string; dagId: string },
  tasks: readonly { id: string }[],
  effect: RunEffect,
  nowMs: number,
  mutation: Mutation,
): void {
  const { runId, dagId } = meta;
  switch (effect.kind) {
    case "assign": {
      const taskId = tasks[effect.slot]?.id ?? "";
      const attempt = attemptNumberOf(effect.attempt, mutation);
      return bus.tasks.publish(
        `${runId}:${taskId}:${attempt}`,
        { runId, taskId, attempt: effect.attempt },
        nowMs,
      );
    }
    case "cancel":
      bus.cancels.push({ runId, taskId: effect.taskId, attempt: effect.attempt });
      return;
    case "continue":
      return bus.inbox.publish(
        `continue:${runId}:${nowMs}`,
        { to: "run", runId, message: { kind: "continue" } },
        nowMs,
      );
    case "tell_dag":
      return bus.inbox.publish(
        `settled:${runId}`,
        { to: "dag", kind: "other", dagId, message: { kind: "settled", runId } },
        nowMs,
      );
  }
}

const emptyCache = (): Aggregates => ({
  runs: new Map(),
  dags: new Map(),
  pools: new Map(),
  versions: new Map(),
  previous: new Map(),
});

const toInbound = ({ id, body, deliveries }: Message<Body>): Inbound => ({
  id,
  redelivered: deliveries > 1,
  replyTo: "",
  by: "",
  note: "",
  body,
});
