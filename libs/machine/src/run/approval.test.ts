// People are asked, and answer: stories.
import { describe, expect, test } from "vitest";
import { story } from "../testing/story.ts";
import { isApprover } from "./approval.ts";
import { allWanted } from "./follow.ts";

const asked = (
  more: Parameters<typeof story>[0][string] = {},
  question: Parameters<ReturnType<typeof story>["ask"]>[1] = {},
) => {
  const s = story({ go: { kind: "approval", ...more }, then: { needs: ["go"] } });
  s.start();
  s.ask("go", question);
  return s;
};

test("asked when its question is there; until then the question is said again", () => {
  const s = story({ go: { kind: "approval" } });
  expect(s.start().effects).toEqual([{ kind: "assign", slot: 0, attempt: 1 }]);
  expect(allWanted(s.state, { accepted: false })).toEqual([
    { kind: "assign", slot: 0, attempt: 1 },
  ]);
  expect(s.ask("go").types).toEqual(["approval_asked"]);
  expect(s.task("go")?.status).toBe("awaiting_approval");
  expect(s.ask("go").decision).toMatchObject({ kind: "nothing" });
  expect(allWanted(s.state, { accepted: true })).toEqual([]);
});

test("approved: it succeeds, and what it answers is its output", () => {
  const s = asked({}, { approvers: ["ana"] });
  const { events } = s.answer("go", true, { comment: "fine", values: { amount: 3 } });
  expect(events).toEqual([
    {
      ...{ type: "approval_answered", t: "go", a: 1, approved: true, by: "user:ana" },
      ...{ comment: "fine", values: { amount: 3 } },
    },
    {
      ...{ type: "task_succeeded", t: "go", a: 1, s: 1 },
      output: { approved: true, by: "user:ana", comment: "fine", values: { amount: 3 } },
    },
    { type: "task_assigned", t: "then", a: 1 },
  ]);
  expect(s.task("go")?.reason).toBe("approved by user:ana: fine");
});

test("rejected: it fails without a repeat, as rejected; or it is skipped", () => {
  const s = asked({ retries: 3 });
  s.answer("go", false, { comment: "too dear" });
  expect(s.statuses()).toEqual({ go: "failed", then: "upstream_failed" });
  expect(s.task("go")?.failure).toMatchObject({
    class: "rejected",
    message: "rejected by user:ana: too dear",
  });
  const skipped = asked({}, { onReject: "skip" });
  skipped.answer("go", false);
  expect(skipped.statuses()).toEqual({ go: "skipped", then: "skipped" });
});

test("the first answer wins; the same again is nothing, another hears who was first and when", () => {
  const s = asked();
  s.answer("go", true, { comment: "fine", values: { a: 1, b: 2 } });
  const same = { comment: "fine", values: { b: 2, a: 1 } };
  expect(s.answer("go", true, same).decision).toMatchObject({
    kind: "nothing",
    why: "go was approved by user:ana at 1970-01-01T00:00:01.000Z",
  });
  expect(s.answer("go", false, { by: "user:ben" }).decision).toEqual({
    kind: "rejected",
    why: "go was approved by user:ana at 1970-01-01T00:00:01.000Z",
  });
});

test("only who may, only the attempt that asks, only while it asks", () => {
  const s = asked({}, { approvers: ["ana", "ben@example.com"] });
  expect(s.answer("go", true, { by: "user:eve" }).decision).toEqual({
    kind: "rejected",
    why: "go: user:eve may not answer: want ana or ben@example.com",
  });
  expect(s.answer("go", true, { attempt: 2 }).decision).toMatchObject({ kind: "rejected" });
  expect(s.answer("then", true).decision).toEqual({
    kind: "rejected",
    why: "then does not wait for an approval: it is waiting",
  });
  expect(s.answer("nobody", true).decision).toMatchObject({ kind: "rejected" });
  expect(s.answer("go", true, { by: "user:Ben@Example.com" }).decision.kind).toBe("moved");
});

test.each([
  ["approve", "succeeded", "approved because nobody answered in time"],
  ["reject", "failed", "rejected because nobody answered in time"],
] as const)("nobody answers in time: %s is the default", (fallback, status, reason) => {
  const s = asked({ timeoutMs: 5_000, retries: 2 }, { fallback, values: { amount: 1 } });
  expect(s.wait(4_999).types).toEqual([]);
  s.wait(1);
  expect(s.task("go")).toMatchObject({ status, reason });
  expect(s.answer("go", true).decision).toMatchObject({
    kind: "rejected",
    why: `go was ${reason} at 1970-01-01T00:00:06.000Z`,
  });
});

test("nobody answers in time, and there is no default: it fails for lack of time, and is not asked again", () => {
  const s = asked({ timeoutMs: 5_000, retries: 2 });
  s.wait(5_000);
  expect(s.task("go")).toMatchObject({
    status: "failed",
    failure: { class: "timeout", message: "nobody answered within 5 s" },
  });
});

describe("a question that is not wanted any more is closed before anything follows", () => {
  test("the run is cancelled", () => {
    const s = asked();
    expect(s.cancel().effects).toMatchObject([{ kind: "cancel", taskId: "go", attempt: 1 }]);
    expect(s.answer("go", true).decision).toMatchObject({
      why: "go does not wait for an approval: it is cancelling",
    });
    s.report("go", 1, 1, { state: "cancelled" });
    expect(s.state.status).toBe("cancelled");
  });

  test("its task is cleared: the next attempt asks anew, and an answer to the old one is refused", () => {
    const s = asked();
    s.clear(["go"]);
    s.report("go", 1, 1, { state: "cancelled" });
    s.ask("go", { message: "Really?" });
    expect(s.task("go")).toMatchObject({
      attempt: 2,
      approval: { question: { message: "Really?" } },
    });
    expect(s.answer("go", true, { attempt: 1 }).decision).toEqual({
      kind: "rejected",
      why: "go: attempt 1 is asked no more: attempt 2 is awaiting_approval",
    });
  });

  test("its task is marked", () => {
    const s = asked();
    s.mark("go", "succeeded");
    s.report("go", 1, 1, { state: "cancelled" });
    expect(s.statuses()).toEqual({ go: "succeeded", then: "assigned" });
  });

  test("it is cancelled before it was asked", () => {
    const s = story({ go: { kind: "approval" } });
    s.start();
    s.cancel();
    expect(s.ask("go").decision).toMatchObject({ kind: "nothing" });
    s.report("go", 1, 1, { state: "cancelled" });
    expect(s.state.status).toBe("cancelled");
  });
});

test("who waits for a person does not count as at work, but keeps the slots of its pools", () => {
  const s = story({ go: { kind: "approval", pools: ["door"] }, other: {} }, { maxActiveTasks: 1 });
  s.start();
  s.grant("go", "door");
  expect(s.task("other")?.status).toBe("waiting");
  expect(s.ask("go").effects).toEqual([{ kind: "assign", slot: 1, attempt: 1 }]);
  expect(s.answer("go", true).effects).toMatchObject([{ kind: "release", pool: "door" }]);
});

test.each([
  ["user:ana", ["ana"], true],
  ["user:ana", ["user:ana"], true],
  ["user:Ana@Example.com", ["ana@example.com"], true],
  ["slack:U1", ["slack:U1"], true],
  ["slack:ana", ["ana"], false],
  ["user:anabel", ["ana"], false],
  ["anonymous", [], true],
])("%s among %j: %s", (by, approvers, may) => {
  expect(isApprover(by, approvers)).toBe(may);
});
