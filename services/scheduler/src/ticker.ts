// The clock: records each due time in the ledger and says its StartRun.
// Facts that a reader may rely on:
//   K1. The row is committed before its StartRun is said; who crashes in between leaves it to resay.ts.
//   K2. Any number of replicas tick; the ledger's primary key decides who says it first.
//   K3. A database that is away loses nothing: due times stay due, and catch-up decides about late ones.
import { tickSpan } from "@chasqui/chassis";
import type { Telemetry } from "@chasqui/chassis";
import type { Sql } from "postgres";
import { dueTicks } from "./core/ticks.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { KnownSchedule } from "./known-schedule.ts";
import type { Registry } from "./registry.ts";
import type { Sampler } from "./sampling.ts";
import { withStarts } from "./tick-starts.ts";
import { originOf, tickStart } from "./starts.ts";
import { loadSchedulesOf } from "./store/schedules.ts";
import { recordTicks } from "./store/ticks.ts";
import type { FiringTick, NewTick, RecordedTicks } from "./store/ticks.ts";

export interface TickerOptions {
  readonly sql: Sql;
  /** Where due times are recorded. */
  readonly ledgers: Sql;
  readonly registry: Registry;
  readonly inbox: Inbox;
  readonly sampler: Sampler;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  readonly graceMs: number;
}

export interface Ticker {
  /** Handles what is due now. Answers how many rows were recorded as firing. */
  tick(): Promise<number>;
  /** Says rows that are recorded as firing. */
  say(ticks: readonly FiringTick[]): Promise<void>;
}

/** Due times of one schedule in one statement: catching up with a year of minutes goes in slices. */
export const SLICE_TICKS_MAX = 500;
/** Rows of one statement. */
const STATEMENT_TICKS_MAX = 5_000;

interface Slice {
  readonly schedule: KnownSchedule;
  readonly ticks: readonly NewTick[];
  readonly handledMs: number;
}

export function createTicker(o: TickerOptions): Ticker {
  const lateness = o.telemetry.histogram("chasqui.tick.lateness", "s");

  async function sliceOf(schedule: KnownSchedule, nowMs: number): Promise<Slice[]> {
    const { dag, timetable, handledMs } = schedule;
    if (timetable === undefined) return [];
    const slice = dueTicks(
      timetable,
      { handledMs, untilMs: nowMs, nowMs },
      { ...dag.policy, paused: dag.paused, graceMs: o.graceMs, ticksMax: SLICE_TICKS_MAX },
    );
    const { dagId, revision } = dag;
    const outcomes = withStarts(slice.ticks, handledMs, await schedule.starts());
    const ticks = outcomes.map((tick) => ({ ...tick, dagId, revision }));
    return [{ schedule, ticks, handledMs: slice.handledMs }];
  }

  const record = (slices: readonly Slice[], nowMs: number): Promise<RecordedTicks> =>
    recordTicks(
      o.ledgers,
      slices.flatMap((slice) => slice.ticks),
      nowMs,
    );

  /** After the saying, which must not wait for it: the next due times are worked out. */
  async function handled(slices: readonly Slice[], stale: readonly string[]): Promise<void> {
    const unknown = new Set(stale);
    for (const { schedule, handledMs } of slices)
      if (!unknown.has(schedule.dag.dagId)) schedule.handled(handledMs);
    if (stale.length > 0) await reload(stale);
  }

  async function reload(dagIds: readonly string[]): Promise<void> {
    const found = await loadSchedulesOf(o.sql, dagIds);
    for (const dag of found) o.registry.put(dag);
    const ids = new Set(found.map((dag) => dag.dagId));
    for (const dagId of dagIds) if (!ids.has(dagId)) o.registry.forget(dagId);
  }

  async function say(ticks: readonly FiringTick[], startedMs: number): Promise<void> {
    const starts = ticks
      .toSorted((a, b) => a.dueMs - b.dueMs)
      .map((tick) => ({
        tick,
        start: tickStart(tick, { nowMs: o.now(), sampled: o.sampler.take(o.now()) }),
      }));
    const said = await o.inbox.say(starts.map(({ start }) => start));
    const endMs = o.now();
    for (const [index, { tick, start }] of starts.entries()) {
      if (said[index] === true) lateness.record((endMs - tick.dueMs) / 1_000);
      const origin = originOf(start);
      if (origin?.sampled !== true) continue;
      const { traceId, spanId } = origin;
      const traced = { traceId, spanId, runId: start.runId, dagId: tick.dagId };
      o.telemetry.emitSpan(tickSpan(traced, { startMs: startedMs, endMs }));
    }
  }

  return {
    say: (ticks) => say(ticks, o.now()),
    async tick() {
      const nowMs = o.now();
      let firing = 0;
      let slices: Slice[] = [];
      let count = 0;
      const flush = async (): Promise<void> => {
        if (slices.length === 0) return;
        const recording = slices;
        slices = [];
        count = 0;
        const recorded = await record(recording, nowMs);
        firing += recorded.firing.length;
        if (recorded.firing.length > 0) await say(recorded.firing, nowMs);
        await handled(recording, recorded.stale);
      };
      for (const schedule of o.registry.due(nowMs)) {
        for (const slice of await sliceOf(schedule, nowMs)) {
          slices.push(slice);
          count += slice.ticks.length;
        }
        if (count >= STATEMENT_TICKS_MAX) await flush();
      }
      await flush();
      return firing;
    },
  };
}
