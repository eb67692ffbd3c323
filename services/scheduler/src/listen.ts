// The scheduler's two consumers. News about DAGs is heard from the start; triggers only once the state machine has
// listed its DAGs, since a trigger that is read by somebody who knows too little would be called unbound.
import { RetryError } from "@chasqui/bus";
import type { Bus, Consuming } from "@chasqui/bus";
import { RpcError } from "@chasqui/chassis";
import type { Logger, Part } from "@chasqui/chassis";
import type { TriggerHandler } from "./handle.ts";
import type { Learner } from "./learner.ts";
import { parseDagApplied } from "./translate.ts";

const NOT_REACHED_RETRY_MS = 1_000;

export const durables = { dagApplied: "scheduler-dag-applied", triggers: "scheduler-triggers" };

export interface ListenOptions {
  readonly bus: Bus;
  readonly learner: Learner;
  readonly handler: TriggerHandler;
  readonly triggersAtOnce: number;
  readonly log: Logger;
  readonly fail: (error: unknown) => void;
}

export interface Listening extends Part {
  status(): Record<string, unknown>;
}

export async function startListening(o: ListenOptions): Promise<Listening> {
  let stopped = false;
  let triggers: Consuming | undefined;
  const events = await o.bus.consume(durables.dagApplied, {
    concurrency: 4,
    handle: ({ data }) => hinted(parseDagApplied(data)),
  });

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
    triggers = await o.bus.consume(durables.triggers, {
      concurrency: o.triggersAtOnce,
      handle: (delivery, signal) => o.handler.handle(delivery, signal),
      onDead: (delivery, reason) => o.handler.onDead(delivery, reason),
    });
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
      await Promise.all([events.stop(deadlineMs), triggers?.stop(deadlineMs)]);
    },
  };
}
