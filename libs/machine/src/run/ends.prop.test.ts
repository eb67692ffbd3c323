// Whatever a run has heard, it comes to its end once everything outside does, and nobody is left to wait for.
import fc from "fast-check";
import { expect, test } from "vitest";
import { histories } from "../testing/histories.ts";
import { decide } from "./decide.ts";
import type { RunMessage, TaskRef } from "./messages.ts";
import { nameOf } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isHeld, isOutside, isSettled } from "./state.ts";
import { snapshotOf } from "./snapshot.ts";

const ROUNDS_MAX = 300;
const HOUR_MS = 3_600_000;

/** What the outside says next of a slot: it grants, answers, ends well, or ends as it was asked to. */
function toldOf(state: RunState, task: TaskState): RunMessage | undefined {
  const { t: taskId, i: mapIndex = -1 } = nameOf(state, task);
  const ref: TaskRef & { attempt: number } = { taskId, mapIndex, attempt: task.attempt };
  if (isHeld(task)) return { kind: "past_done", task: taskId };
  if (task.status === "queued")
    return { kind: "granted", ...ref, pool: task.claims[task.granted]?.pool ?? "" };
  if (!isOutside(task)) return undefined;
  const isAsked = task.status === "cancelling";
  const report = isAsked ? ({ state: "cancelled" } as const) : ({ state: "succeeded" } as const);
  return { kind: "update", ...ref, sequence: 1_000, report };
}

function comesToItsEnd(state: RunState): boolean {
  let nowMs = state.lastMs;
  let said = 0;
  const say = (message: RunMessage): void =>
    void decide(state, message, { nowMs, cause: `end${(said += 1)}` });
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (isSettled(state.status)) return true;
    nowMs += HOUR_MS;
    if (state.status === "queued") say({ kind: "admit" });
    for (const task of state.tasks.slice()) {
      const told = toldOf(state, task);
      if (told !== undefined) say(told);
    }
    say({ kind: "timer" });
    say({ kind: "continue" });
  }
  return false;
}

function expectItEnds(state: RunState): void {
  if (!comesToItsEnd(state)) expect.fail(`it does not end: ${JSON.stringify(snapshotOf(state))}`);
}

test("R11. A run ends when everything outside does, and again after what failed was done again", () => {
  const again = { tasks: [], upstream: false, downstream: false, by: "user:test", reason: "" };
  fc.assert(
    fc.property(histories, fc.boolean(), ({ state }, onlyFailed) => {
      expectItEnds(state);
      const moment = { nowMs: state.lastMs, cause: "again" };
      decide(state, { kind: "clear", ...again, onlyFailed }, moment);
      expectItEnds(state);
    }),
    { numRuns: 1_500 },
  );
});
