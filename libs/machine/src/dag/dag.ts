// The DAG as an aggregate: its current version, whether it is paused, and which of its runs hold a slot.
// A plain versioned row; each change leaves an audit entry. A run is created in the commit that changes its DAG.
// Invariants (each has a property test of the same name):
//   D1. Never more active runs than max_active_runs (overlap `allow` and runs that a person reopened apart).
//   D2. A run is admitted at most once, and holds its slot until it is seen settled: an end from before it was
//       reopened, heard late or twice, takes no slot away.
//   D3. A message that was decided once decides nothing the second time. (A reopening says its admission again while
//       the run holds its slot.)
//   D4. While runs wait, a new one waits behind them.
//   D5. It is paused by the N-th run that failed in a row and by no earlier one, when it asked for that.
//   D6. A backfill's runs are beside all that: they take no slot, wait for none, and nobody waits for them.

import type { Counted, TellPaused } from "./auto-pause.ts";
import { afterRun, tellPaused } from "./auto-pause.ts";

export type Overlap = "queue" | "skip" | "cancel_other" | "allow";

export interface DagState {
  readonly dagId: string;
  /** Number of the current version, from 1; 0 before the first. */
  number: number;
  fingerprint: string;
  paused: boolean;
  /** Who paused it and why, while it is paused. */
  pausedBy: string;
  pauseReason: string;
  /** Its file is gone: nothing starts it any more, until it is applied again. */
  retired: boolean;
  maxActiveRuns: number;
  overlap: Overlap;
  /** Failed runs in a row that pause it; 0: never. */
  autoPauseAfter: number;
  /** Runs that failed since the last success, as far as anybody counts them. */
  failing: string[];
  /** Runs that hold a slot, in the order they got it. */
  readonly active: string[];
  /**
   * Of active runs that a person reopened, since when: an earlier end of theirs is over. Of those that gave their slot
   * back, since when, for a while: an earlier reopening of theirs is over.
   */
  readonly reopened: Map<string, number>;
  /** Runs may be waiting for a slot; only a look at them tells. */
  hasWaiting: boolean;
}

export const newDag = (dagId: string): DagState => ({
  dagId,
  number: 0,
  fingerprint: "",
  paused: false,
  pausedBy: "",
  pauseReason: "",
  retired: false,
  maxActiveRuns: 16,
  overlap: "queue",
  autoPauseAfter: 0,
  failing: [],
  active: [],
  reopened: new Map(),
  hasWaiting: false,
});

export type DagMessage =
  | {
      readonly kind: "start";
      readonly runId: string;
      /** the run's row is there */ readonly exists: boolean;
      readonly scheduled: boolean;
      /** A task of another run wanted it, and does not any more: it is made to be cancelled, and takes no slot. */
      readonly unwanted?: boolean;
      /** Of a backfill, which has limits of its own. */
      readonly beside?: boolean;
    }
  /** `counted`: how it ended, of a run that nobody watched. */
  | {
      readonly kind: "settled";
      readonly runId: string;
      readonly settledMs: number;
      readonly counted?: Counted | undefined;
    }
  /** A settled run goes on: a person asked, so it waits behind nobody. `reopenedMs` is later than the end before. */
  | {
      readonly kind: "reopened";
      readonly runId: string;
      readonly reopenedMs: number;
      readonly beside?: boolean | undefined;
    }
  | { readonly kind: "apply"; readonly version: VersionFacts }
  | {
      readonly kind: "set_paused";
      readonly paused: boolean;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly kind: "retire" };

export interface VersionFacts {
  readonly fingerprint: string;
  readonly maxActiveRuns: number;
  readonly overlap: Overlap;
  readonly autoPauseAfter: number;
}

export type DagEvent =
  | { readonly type: "version_applied"; readonly number: number; readonly version: VersionFacts }
  | {
      readonly type: "paused_set";
      readonly paused: boolean;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly type: "retired" }
  | {
      readonly type: "run_taken";
      readonly runId: string;
      readonly admitted: boolean;
      readonly beside?: true;
    }
  | { readonly type: "run_admitted"; readonly runId: string }
  | { readonly type: "run_reopened"; readonly runId: string; readonly reopenedMs: number }
  | { readonly type: "run_released"; readonly runId: string; readonly settledMs: number }
  | { readonly type: "run_failed"; readonly runId: string }
  | { readonly type: "failures_forgotten" }
  | { readonly type: "queue_emptied" };

export type DagEffect =
  | { readonly kind: "create_run"; readonly runId: string; readonly admitted: boolean }
  | { readonly kind: "admit"; readonly runId: string }
  | { readonly kind: "cancel_run"; readonly runId: string; readonly reason: string }
  | TellPaused;

export type DagDecision =
  | {
      readonly kind: "moved";
      readonly events: readonly DagEvent[];
      readonly effects: readonly DagEffect[];
    }
  | { readonly kind: "nothing"; readonly why: string }
  /** `overlap`: by the schedule's policy, since an earlier run is active. */
  | { readonly kind: "rejected"; readonly why: string; readonly overlap?: true };

/**
 * `waiting`: the queued runs of this DAG, oldest first, as many as `waitingWanted` asks for; whoever gives fewer
 * says that there are no more.
 */
export function decideDag(
  draft: DagState,
  message: DagMessage,
  waiting: readonly string[],
): DagDecision {
  const events: DagEvent[] = [];
  const effects: DagEffect[] = [];
  const emit = (event: DagEvent): void => {
    evolveDag(draft, event);
    events.push(event);
  };
  switch (message.kind) {
    case "start": {
      const refused = takeRun(draft, message, emit, effects);
      if (refused !== undefined) return refused;
      break;
    }
    case "settled":
      if (!draft.active.includes(message.runId))
        return { kind: "nothing", why: "the run holds no slot" };
      if (message.settledMs < (draft.reopened.get(message.runId) ?? 0))
        return { kind: "nothing", why: "the run was reopened since" };
      emit({ type: "run_released", runId: message.runId, settledMs: message.settledMs });
      for (const event of afterRun(draft, message.runId, message.counted)) {
        emit(event);
        if (event.type === "paused_set") effects.push(...tellPaused(draft));
      }
      admitWaiting(draft, waiting, emit, effects);
      break;
    case "reopened":
      if (isOver(draft, message)) return { kind: "nothing", why: "the run has ended since" };
      reopen(draft, message, emit);
      effects.push({ kind: "admit", runId: message.runId });
      break;
    case "apply":
      if (draft.fingerprint === message.version.fingerprint && !draft.retired)
        return { kind: "nothing", why: "this meaning is current already" };
      emit({ type: "version_applied", number: draft.number + 1, version: message.version });
      admitWaiting(draft, waiting, emit, effects);
      break;
    case "retire":
      if (draft.number === 0) return { kind: "rejected", why: `no DAG is called ${draft.dagId}` };
      if (draft.retired) return { kind: "nothing", why: "it is retired already" };
      emit({ type: "retired" });
      break;
    case "set_paused":
      if (draft.number === 0) return { kind: "rejected", why: `no DAG is called ${draft.dagId}` };
      if (draft.paused === message.paused)
        return {
          kind: "nothing",
          why: message.paused ? "it is paused already" : "it is not paused",
        };
      emit({
        type: "paused_set",
        paused: message.paused,
        by: message.by,
        reason: message.reason,
      });
      admitWaiting(draft, waiting, emit, effects);
      break;
    default: {
      const never: never = message;
      throw new TypeError(`message ${JSON.stringify(never)}`);
    }
  }
  return { kind: "moved", events, effects };
}

function reopen(
  { active, reopened }: DagState,
  { runId, reopenedMs, beside }: Extract<DagMessage, { kind: "reopened" }>,
  emit: (event: DagEvent) => void,
): void {
  if (beside === true) return;
  // It may hold its slot still, when this overtook the word of its end: it needs no second one.
  if (!active.includes(runId)) emit({ type: "run_admitted", runId });
  if (reopenedMs > (reopened.get(runId) ?? 0)) emit({ type: "run_reopened", runId, reopenedMs });
}

/** It comes again, and the slot that it got was given back: another one would never be. */
const isOver = (
  { active, reopened }: DagState,
  { runId, reopenedMs }: Extract<DagMessage, { kind: "reopened" }>,
): boolean => !active.includes(runId) && reopenedMs <= (reopened.get(runId) ?? 0);

const OVERLAPS = "an earlier run is still active, and overlap is skip";

function takeRun(
  draft: DagState,
  message: Extract<DagMessage, { kind: "start" }>,
  emit: (event: DagEvent) => void,
  effects: DagEffect[],
): DagDecision | undefined {
  const { runId } = message;
  if (message.exists) return { kind: "nothing", why: "a run with this key exists" };
  if (draft.number === 0) return { kind: "rejected", why: `no DAG is called ${draft.dagId}` };
  if (draft.retired)
    return { kind: "rejected", why: `DAG ${draft.dagId} is retired: apply it to bring it back` };
  if (message.beside === true) {
    emit({ type: "run_taken", runId, admitted: true, beside: true });
    effects.push({ kind: "create_run", runId, admitted: true });
    return undefined;
  }
  if (message.unwanted === true) {
    effects.push({ kind: "create_run", runId, admitted: false });
    return undefined;
  }
  const others = draft.active.length > 0;
  const overlap = message.scheduled ? draft.overlap : "queue"; // a schedule's policy; asked for by hand means wanted
  if (overlap === "skip" && others) return { kind: "rejected", why: OVERLAPS, overlap: true };
  if (overlap === "cancel_other")
    for (const other of draft.active)
      effects.push({ kind: "cancel_run", runId: other, reason: "a newer run takes its place" });
  const free =
    overlap === "allow" || (draft.active.length < draft.maxActiveRuns && !draft.hasWaiting);
  const admitted = free && !draft.paused;
  emit({ type: "run_taken", runId, admitted });
  effects.push({ kind: "create_run", runId, admitted });
  return undefined;
}

function admitWaiting(
  draft: DagState,
  waiting: readonly string[],
  emit: (event: DagEvent) => void,
  effects: DagEffect[],
): void {
  if (!draft.hasWaiting || draft.paused) return;
  for (const runId of waiting) {
    if (draft.active.includes(runId)) continue;
    if (draft.active.length >= draft.maxActiveRuns) return;
    emit({ type: "run_admitted", runId });
    effects.push({ kind: "admit", runId });
  }
  emit({ type: "queue_emptied" });
}

/** How many waiting runs a decision could admit; 0 spares the look. */
export function waitingWanted(state: DagState, message: DagMessage): number {
  if (message.kind === "start" || message.kind === "reopened" || !state.hasWaiting) return 0;
  const max =
    message.kind === "apply"
      ? Math.max(state.maxActiveRuns, message.version.maxActiveRuns)
      : state.maxActiveRuns;
  return max + 1; // one more than fit: whoever sees the queue's end may say so
}

export function evolveDag(draft: DagState, event: DagEvent): void {
  switch (event.type) {
    case "version_applied":
      draft.number = event.number;
      draft.fingerprint = event.version.fingerprint;
      draft.maxActiveRuns = event.version.maxActiveRuns;
      draft.overlap = event.version.overlap;
      draft.autoPauseAfter = event.version.autoPauseAfter;
      draft.failing = [];
      draft.retired = false;
      return;
    case "retired":
      draft.retired = true;
      return;
    case "paused_set":
      draft.paused = event.paused;
      draft.pausedBy = event.paused ? event.by : "";
      draft.pauseReason = event.paused ? event.reason : "";
      if (!event.paused) draft.failing = [];
      return;
    case "run_failed":
      draft.failing = [...draft.failing, event.runId];
      return;
    case "failures_forgotten":
      draft.failing = [];
      return;
    case "run_taken":
      if (event.beside === true) return;
      if (event.admitted) draft.active.push(event.runId);
      else draft.hasWaiting = true;
      return;
    case "run_admitted":
      draft.active.push(event.runId);
      return;
    case "run_reopened":
      draft.reopened.set(event.runId, event.reopenedMs);
      return;
    case "run_released":
      return release(draft, event);
    case "queue_emptied":
      draft.hasWaiting = false;
      return;
    default: {
      const never: never = event;
      throw new TypeError(`event ${JSON.stringify(never)}`);
    }
  }
}

/** How long, and of how many, it is known that they gave their slot back: longer than a message comes again. */
const RELEASED_MS_MAX = 3_600_000;
const RELEASED_MAX = 100;

function release(
  { active, reopened }: DagState,
  { runId, settledMs }: Extract<DagEvent, { type: "run_released" }>,
): void {
  const at = active.indexOf(runId);
  if (at >= 0) active.splice(at, 1);
  if (reopened.has(runId)) reopened.set(runId, settledMs);
  if (reopened.size === 0) return;
  const released = [...reopened]
    .filter(([id]) => !active.includes(id))
    .toSorted(([, aMs], [, bMs]) => bMs - aMs);
  for (const [index, [id, atMs]] of released.entries())
    if (index >= RELEASED_MAX || atMs < settledMs - RELEASED_MS_MAX) reopened.delete(id);
}
