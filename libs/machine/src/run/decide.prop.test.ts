// One property per invariant of decide.ts, over random DAGs and random histories of messages: late, doubled, wrong.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plans } from "../testing/plans.ts";
import { decide } from "./decide.ts";
import type { Recorded } from "./events.ts";
import { fold, newRun } from "./fold.ts";
import type { RunMessage } from "./messages.ts";
import type { RunRow, TaskRow } from "./rows.ts";
import { restore } from "./rows.ts";
import { ruleVerdict } from "./rules.ts";
import { snapshotOf } from "./snapshot.ts";
import type { RunState } from "./state.ts";
import { isFinalTask, isOutside, isSettled } from "./state.ts";
import { unhandled } from "./verdict.ts";

interface Step {
  readonly message: RunMessage;
  readonly events: readonly Recorded[];
  readonly before: unknown;
  readonly statuses: readonly string[];
}
interface History {
  readonly state: RunState;
  readonly steps: readonly Step[];
  readonly events: readonly Recorded[];
}

const attempts = fc.constantFrom(0, 0, 0, 1, -1); // relative to the current one
const reports = fc.constantFrom(
  "accepted",
  "running",
  "succeeded",
  "succeeded",
  "failed",
  "skipped",
  "cancelled",
  "never_started",
);
const moves = fc.array(
  fc.record({
    what: fc.constantFrom(
      "update",
      "update",
      "update",
      "update",
      "timer",
      "continue",
      "cancel",
      "admit",
      "lose",
      "again",
    ),
    task: fc.nat(7),
    offset: attempts,
    sequence: fc.integer({ min: 1, max: 4 }),
    report: reports,
    waitMs: fc.nat(2_000),
  }),
  { maxLength: 60 },
);

function messageOf(
  state: RunState,
  move: { what: string; task: number; offset: number; sequence: number; report: string },
): RunMessage {
  const index = move.task % state.plan.tasks.length;
  const taskId = state.plan.tasks[index]?.id ?? "";
  const attempt = Math.max(1, (state.tasks[index]?.attempt ?? 0) + move.offset);
  if (move.what === "timer" || move.what === "continue" || move.what === "admit")
    return { kind: move.what };
  if (move.what === "cancel") return { kind: "cancel", by: "user:test", reason: "" };
  if (move.what === "lose")
    return { kind: "lose", taskId, mapIndex: -1, attempt, evidence: "no runner shows it" };
  const base = { kind: "update" as const, taskId, mapIndex: -1, attempt, sequence: move.sequence };
  switch (move.report) {
    case "failed":
      return {
        ...base,
        report: { state: "failed", failure: { class: "code", message: "exit code 1" } },
      };
    case "never_started":
      return {
        ...base,
        report: {
          state: "failed",
          failure: { class: "infra", message: "no node", neverStarted: true },
        },
      };
    case "skipped":
      return { ...base, report: { state: "skipped", reason: "nothing to do" } };
    case "accepted":
    case "running":
    case "cancelled":
      return { ...base, report: { state: move.report } };
    default:
      return { ...base, report: { state: "succeeded" } };
  }
}

const histories: fc.Arbitrary<History> = fc.tuple(plans, moves).map(([plan, list]) => {
  const facts = { id: "run-x", dagId: plan.dagId, key: "k", logicalMs: 0 };
  const state = newRun({ plan, facts, params: {}, event: null });
  const steps: Step[] = [];
  let nowMs = 1_000;
  const say = (message: RunMessage, cause: string): void => {
    const before = snapshotOf(state);
    const statuses = state.tasks.map(({ status }) => status);
    const { events } = decide(state, message, { nowMs, cause });
    steps.push({ message, events, before, statuses });
  };
  say({ kind: "start", admitted: true }, "start");
  for (const [index, move] of list.entries()) {
    nowMs += move.waitMs;
    const last = steps.at(-1);
    if (move.what === "again" && last !== undefined) say(last.message, `m${index - 1}`);
    else say(messageOf(state, move), `m${index}`);
  }
  return { state, steps, events: steps.flatMap(({ events }) => events) };
});

const check = (property: (history: History) => void): void =>
  fc.assert(fc.property(histories, property), { numRuns: 300 });

describe("decide", () => {
  test("R1. A settled run never changes again", () => {
    check(({ events }) => {
      const at = events.findIndex(({ event }) => event.type === "run_settled");
      if (at >= 0) expect(events.slice(at + 1)).toEqual([]);
    });
  });

  test("R2. Only a report for the current attempt, with a higher sequence, changes a task", () => {
    check(({ steps }) => {
      for (const { message, events, before } of steps) {
        if (message.kind !== "update") continue;
        const task = (
          before as { tasks: { id: string; attempt: number; sequence: number }[] }
        ).tasks.find(({ id }) => id === message.taskId);
        const isCurrent = task?.attempt === message.attempt && message.sequence > task.sequence;
        const own = events.filter(
          ({ event }) => "t" in event && event.t === message.taskId && "s" in event,
        );
        if (!isCurrent) expect(own).toEqual([]);
      }
    });
  });

  test("R3. A message that was decided once decides nothing the second time", () => {
    check(({ state, steps }) => {
      for (const { message } of steps) {
        if (message.kind === "timer" || message.kind === "continue") continue; // they ask what is due now
        decide(state, message, { nowMs: state.lastMs, cause: "again" }); // what came too early may fit by now
        const again = decide(state, message, { nowMs: state.lastMs, cause: "again" });
        expect(again.events).toEqual([]);
      }
    });
  });

  test("R4. Attempt n+1 is assigned only after attempt n was seen ended, or declared lost on evidence", () => {
    check(({ events }) => {
      const ended = new Map<string, number>();
      for (const { event } of events) {
        if (event.type === "attempt_failed") ended.set(event.t, event.a);
        if (event.type === "task_assigned") expect(ended.get(event.t) ?? 0).toBe(event.a - 1);
      }
    });
  });

  test("R5. Attempt numbers only rise", () => {
    check(({ events }) => {
      const last = new Map<string, number>();
      for (const { event } of events) {
        if (event.type !== "task_assigned") continue;
        expect(event.a).toBeGreaterThan(last.get(event.t) ?? 0);
        last.set(event.t, event.a);
      }
    });
  });

  test("R6. A run settles exactly when no task is unfinished, and is green only if no failure is left unhandled", () => {
    check(({ state, events }) => {
      const isDone = state.tasks.every(({ status }) => isFinalTask(status));
      expect(isSettled(state.status)).toBe(isDone);
      expect(events.filter(({ event }) => event.type === "run_settled").length).toBe(
        isDone ? 1 : 0,
      );
      if (state.status === "succeeded") expect(unhandled(state)).toEqual([]);
      if (state.status === "failed") expect(unhandled(state)).not.toEqual([]);
    });
  });

  test("R7. A task starts only when its trigger rule allows it", () => {
    check(({ state, steps }) => {
      const first = new Set<string>();
      for (const { events } of steps)
        for (const { event } of events) {
          if (event.type !== "task_assigned" || first.has(event.t)) continue;
          first.add(event.t);
          const index = state.plan.indexOf.get(event.t) ?? -1;
          const planned = state.plan.tasks[index];
          const task = state.tasks[index];
          if (planned === undefined || task === undefined || state.status === "cancelled") continue;
          // Counts only grow: a rule that was met by some is looked at with what has ended since.
          if (planned.rule === "all_success")
            expect(ruleVerdict(planned.rule, task.upstream, planned.needs.length)).toBe("run");
        }
    });
  });

  test("R8. The state rebuilt from rows equals the fold of the history", () => {
    check(({ state, events }) => {
      const init = {
        plan: state.plan,
        facts: state.facts,
        params: state.params,
        event: state.event,
      };
      const folded = fold(init, JSON.parse(JSON.stringify(events)) as Recorded[]);
      expect(snapshotOf(folded)).toEqual(snapshotOf(state));
      expect(snapshotOf(restore(init, rowOf(state), taskRowsOf(state)))).toEqual(snapshotOf(state));
    });
  });

  test("nothing outside is left behind by a settled run", () => {
    check(({ state }) => {
      if (isSettled(state.status))
        expect(state.tasks.filter(({ status }) => isOutside(status))).toEqual([]);
    });
  });
});

const rowOf = ({
  status,
  reason,
  startedMs,
  settledMs,
  lastMs,
  wakeMs,
  settledBy,
}: RunState): RunRow => ({
  status,
  reason,
  startedMs,
  settledMs,
  lastMs,
  wakeMs,
  settledBy,
});

/** As the store keeps them: a task that never left `waiting` has no row. */
const taskRowsOf = (state: RunState): TaskRow[] =>
  state.tasks.flatMap((task, index) => {
    const hasRow = task.status !== "waiting" && (task.status !== "cancelled" || task.attempt > 0);
    const { upstream, ...columns } = task;
    return hasRow && upstream !== undefined
      ? [{ taskId: state.plan.tasks[index]?.id ?? "", ...columns }]
      : [];
  });
