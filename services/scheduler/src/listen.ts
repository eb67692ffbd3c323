// The scheduler's consumers. News about DAGs is heard from the start; triggers, and events that may be some, only once
// the state machine has listed its DAGs: one that is read by somebody who knows too little would be called unbound.
import { setTimeout as sleep } from "node:timers/promises";
import { RetryError } from "@chasqui/bus";
import type { Bus, Consuming } from "@chasqui/bus";
import { RpcError } from "@chasqui/chassis";
import type { Logger, Part } from "@chasqui/chassis";
import type { TriggerHandler } from "./handle.ts";
import { listens } from "./hear.ts";
import type { Hearing } from "./hear.ts";
import type { Learner } from "./learner.ts";
import type { Registry } from "./registry.ts";
import { parseDagApplied } from "./translate.ts";

const NOT_REACHED_RETRY_MS = 1_000;
/** By then every replica has read what one of them learned. */
const ALL_KNOW_MS = 3_000;
/** Older news comes from a pause, or after a stop, when events wait for their reader anyway. */
const NEW_MS_MAX = 600_000;
const NEWS_AT_ONCE = 64;

export const durables = {
  dagApplied: "scheduler-dag-applied",
  triggers: "scheduler-triggers",
  runSettled: "scheduler-run-settled",
  assetProduced: "scheduler-asset-produced",
};

export interface ListenOptions {
  readonly bus: Bus;
  readonly registry: Registry;
  readonly learner: Learner;
  readonly handler: TriggerHandler;
  readonly hearing: Hearing;
  readonly triggersAtOnce: number;
  readonly log: Logger;
  readonly now: () => number;
  readonly fail: (error: unknown) => void;
}

export interface Listening extends Part {
  status(): Record<string, unknown>;
}

export async function startListening(o: ListenOptions): Promise<Listening> {
  let stopped = false;
  let triggers: Consuming | undefined;
  const running: Consuming[] = [];
  const applied = await o.bus.consume(durables.dagApplied, {
    concurrency: NEWS_AT_ONCE,
    async handle({ data }, signal) {
      const dagId = parseDagApplied(data);
      await hinted(dagId);
      const dag = o.registry.get(dagId)?.dag;
      if (dag === undefined || !listens(dag) || dag.appliedMs < o.now() - NEW_MS_MAX) return;
      await sleep(ALL_KNOW_MS, undefined, { signal });
      await o.hearing.readAgain(dag, signal);
    },
  });
  running.push(applied);

  async function hinted(dagId: string): Promise<void> {
    try {
      await o.learner.hinted(dagId);
    } catch (cause) {
      if (!(cause instanceof RpcError)) throw cause;
      const retryAfterMs = NOT_REACHED_RETRY_MS;
      throw new RetryError(`DAG ${dagId}: the state machine cannot be asked`, {
        retryAfterMs,
        cause,
      });
    }
  }

  async function listenToTriggers(): Promise<void> {
    await o.learner.listed;
    if (stopped) return;
    const concurrency = o.triggersAtOnce;
    const { handler, hearing } = o;
    triggers = await o.bus.consume(durables.triggers, {
      concurrency,
      handle: (delivery) => handler.handle(delivery),
      onDead: (delivery, reason) => handler.onDead(delivery, reason),
    });
    running.push(
      triggers,
      await o.bus.consume(durables.runSettled, { concurrency, handle: hearing.runSettled }),
      await o.bus.consume(durables.assetProduced, { concurrency, handle: hearing.assetProduced }),
    );
    o.log.info("triggers are read");
  }
  const begun = listenToTriggers().catch(o.fail);

  return {
    name: "consumers",
    status: () => ({
      reads_triggers: triggers !== undefined,
      triggers_in_flight: triggers?.inFlight ?? 0,
      last_trigger_ms: triggers?.lastMessageMs ?? 0,
    }),
    async stop(deadlineMs) {
      stopped = true;
      if (o.learner.refreshedMs > 0) await begun;
      await Promise.all(running.map((consuming) => consuming.stop(deadlineMs)));
    },
  };
}
