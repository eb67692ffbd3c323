// Past waits, from histories told as stories: one for each kind, with its length.
import { expect, test } from "vitest";
import { newRun } from "../run/fold.ts";
import { decide } from "../run/decide.ts";
import type { Recorded } from "../run/events.ts";
import type { RunMessage } from "../run/messages.ts";
import { refOf } from "../testing/story.ts";
import type { TaskLiteral } from "../testing/plans.ts";
import { planFrom } from "../testing/plans.ts";
import { waitsOf } from "./waits.ts";

function told(tasks: Readonly<Record<string, TaskLiteral>>, previousRunId?: string) {
  const plan = planFrom(tasks);
  const past = previousRunId === undefined ? {} : { previousRunId };
  const facts = { id: "run-x", dagId: "test", key: "k", logicalMs: 0, ...past };
  const state = newRun({ plan, facts, params: {}, event: null });
  const history: Recorded[] = [];
  const say = (nowMs: number, message: RunMessage) => {
    history.push(...decide(state, message, { nowMs, cause: `m${nowMs}` }).events);
  };
  const report = (nowMs: number, label: string, state: "running" | "succeeded", attempt = 1) =>
    say(nowMs, {
      ...{ kind: "update", ...refOf(label), attempt, sequence: state === "running" ? 1 : 2 },
      ...{ acceptedMs: nowMs, report: { state } },
    });
  const waits = (label: string) =>
    waitsOf(plan, history, refOf(label)).map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs]);
  return { say, report, waits, texts: (label: string) => waitsOf(plan, history, refOf(label)) };
}

test("for a slot of its DAG, then for what it needs, then for a runner", () => {
  const t = told({ a: {}, b: {}, c: { needs: ["a", "b"] } });
  t.say(1_000, { kind: "start", admitted: false });
  expect(t.waits("c")).toEqual([["admission", 1_000, undefined]]);
  t.say(3_000, { kind: "admit" });
  t.report(3_500, "a", "running");
  t.report(4_000, "b", "running");
  t.report(5_000, "b", "succeeded");
  t.report(8_000, "a", "succeeded");
  expect(t.waits("c")).toEqual([
    ["admission", 1_000, 3_000],
    ["upstream", 3_000, 8_000],
    ["not_accepted", 8_000, undefined],
  ]);
  expect(t.texts("c")[1]?.text).toBe("what it needs; a was the last");
  t.report(8_250, "c", "running");
  expect(t.waits("c").at(-1)).toEqual(["not_accepted", 8_000, 8_250]);
});

test("for one pool after the other", () => {
  const t = told({ a: { pools: ["db", "lake"] } });
  t.say(1_000, { kind: "start", admitted: true });
  const grant = (pool: string) => ({ kind: "granted", ...refOf("a"), attempt: 1, pool }) as const;
  t.say(4_000, grant("db"));
  t.say(9_000, grant("lake"));
  expect(t.waits("a")).toEqual([
    ["pool", 1_000, 4_000],
    ["pool", 4_000, 9_000],
    ["not_accepted", 9_000, undefined],
  ]);
  expect(t.texts("a").map(({ text }) => text)).toEqual([
    "a slot of pool db",
    "a slot of pool lake",
    "a runner to take it",
  ]);
});

test("for its repeat, as long as the timer says, and for the run before", () => {
  const t = told({ a: { retries: 1, past: true } }, "run-w");
  t.say(1_000, { kind: "start", admitted: true });
  t.say(2_500, { kind: "past_done", task: "a" });
  t.report(2_600, "a", "running");
  const failure = { class: "code", message: "exit code 1" } as const;
  t.say(3_000, {
    ...{ kind: "update", ...refOf("a"), attempt: 1, sequence: 2 },
    report: { state: "failed", failure },
  });
  t.say(60_000, { kind: "timer" });
  t.report(60_100, "a", "running", 2);
  expect(t.waits("a")).toEqual([
    ["past", 1_000, 2_500],
    ["not_accepted", 2_500, 2_600],
    ["timer", 3_000, 60_000],
    ["not_accepted", 60_000, 60_100],
  ]);
});

test("for a person", () => {
  const t = told({ a: { kind: "approval" } });
  t.say(1_000, { kind: "start", admitted: true });
  const question = { message: "Go?", approvers: [], onReject: "fail", values: {} } as const;
  t.say(1_000, { kind: "open_approval", ...refOf("a"), attempt: 1, question });
  expect(t.waits("a")).toEqual([["approval", 1_000, undefined]]);
  const given = { approved: true, by: "user:ana", comment: "", values: {} };
  t.say(7_000, { kind: "answer", ...refOf("a"), attempt: 1, ...given });
  expect(t.waits("a")).toEqual([["approval", 1_000, 7_000]]);
});
