// Why a DAG has no run now, and what starts the next one: told from what its owners know. Pure.
// Invariants:
//   E1. Somebody who reads it knows what to do: while nothing can start a run by itself, a cause says why.
//   E2. An expected time is only said when nothing is in its way.
import type { DagSpec, Schedule } from "@chasqui/contracts";
import { Overlap } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import { listNames, quote } from "../text/suggest.ts";
import { describeSchedule } from "../time/describe.ts";
import { previewSchedule } from "../time/preview.ts";
import { describeTrigger } from "./describe-trigger.ts";

/** What became of a due time or of a trigger. */
export interface Came {
  readonly atMs: number;
  readonly outcome: string;
  /** Why, for people; empty when there is no more to say. */
  readonly reason: string;
}

export interface DagFacts {
  readonly nowMs: number;
  readonly spec: DagSpec;
  readonly retired: boolean;
  readonly paused: boolean;
  readonly pausedBy: string;
  readonly pauseReason: string;
  /** Runs that hold a slot. */
  readonly active: readonly string[];
  /** Runs that wait for one. */
  readonly waitingCount: number;
  /** What the scheduler says; absent when it does not know the schedule. */
  readonly schedule?: { readonly nextMs: number | undefined };
  readonly lastTick?: Came;
  readonly lastTrigger?: Came;
}

export interface DagCause {
  /** retired, paused, no_start, schedule, unscheduled, admission, overlap, trigger, last_tick or last_trigger. */
  readonly kind: string;
  readonly text: string;
  /** Runs that it is about. */
  readonly runIds?: readonly string[];
}

export interface DagExplanation {
  readonly state: "active" | "paused" | "retired";
  readonly causes: readonly DagCause[];
  /** When the next run is due, when nothing is in its way. */
  readonly nextMs?: number;
}

export function explainDag(facts: DagFacts): DagExplanation {
  const { spec, retired, paused } = facts;
  const { id } = spec;
  if (retired) {
    const text = "nothing starts a retired DAG: apply its file again to bring it back";
    return { state: "retired", causes: [{ kind: "retired", text }] };
  }
  const starts = startsOf(facts);
  const blocks = [...pauseOf(facts), ...slotsOf(facts)];
  const causes = [...blocks, ...starts.causes, ...cameOf(facts)];
  if (starts.causes.length === 0) {
    const text = `neither the clock nor a trigger starts it: \`chasqui trigger ${id}\` does`;
    causes.push({ kind: "no_start", text });
  }
  const isFree = blocks.length === 0 && starts.nextMs !== undefined;
  return {
    state: paused ? "paused" : "active",
    causes,
    ...(isFree && starts.nextMs !== undefined ? { nextMs: starts.nextMs } : {}),
  };
}

function pauseOf({ spec, paused, pausedBy, pauseReason }: DagFacts): DagCause[] {
  if (!paused) return [];
  const by = pausedBy === "" ? "" : ` by ${pausedBy}`;
  const why = pauseReason === "" ? "" : `: ${pauseReason}`;
  const then = `until \`chasqui resume ${spec.id}\` due times are recorded and not run, other runs wait`;
  return [{ kind: "paused", text: `it is paused${by}${why}; ${then}` }];
}

/** Who is in the way of the next run. */
function slotsOf({ spec, active, waitingCount }: DagFacts): DagCause[] {
  const max = spec.maxActiveRuns === 0 ? limits.activeRunsDefault : spec.maxActiveRuns;
  const { overlap } = spec.schedule ?? {};
  const named = listNames([...active]);
  if (overlap === Overlap.SKIP && active.length > 0)
    return [
      {
        kind: "overlap",
        text: `overlap is skip: no due time starts a run while ${named} is at work`,
        runIds: active,
      },
    ];
  if (active.length < max || overlap === Overlap.ALLOW || overlap === Overlap.CANCEL_OTHER)
    return [];
  const waiting = waitingCount === 0 ? "the next one waits" : `${waitingCount} wait`;
  return [
    {
      kind: "admission",
      text: `max_active_runs is ${max}, and at work is ${named}: ${waiting}`,
      runIds: active,
    },
  ];
}

/** What starts runs of it, and when the clock does next. */
function startsOf(facts: DagFacts): { causes: DagCause[]; nextMs?: number } {
  const { spec } = facts;
  const causes = spec.triggers.map((trigger) => ({
    kind: "trigger",
    text: `a trigger starts it: ${describeTrigger(trigger.on)}`,
  }));
  if (spec.schedule === undefined) return { causes };
  const clock = clockOf(spec.schedule, facts);
  const { nextMs } = clock;
  return { causes: [clock.cause, ...causes], ...(nextMs === undefined ? {} : { nextMs }) };
}

function clockOf(
  schedule: Schedule,
  { spec, nowMs, schedule: known }: DagFacts,
): { cause: DagCause; nextMs?: number } {
  const words = describeSchedule(schedule);
  if (known === undefined) {
    const text = `the scheduler does not know its schedule yet (${words}): is it at work?`;
    return { cause: { kind: "unscheduled", text } };
  }
  const { end } = previewSchedule(schedule, { dagId: spec.id, fromMs: nowMs, count: 1 });
  if (known.nextMs !== undefined)
    return { cause: { kind: "schedule", text: `by the clock: ${words}` }, nextMs: known.nextMs };
  const why = end === "" ? "no due time is ahead" : end;
  return { cause: { kind: "schedule", text: `by the clock: ${words}; ${why}` } };
}

/** What came last and started nothing. */
function cameOf({ lastTick, lastTrigger }: DagFacts): DagCause[] {
  return [
    ...told("last_tick", "its last due time", lastTick, "fired"),
    ...told("last_trigger", "its last trigger", lastTrigger, "started"),
  ];
}

function told(kind: string, what: string, came: Came | undefined, good: string): DagCause[] {
  if (came === undefined || came.outcome === good) return [];
  const at = new Date(came.atMs).toISOString().replace(".000Z", "Z");
  const why = came.reason === "" ? "" : `: ${came.reason}`;
  return [{ kind, text: `${what}, ${at}, is ${quote(came.outcome)}${why}` }];
}
