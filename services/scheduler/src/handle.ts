// One trigger, or one of Chasqui's own events: translate → decide for each bound DAG → record → say the StartRuns →
// (the bus acknowledges).
// Facts that a reader may rely on:
//   H1. The ledger has its rows before any StartRun is said, and before the trigger is acknowledged.
//   H2. The same trigger, delivered or published as often as you like, starts each DAG once.
//   H3. A trigger is called unbound or dead only after the state machine was asked which DAGs there are.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RejectError, RetryError } from "@chasqui/bus";
import type { Delivery } from "@chasqui/bus";
import type { Logger, Telemetry } from "@chasqui/chassis";
import { StartRunSchema } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { startOf } from "./collect.ts";
import type { Arrived, Collector } from "./collect.ts";
import { decideTrigger } from "./core/triggers.ts";
import type { TriggerVerdict } from "./core/triggers.ts";
import type { Learner } from "./learner.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { Registry } from "./registry.ts";
import type { Sampler } from "./sampling.ts";
import { destinationOf, writeSpans } from "./spans.ts";
import { storedStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import { recordDeadTrigger, recordTriggers } from "./store/triggers.ts";
import type { NewTrigger } from "./store/triggers.ts";
import { parseTrigger, sourceToken, triggerPath } from "./translate.ts";
import type { ReceivedTrigger } from "./translate.ts";

export interface HandlerOptions {
  /** Where triggers are recorded. */
  readonly ledgers: Sql;
  readonly registry: Registry;
  readonly learner: Pick<Learner, "refresh" | "refreshedMs">;
  readonly collector: Collector;
  readonly inbox: Inbox;
  readonly sampler: Sampler;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly now: () => number;
}

export interface TriggerHandler {
  /** A message on chasqui.trigger.>. */
  handle(delivery: Delivery): Promise<void>;
  onDead(delivery: Delivery, reason: string): Promise<void>;
  /** One of Chasqui's own events; of no interest to a DAG that was applied after `unlessAppliedAfterMs`. */
  happened(arrived: Arrived, unlessAppliedAfterMs?: number): Promise<void>;
}

const NOT_REACHED_RETRY_MS = 5_000;
/** The broker's clock and PostgreSQL's may differ by so much. */
const CLOCK_DOUBT_MS = 50;

export function createTriggerHandler(o: HandlerOptions): TriggerHandler {
  let refreshing: Promise<void> | undefined;

  /** One list at a time, shared by all who wait for one that is asked for from now on. */
  async function refreshed(): Promise<void> {
    await refreshing?.catch(() => {});
    refreshing ??= o.learner.refresh().finally(() => (refreshing = undefined));
    await refreshing;
  }

  async function verdictsOf({ trigger, publishedMs }: Arrived): Promise<TriggerVerdict[]> {
    const verdicts = decideTrigger(trigger, await o.registry.bound(trigger));
    const isUseless = verdicts.every(({ outcome }) => outcome === "dead");
    if (!isUseless || o.learner.refreshedMs > publishedMs + CLOCK_DOUBT_MS) return verdicts;
    try {
      await refreshed(); // what was applied a moment ago may not have been heard of yet
    } catch (cause) {
      throw new RetryError(
        `trigger ${trigger.source} ${trigger.id}: no DAG is known for ${trigger.path}, and the state machine cannot be asked`,
        { retryAfterMs: NOT_REACHED_RETRY_MS, cause },
      );
    }
    return decideTrigger(trigger, await o.registry.bound(trigger));
  }

  async function settle(arrived: Arrived, verdicts: readonly TriggerVerdict[]): Promise<void> {
    const { trigger, parent, cause } = arrived;
    const plain: TriggerVerdict[] = [];
    const starts: Start[] = [];
    for (const verdict of verdicts) {
      const rate = verdict.outcome === "start" ? verdict.bound.rule.rate : undefined;
      if (verdict.outcome === "collect") starts.push(...(await o.collector.take(arrived, verdict)));
      else if (verdict.outcome === "start" && rate !== undefined)
        starts.push(...(await o.collector.takeRated(arrived, verdict, rate)));
      else plain.push(verdict);
    }
    if (plain.length > 0 || verdicts.length === 0) starts.push(...(await record(arrived, plain)));
    // What the stream does not take now is said again by resay.ts: the rows are there.
    if (starts.length > 0) await o.inbox.say(starts);
    const own = starts.filter(
      ({ asked }) => asked.kind === "trigger" && asked.trigger.id === trigger.id,
    );
    writeSpans(o.telemetry, own, {
      destination: destinationOf(trigger),
      parent,
      causes: cause === undefined ? [] : [cause],
      startMs: arrived.receivedMs,
      endMs: o.now(),
    });
    const dead = verdicts.flatMap((v) =>
      v.outcome === "dead" ? [`DAG ${v.dagId}: ${v.reason}`] : [],
    );
    if (dead.length > 0)
      throw new RejectError(`trigger ${trigger.source} ${trigger.id}: ${dead.join("; ")}`);
  }

  /** Answers the StartRuns that are open, as they were recorded first: a key may read differently by now. */
  async function record(arrived: Arrived, verdicts: readonly TriggerVerdict[]): Promise<Start[]> {
    const rows = rowsOf(arrived, verdicts, o);
    const open = await recordTriggers(o.ledgers, arrived.trigger.path, rows, o.now());
    return open.map(({ key, start }) => storedStart(key, fromBinary(StartRunSchema, start)));
  }

  return {
    async handle(delivery) {
      const receivedMs = o.now();
      const { publishedMs, streamSequence: sequence } = delivery;
      const arrived = { ...parseTrigger(delivery), publishedMs, sequence, receivedMs };
      await settle(arrived, await verdictsOf(arrived));
    },
    async happened(arrived, unlessAppliedAfterMs = Number.POSITIVE_INFINITY) {
      const bound = await o.registry.bound(arrived.trigger);
      const known = bound.filter(
        ({ dagId }) => (o.registry.get(dagId)?.dag.appliedMs ?? 0) <= unlessAppliedAfterMs,
      );
      const verdicts = decideTrigger(arrived.trigger, known);
      if (verdicts.length > 0) await settle(arrived, verdicts);
    },
    async onDead(delivery, reason) {
      const source = sourceToken(delivery.subject);
      const id = clip(delivery.header("ce-id") ?? delivery.id, 256);
      await recordDeadTrigger(o.ledgers, triggerPath(delivery.subject), {
        key: { source, id, dagId: "" },
        reason: clip(reason, 2_000),
        nowMs: o.now(),
      });
    },
  };
}

const clip = (text: string, lengthMax: number): string =>
  text.replaceAll("\0", "").slice(0, lengthMax);

function rowsOf(
  received: ReceivedTrigger,
  verdicts: readonly TriggerVerdict[],
  o: Pick<HandlerOptions, "now" | "sampler">,
): NewTrigger[] {
  const { source, id, path } = received.trigger;
  if (verdicts.length === 0)
    return [
      { source, id, dagId: "", outcome: "unbound", reason: `no DAG has a trigger for ${path}` },
    ];
  return verdicts.flatMap((verdict): NewTrigger[] => {
    const key = { source, id, dagId: verdict.dagId };
    if (verdict.outcome === "collect") return [];
    if (verdict.outcome !== "start")
      return [{ ...key, outcome: verdict.outcome, reason: verdict.reason }];
    const { startRun } = startOf(o, received, verdict);
    const start = toBinary(StartRunSchema, create(StartRunSchema, startRun));
    return [{ ...key, outcome: "starting", runKey: verdict.key, start }];
  });
}
