// A StartRun and everything that is derived about it: said twice, it is the same.
// Facts that a reader may rely on:
//   R1. The message's id, the run's key and the run's id depend on the tick or on the trigger and DAG alone.
//   R2. The trace's ids too, so a start that is said again names the same spans.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { formatTraceparent, parseTraceparent, spanIds } from "@chasqui/chassis";
import type { TraceParent } from "@chasqui/chassis";
import { RunCauseKind, runIdOf, traceIdOf } from "@chasqui/contracts";
import type { StartRunSchema } from "@chasqui/contracts";
import { eventsAsOne } from "./core/triggers.ts";
import type { Json, RunEvent } from "./core/triggers.ts";
import type { DateKey, StartingDate } from "./store/backfills.ts";
import type { FiringTick, TickKey } from "./store/ticks.ts";
import type { TriggerKey } from "./store/triggers.ts";

/** What a StartRun was asked for. */
export type Asked =
  | { readonly kind: "tick"; readonly tick: TickKey }
  | { readonly kind: "backfill"; readonly date: DateKey }
  | { readonly kind: "trigger"; readonly trigger: TriggerKey };

export type StartRunInit = MessageInitShape<typeof StartRunSchema> & {
  readonly dagId: string;
  readonly key: string;
  readonly by: string;
};

export interface Start {
  /** The Nats-Msg-Id. */
  readonly id: string;
  readonly runId: string;
  readonly asked: Asked;
  readonly startRun: StartRunInit;
}

const isoOf = (ms: number): string => new Date(ms).toISOString();

export const tickStartId = (tick: TickKey): string => `start:${tick.dagId}:${isoOf(tick.dueMs)}`;
/** A tick's own span, also when its run is another's. */
export const tickSpanId = (tick: TickKey): string => spanIds.tick(tickStartId(tick));
export const TICK_BY = "schedule";

export function tickStart(tick: FiringTick, o: { nowMs: number; sampled: boolean }): Start {
  const runId = runIdOf(tick.dagId, tick.runKey);
  const traceId = traceIdOf(runId);
  return {
    id: tickStartId(tick),
    runId,
    asked: { kind: "tick", tick },
    startRun: {
      dagId: tick.dagId,
      key: tick.runKey,
      logicalMs: tick.logicalMs,
      intervalStartMs: tick.intervalStartMs,
      intervalEndMs: tick.dueMs,
      causeKind: RunCauseKind.SCHEDULE,
      by: TICK_BY,
      traceparent: formatTraceparent({
        traceId,
        spanId: tickSpanId(tick),
        sampled: o.sampled,
      }),
      requestedMs: o.nowMs,
    },
  };
}

export const backfillBy = ({ backfillId }: Pick<DateKey, "backfillId">): string =>
  `backfill ${backfillId}`;

export function backfillStart(date: StartingDate, nowMs: number): Start {
  const { backfillId, dagId, dueMs, logicalMs, intervalStartMs, runKey, rerunOf, pinned } = date;
  return {
    id: `backfill:${backfillId}:${isoOf(dueMs)}`,
    runId: runIdOf(dagId, runKey),
    asked: { kind: "backfill", date: { backfillId, dueMs } },
    startRun: {
      dagId,
      key: runKey,
      logicalMs,
      intervalStartMs,
      intervalEndMs: dueMs,
      causeKind: RunCauseKind.BACKFILL,
      by: backfillBy(date),
      paramsJson: JSON.stringify(date.params),
      requestedMs: nowMs,
      ...(rerunOf === undefined ? {} : { rerunOf }),
      ...(pinned === undefined ? {} : { pinned }),
    },
  };
}

export const triggerStartId = ({ source, id, dagId }: TriggerKey): string =>
  `trigger:${source}:${id}:${dagId}`;
/** Who asked, in the run's cause. */
export const triggerBy = ({ source, id }: { source: string; id: string }): string =>
  `${source} ${id}`;

export interface TriggerStart {
  readonly runKey: string;
  /** In the order of their coming; the last one is the run's `event`. */
  readonly events: readonly RunEvent[];
  readonly params: { readonly [name: string]: Json };
  readonly nowMs: number;
  /** The publisher's span: the run goes on in its trace. */
  readonly parent: TraceParent | undefined;
  readonly sampled: boolean;
}

export function triggerStart(key: TriggerKey, o: TriggerStart): Start {
  const runId = runIdOf(key.dagId, o.runKey);
  return {
    id: triggerStartId(key),
    runId,
    asked: { kind: "trigger", trigger: key },
    startRun: {
      dagId: key.dagId,
      key: o.runKey,
      logicalMs: o.events.at(-1)?.logicalMs ?? o.nowMs,
      causeKind: RunCauseKind.TRIGGER,
      by: triggerBy(key),
      paramsJson: JSON.stringify(o.params),
      eventJson: JSON.stringify(eventsAsOne(o.events)),
      traceparent: formatTraceparent({
        traceId: o.parent?.traceId ?? traceIdOf(runId),
        spanId: spanIds.trigger(key),
        sampled: o.sampled,
      }),
      requestedMs: o.nowMs,
    },
  };
}

/** A start that was stored, to be said again. */
export function storedStart(trigger: TriggerKey, startRun: StartRunInit): Start {
  return {
    id: triggerStartId(trigger),
    runId: runIdOf(startRun.dagId, startRun.key),
    asked: { kind: "trigger", trigger },
    startRun,
  };
}

export const originOf = (start: Start): TraceParent | undefined =>
  parseTraceparent(start.startRun.traceparent);
