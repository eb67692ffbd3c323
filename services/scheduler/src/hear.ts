// Chasqui's own events: runs that settled, for triggers and for what follows them; assets that were produced.
// Facts that a reader may rely on:
//   E1. An event that nobody listens to costs a look at its subject, and leaves no row.
//   E2. What happened between the apply of a DAG and our learning of it is read again, before that news is acknowledged.
import { RejectError } from "@chasqui/bus";
import type { Bus, Delivery } from "@chasqui/bus";
import { subjects } from "@chasqui/contracts";
import type { Backfiller } from "./backfiller.ts";
import type { Continuer } from "./continue.ts";
import type { KnownDag } from "./core/learn.ts";
import { leavesOf } from "./core/rules.ts";
import type { TriggerHandler } from "./handle.ts";
import type { Registry } from "./registry.ts";
import { endOfRun, parseAssetProduced, parseRunSettled, runOfSubject } from "./translate-events.ts";
import type { ReceivedTrigger } from "./translate.ts";

export interface HearOptions {
  readonly bus: Pick<Bus, "readStream">;
  readonly registry: Registry;
  readonly handler: Pick<TriggerHandler, "happened">;
  readonly continuer: Pick<Continuer, "settled">;
  readonly backfiller: Pick<Backfiller, "settled">;
  readonly now: () => number;
}

export interface Hearing {
  runSettled(delivery: Delivery): Promise<void>;
  assetProduced(delivery: Delivery): Promise<void>;
  /** E2. */
  readAgain(dag: KnownDag, signal: AbortSignal): Promise<void>;
}

/** An event may be stored a little before the apply that it follows is dated. */
const OVERLAP_MS = 1_000;

export function createHearing({
  bus,
  registry,
  handler,
  continuer,
  backfiller,
  now,
}: HearOptions): Hearing {
  function received(delivery: Delivery): readonly ReceivedTrigger[] {
    const listeners = registry.listeners();
    if (delivery.subject.startsWith("chasqui.event.run-settled."))
      return listeners.hearsDag(runOfSubject(delivery.subject).dagId)
        ? parseRunSettled(delivery)
        : [];
    return listeners.hearsAssets ? parseAssetProduced(delivery) : [];
  }

  async function hear(delivery: Delivery, isAgain = false): Promise<void> {
    for (const one of received(delivery)) {
      const { publishedMs, streamSequence: sequence } = delivery;
      const arrived = { ...one, publishedMs, sequence, receivedMs: now() };
      await handler.happened(arrived, isAgain ? one.trigger.timeMs : undefined);
    }
  }

  return {
    async runSettled(delivery) {
      const { dagId, runId } = runOfSubject(delivery.subject);
      await continuer.settled(dagId, runId);
      await backfiller.settled(dagId, runId, () => endOfRun(delivery));
      await hear(delivery);
    },
    assetProduced: (delivery) => hear(delivery),
    async readAgain(dag, signal) {
      const options = { follow: false, signal, startMs: dag.appliedMs - OVERLAP_MS };
      for (const filter of filtersOf(dag))
        for await (const delivery of bus.readStream("CHASQUI_EVENTS", filter, options))
          await hear(delivery, true).catch((error: unknown) => {
            if (!(error instanceof RejectError)) throw error; // its own delivery says so
          });
      signal.throwIfAborted();
    },
  };
}

/** What of the stream a DAG's triggers listen to. */
function filtersOf({ rules }: KnownDag): string[] {
  const leaves = rules.flatMap(({ on }) => leavesOf(on));
  const dags = leaves.flatMap((leaf) => (leaf.kind === "dag" ? [leaf.dagId] : []));
  const assets = leaves.some(({ kind }) => kind === "asset");
  return [
    ...[...new Set(dags)].map((dagId) => subjects.eventsOf("run-settled", dagId)),
    ...(assets ? [subjects.eventsOf("asset-produced")] : []),
  ];
}

/** Does the DAG listen to any of Chasqui's own events? */
export const listens = ({ rules }: KnownDag): boolean =>
  rules.some(({ on }) => leavesOf(on).some(({ kind }) => kind !== "event"));
