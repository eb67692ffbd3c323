// Random histories of random DAGs: what a run hears, late, doubled and wrong, and what becomes of it.
import fc from "fast-check";
import { decide } from "../run/decide.ts";
import type { Recorded } from "../run/events.ts";
import { newRun } from "../run/fold.ts";
import type { AttemptReport, RunMessage } from "../run/messages.ts";
import { labelOf, nameOf } from "../run/slots.ts";
import { snapshotOf } from "../run/snapshot.ts";
import type { Question, RunState } from "../run/state.ts";
import { isFinalTask, isOutside, isSettled } from "../run/state.ts";
import { plans } from "./plans.ts";

export interface Step {
  readonly message: RunMessage;
  readonly events: readonly Recorded[];
  readonly before: unknown;
  readonly settledBefore: boolean;
  /** How many were at work afterwards, and how many indexes of each mapping. */
  readonly active: number;
  readonly open: readonly { readonly count: number; readonly max: number }[];
}
export interface History {
  readonly state: RunState;
  readonly steps: readonly Step[];
  readonly events: readonly Recorded[];
  /** Slots that a commit has written. */
  readonly written: ReadonlySet<string>;
}

const attempts = fc.constantFrom(0, 0, 0, 0, 1, -1); // relative to the current one
const reports = fc.constantFrom(
  ...(["accepted", "running", "succeeded", "succeeded", "succeeded"] as const),
  ...(["failed", "skipped", "cancelled", "never_started"] as const),
);
const moves = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...Array.from({ length: 9 }, () => "update"),
      ...["granted", "granted", "timer", "continue", "cancel", "admit", "admit", "lose", "again"],
      ...["clear", "mark", "past_asked", "past_done", "past_done"],
      ...["open", "open", "open", "answer", "answer"],
    ),
    task: fc.nat(60),
    offset: attempts,
    sequence: fc.integer({ min: 1, max: 4 }),
    report: reports,
    waitMs: fc.nat(2_000),
    flags: fc.nat(7),
  }),
  { maxLength: 90 },
);
type Move = typeof moves extends fc.Arbitrary<(infer T)[]> ? T : never;

function messageOf(state: RunState, move: Move): RunMessage {
  // Mostly slots at which something can happen: else random histories hardly ever come to an end.
  const open = state.tasks.filter((task) => isOutside(task) || task.status === "queued");
  const from = move.task % 3 > 0 && open.length > 0 ? open : state.tasks;
  const slot = from[move.task % from.length];
  const taskId = state.plan.tasks[slot?.plan ?? -1]?.id ?? "";
  const ref = { taskId, mapIndex: slot?.mapIndex ?? -1 };
  const attempt = Math.max(1, (slot?.attempt ?? 0) + move.offset);
  const asked = { by: "user:test", reason: "" };
  switch (move.what) {
    case "timer":
    case "continue":
    case "admit":
      return { kind: move.what };
    case "cancel":
      return { kind: "cancel", now: move.flags % 2 === 1, ...asked };
    case "lose":
      return { kind: "lose", ...ref, attempt, evidence: "no runner shows it" };
    case "granted":
      return { kind: "granted", ...ref, attempt, pool: slot?.claims[slot.granted]?.pool ?? "a" };
    case "past_asked":
      return { kind: "past_asked", task: taskId, by: `run-${move.flags % 3}` };
    case "open":
      return { kind: "open_approval", ...ref, attempt, question: questionOf(move) };
    case "answer": {
      const said = { by: `user:${move.sequence}`, comment: "", values: {} };
      return { kind: "answer", ...ref, attempt, approved: move.flags % 2 === 1, ...said };
    }
    case "past_done":
      return { kind: "past_done", task: taskId };
    case "clear": {
      const [upstream, downstream, onlyFailed] = [1, 2, 4].map((bit) => (move.flags & bit) > 0);
      const tasks = move.task % 4 === 0 ? [] : [ref];
      return {
        kind: "clear",
        tasks,
        upstream: upstream === true,
        downstream: downstream === true,
        onlyFailed: onlyFailed === true,
        ...asked,
      };
    }
    case "mark": {
      const states = ["succeeded", "failed", "skipped"] as const;
      return { kind: "mark", ...ref, state: states[move.flags % 3] ?? "failed", ...asked };
    }
    default: {
      const { sequence } = move;
      return { kind: "update", ...ref, attempt, sequence, report: reportOf(move.report) };
    }
  }
}

function questionOf({ flags, sequence }: Move): Question {
  return {
    message: "Go?",
    approvers: flags < 4 ? [] : [String(sequence)],
    onReject: flags % 2 === 1 ? "skip" : "fail",
    ...(flags < 2 ? {} : { fallback: flags % 3 === 0 ? "approve" : "reject" }),
    values: {},
  };
}

function reportOf(word: string): AttemptReport {
  switch (word) {
    case "failed":
      return { state: "failed", failure: { class: "code", message: "exit code 1" } };
    case "never_started":
      return {
        state: "failed",
        failure: { class: "infra", message: "no node", neverStarted: true },
      };
    case "skipped":
      return { state: "skipped", reason: "nothing to do" };
    case "accepted":
    case "running":
    case "cancelled":
      return { state: word };
    default:
      return { state: "succeeded" };
  }
}

/** Any plan with any history. */
export const histories: fc.Arbitrary<History> = fc.tuple(plans, moves).map(([plan, list]) => {
  const id = { id: "run-x", dagId: plan.dagId, key: "k", logicalMs: 0 };
  const facts = { ...id, previousRunId: "run-before" };
  const state = newRun({ plan, facts, params: {}, event: null });
  const steps: Step[] = [];
  const written = new Set<string>();
  let nowMs = 1_000;
  const say = (message: RunMessage, cause: string): void => {
    const before = snapshotOf(state);
    const settledBefore = isSettled(state.status);
    const { events } = decide(state, message, { nowMs, cause });
    for (const slot of state.touched) {
      const task = state.tasks[slot];
      if (task !== undefined) written.add(labelOf(nameOf(state, task)));
    }
    state.touched.clear();
    steps.push({
      message,
      events,
      before,
      settledBefore,
      active: state.active,
      open: openOf(state),
    });
  };
  say({ kind: "start", admitted: true }, "start");
  for (const [index, move] of list.entries()) {
    nowMs += move.waitMs;
    const last = steps.at(-1);
    if (move.what === "again" && last !== undefined) say(last.message, `m${index - 1}`);
    else say(messageOf(state, move), `m${index}`);
  }
  return { state, steps, written, events: steps.flatMap(({ events }) => events) };
});

/** Indexes that have begun and are not done, by mapping. */
const openOf = (state: RunState): { count: number; max: number }[] =>
  [...state.maps].map(([mapper, mapping]) => {
    const isOpen = (index: number): boolean => {
      const statuses = mapping.slots.map((slots) => state.tasks[slots[index] ?? -1]?.status);
      return (
        statuses.some((status) => status !== "waiting") &&
        statuses.some((status) => status !== undefined && !isFinalTask(status))
      );
    };
    const count = Array.from({ length: mapping.count }, (_, index) => index).filter(isOpen).length;
    const { parallel = 0 } = state.plan.tasks[mapper]?.map ?? {};
    return { count, max: parallel === 0 ? Infinity : parallel };
  });
