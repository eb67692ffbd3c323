// One trigger: translate → decide for each bound DAG → record → say the StartRuns → (the bus acknowledges).
// Facts that a reader may rely on:
//   H1. The ledger has its rows before any StartRun is said, and before the trigger is acknowledged.
//   H2. The same trigger, delivered or published as often as you like, starts each DAG once.
//   H3. A trigger is called unbound only after the state machine was asked which DAGs there are.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RejectError, RetryError } from "@chasqui/bus";
import type { Delivery } from "@chasqui/bus";
import type { Logger, Telemetry } from "@chasqui/chassis";
import { StartRunSchema } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { decideTrigger } from "./core/triggers.ts";
import type { TriggerVerdict } from "./core/triggers.ts";
import type { Learner } from "./learner.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { Registry } from "./registry.ts";
import type { Sampler } from "./sampling.ts";
import { originOf, storedStart, triggerSpanId, triggerStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import { recordDeadTrigger, recordTriggers } from "./store/triggers.ts";
import type { NewTrigger } from "./store/triggers.ts";
import { parseTrigger, sourceToken, triggerPath } from "./translate.ts";
import type { ReceivedTrigger } from "./translate.ts";

export interface HandlerOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly learner: Pick<Learner, "refresh" | "refreshedMs">;
  readonly inbox: Inbox;
  readonly sampler: Sampler;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly now: () => number;
}

export interface TriggerHandler {
  handle(delivery: Delivery, signal: AbortSignal): Promise<void>;
  onDead(delivery: Delivery, reason: string): Promise<void>;
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

  async function verdictsOf(
    { trigger }: ReceivedTrigger,
    publishedMs: number,
  ): Promise<TriggerVerdict[]> {
    const verdicts = decideTrigger(trigger, await o.registry.bound());
    if (verdicts.length > 0 || o.learner.refreshedMs > publishedMs + CLOCK_DOUBT_MS)
      return verdicts;
    try {
      await refreshed(); // a DAG that was applied a moment ago may not have been heard of yet
    } catch (cause) {
      throw new RetryError(
        `trigger ${trigger.source} ${trigger.id}: no DAG is known for ${trigger.path}, and the state machine cannot be asked`,
        { retryAfterMs: NOT_REACHED_RETRY_MS, cause },
      );
    }
    return decideTrigger(trigger, await o.registry.bound());
  }

  return {
    async handle(delivery) {
      const startMs = o.now();
      const received = parseTrigger(delivery);
      const verdicts = await verdictsOf(received, delivery.publishedMs);
      const starts = startsOf(received, verdicts, o);
      const { source, id } = received.trigger;
      const rows = rowsOf(received, verdicts, starts);
      const open = await recordTriggers(o.sql, received.trigger.path, rows, o.now());
      // As it was recorded first: the DAG's key may read differently by the time of a second delivery.
      const toSay = open.map(({ key, start }) =>
        storedStart(key, fromBinary(StartRunSchema, start)),
      );
      // What the stream does not take now is said again by resay.ts: the rows are there.
      if (toSay.length > 0) await o.inbox.say(toSay);
      writeSpans(o.telemetry, received, delivery.subject, toSay, { startMs, endMs: o.now() });
      const dead = verdicts.flatMap((v) =>
        v.outcome === "dead" ? [`DAG ${v.dagId}: ${v.reason}`] : [],
      );
      if (dead.length > 0) throw new RejectError(`trigger ${source} ${id}: ${dead.join("; ")}`);
    },
    async onDead(delivery, reason) {
      const source = sourceToken(delivery.subject);
      const id = clip(delivery.header("ce-id") ?? delivery.id, 256);
      await recordDeadTrigger(o.sql, triggerPath(delivery.subject), {
        key: { source, id, dagId: "" },
        reason: clip(reason, 2_000),
        nowMs: o.now(),
      });
    },
  };
}

const clip = (text: string, lengthMax: number): string =>
  text.replaceAll("\0", "").slice(0, lengthMax);

function startsOf(
  { trigger, parent }: ReceivedTrigger,
  verdicts: readonly TriggerVerdict[],
  o: HandlerOptions,
): Start[] {
  const { source, id } = trigger;
  const nowMs = o.now();
  return verdicts.flatMap((verdict) => {
    if (verdict.outcome !== "start") return [];
    const sampled = parent?.sampled !== false && o.sampler.take(nowMs);
    const key = { source, id, dagId: verdict.dagId };
    return [triggerStart(key, trigger, { runKey: verdict.key, nowMs, parent, sampled })];
  });
}

function rowsOf(
  { trigger: { source, id, path } }: ReceivedTrigger,
  verdicts: readonly TriggerVerdict[],
  starts: readonly Start[],
): NewTrigger[] {
  if (verdicts.length === 0)
    return [
      { source, id, dagId: "", outcome: "unbound", reason: `no DAG has a trigger for ${path}` },
    ];
  const startOf = new Map(starts.map((start) => [start.startRun.dagId, start.startRun]));
  return verdicts.map((verdict): NewTrigger => {
    const key = { source, id, dagId: verdict.dagId };
    if (verdict.outcome !== "start")
      return { ...key, outcome: verdict.outcome, reason: verdict.reason };
    const start = toBinary(
      StartRunSchema,
      create(StartRunSchema, startOf.get(verdict.dagId) ?? {}),
    );
    return { ...key, outcome: "starting", runKey: verdict.key, start };
  });
}

/** The processing of a trigger, once in each trace that it belongs to. */
function writeSpans(
  telemetry: Telemetry,
  { trigger, parent }: ReceivedTrigger,
  subject: string,
  starts: readonly Start[],
  times: { startMs: number; endMs: number },
): void {
  const traces = new Map(starts.map((start) => [originOf(start)?.traceId, start]));
  for (const start of traces.values()) {
    const origin = originOf(start);
    if (origin?.sampled !== true) continue;
    const source = sourceToken(subject);
    telemetry.emitSpan({
      ...times,
      traceId: origin.traceId,
      spanId: triggerSpanId(trigger),
      parentSpanId: parent?.spanId,
      name: `process chasqui.trigger.${source}`,
      kind: "consumer",
      attributes: {
        "messaging.system.name": "nats",
        "messaging.destination.name": `chasqui.trigger.${source}`,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.message.id": trigger.id,
        "chasqui.run.id": start.runId,
        "chasqui.dag.id": start.startRun.dagId,
      },
    });
  }
}
