// One property per invariant of decide.ts, over random DAGs and random histories of messages: late, doubled, wrong.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { histories } from "../testing/histories.ts";
import type { History } from "../testing/histories.ts";
import { decide } from "./decide.ts";
import type { Named, Recorded, RunEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { fold, newRun } from "./fold.ts";
import { verdictOfSlot } from "./ready.ts";
import type { RunRow, TaskRow } from "./rows.ts";
import { restore } from "./rows.ts";
import { labelOf, nameOf, slotNamed } from "./slots.ts";
import { snapshotOf } from "./snapshot.ts";
import type { RunState } from "./state.ts";
import { isFinalTask, isOutside, isSettled } from "./state.ts";
import { unhandled } from "./verdict.ts";

const check = (property: (history: History) => void): void =>
  fc.assert(fc.property(histories, property), { numRuns: 300 });

/** Who was cleared, at once or when its attempt has ended. */
function cleared(events: readonly Recorded[]): string[] {
  const names = events.flatMap(({ event }): readonly Named[] => {
    if (event.type === "tasks_cleared") return event.list;
    return event.type === "task_cancelling" && event.for === "clear" ? [event] : [];
  });
  return names.map(({ t, i }) => `${t}[${i ?? ""}]`);
}

describe("decide", () => {
  test("R1. A settled run changes only when a person clears or marks some of its tasks", () => {
    check(({ steps }) => {
      for (const { message, events, settledBefore } of steps) {
        if (!settledBefore || events.length === 0) continue;
        if (message.kind === "past_asked") {
          expect(events.map(({ event }) => event.type)).toEqual(["past_noted"]); // who waits for it
          continue;
        }
        expect(["clear", "mark"]).toContain(message.kind);
        expect(events[0]?.event.type).toBe("run_reopened");
      }
    });
  });

  test("R2. Only a report for the current attempt, with a higher sequence, changes a task", () => {
    check(({ steps }) => {
      for (const { message, events, before } of steps) {
        if (message.kind !== "update") continue;
        const task = (
          before as {
            tasks: { id: string; mapIndex: number; attempt: number; sequence: number }[];
          }
        ).tasks.find(({ id, mapIndex }) => id === message.taskId && mapIndex === message.mapIndex);
        const isCurrent = task?.attempt === message.attempt && message.sequence > task.sequence;
        const own = events.filter(
          ({ event }) =>
            "s" in event && event.t === message.taskId && (event.i ?? -1) === message.mapIndex,
        );
        if (!isCurrent) expect(own).toEqual([]);
      }
    });
  });

  test("R3. A message that was decided once decides nothing the second time", () => {
    check(({ state, steps }) => {
      for (const [index, { message }] of steps.entries()) {
        const moment = { nowMs: state.lastMs, cause: `again${index}` };
        if (message.kind === "timer" || message.kind === "continue") continue; // they ask what is due now
        if (message.kind === "past_done") continue; // a lasting fact: it lets go whoever waits for it by now
        const first = decide(state, message, moment).events; // what came too early may fit by now
        const again = decide(state, message, moment).events;
        if (message.kind !== "clear") expect(again).toEqual([]);
        else expect(cleared(again).filter((name) => cleared(first).includes(name))).toEqual([]);
      }
    });
  });

  test("R4. Attempt n+1 is assigned only after attempt n was seen ended, or declared lost on evidence", () => {
    check(({ events }) => {
      const working = new Map<string, number>();
      for (const { event } of events) {
        if (!("t" in event)) continue;
        const name = labelOf(event);
        switch (event.type) {
          case "task_assigned":
            expect(working.get(name)).toBe(undefined);
            working.set(name, event.a);
            break;
          case "task_marked":
          case "task_succeeded":
          case "attempt_failed":
          case "task_cancelled":
          case "task_skipped":
            working.delete(name);
            break;
          default:
        }
      }
    });
  });

  test("R5. Attempt numbers only rise", () => {
    check(({ events }) => {
      const last = new Map<string, number>();
      for (const { event } of events) {
        if (event.type !== "task_assigned") continue;
        expect(event.a).toBeGreaterThan(last.get(labelOf(event)) ?? 0);
        last.set(labelOf(event), event.a);
      }
    });
  });

  test("R6. A run settles exactly when no task is unfinished, and is green only if no failure is left unhandled", () => {
    check(({ state, events }) => {
      const isDone = state.tasks.every(({ status }) => isFinalTask(status));
      if (state.status !== "queued") expect(isSettled(state.status)).toBe(isDone);
      const settled = events.filter(({ event }) => event.type === "run_settled").length;
      const reopened = events.filter(({ event }) => event.type === "run_reopened").length;
      expect(settled - reopened).toBe(isSettled(state.status) ? 1 : 0);
      if (state.status === "succeeded") expect(unhandled(state)).toEqual([]);
      if (state.status === "failed") expect(unhandled(state)).not.toEqual([]);
    });
  });

  test("R7. A task starts only when its trigger rule allows it", () => {
    check(({ state, events }) => {
      // Statuses as the history tells them; a clear takes them back.
      const folded = newRun({ ...state });
      for (const recorded of events) {
        const { event } = recorded;
        if (event.type === "task_assigned" || event.type === "task_mapped") {
          const slot = folded.tasks[slotNamed(folded, event.t, event.i ?? -1) ?? -1];
          if (slot?.status === "waiting") expect(verdictOfSlot(folded, slot)).toBe("run");
        }
        evolve(folded, recorded);
      }
    });
  });

  test("R9. Never more tasks at work than the run, or a mapping, allows", () => {
    check(({ state, steps }) => {
      const max = state.plan.maxActiveTasks || Infinity;
      let cleared = false; // what a person has done again comes on top
      for (const { message, active, open } of steps) {
        cleared ||= message.kind === "clear" || message.kind === "mark";
        // A repeat does not wait for room: its task had it before.
        const repeats = state.tasks.filter(({ attempt }) => attempt > 1).length;
        expect(active).toBeLessThanOrEqual(max + repeats);
        if (!cleared) for (const one of open) expect(one.count).toBeLessThanOrEqual(one.max);
      }
    });
  });

  test("R10. A question is answered once, after it was asked, by one who may or by the end of its time", () => {
    check(({ events }) => {
      const open = new Map<string, Extract<RunEvent, { type: "approval_asked" }>>();
      for (const { event, atMs } of events) {
        if (event.type === "approval_asked") open.set(`${labelOf(event)} ${event.a}`, event);
        if (event.type !== "approval_answered") continue;
        const name = `${labelOf(event)} ${event.a}`;
        const asked = open.get(name);
        open.delete(name);
        if (event.by === undefined) {
          expect(atMs).toBeGreaterThanOrEqual(asked?.untilMs ?? Infinity);
          expect(event.approved).toBe(asked?.question.fallback === "approve");
        } else {
          const approvers = asked?.question.approvers ?? ["nobody"];
          if (approvers.length > 0) expect(approvers).toContain(event.by.replace("user:", ""));
        }
      }
    });
  });

  test("R8. The state rebuilt from rows equals the fold of the history", () => {
    check(({ state, events, written }) => {
      const init = {
        plan: state.plan,
        facts: state.facts,
        params: state.params,
        event: state.event,
      };
      const folded = fold(init, JSON.parse(JSON.stringify(events)) as Recorded[]);
      expect(snapshotOf(folded)).toEqual(snapshotOf(state));
      expect(snapshotOf(restore(init, rowOf(state), taskRowsOf(state, written)))).toEqual(
        snapshotOf(state),
      );
    });
  });

  test("nothing outside is left behind by a settled run", () => {
    check(({ state }) => {
      if (isSettled(state.status)) expect(state.tasks.filter(isOutside)).toEqual([]);
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
  parents,
}: RunState): RunRow => ({
  status,
  reason,
  startedMs,
  settledMs,
  lastMs,
  wakeMs,
  settledBy,
  parents,
});

/** As the store keeps them: a row for each slot that was ever written. */
const taskRowsOf = (state: RunState, written: ReadonlySet<string>): TaskRow[] =>
  state.tasks.flatMap((task) => {
    const { plan, upstream: _, upstreamTotal: __, isFrame: ___, ...columns } = task;
    if (!written.has(labelOf(nameOf(state, task)))) return [];
    return [{ taskId: state.plan.tasks[plan]?.id ?? "", ...columns }];
  });
