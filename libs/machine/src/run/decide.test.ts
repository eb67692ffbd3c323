// Runs told as stories: what is said, and what becomes of it.
import { expect, test } from "vitest";
import { story } from "../testing/story.ts";
import { allWanted, isClaimable, stillWanted } from "./follow.ts";
import { ASSIGN_MAX } from "./go-on.ts";

test("a retry waits for its time, and is a new attempt", () => {
  const s = story({ a: { retries: 1 } });
  s.start();
  expect(s.fail("a").types).toEqual(["attempt_failed"]);
  expect(s.task("a")?.status).toBe("retrying");
  expect(s.wait(50).types).toEqual([]); // too early
  expect(s.wait(100).effects).toEqual([{ kind: "assign", slot: 0, attempt: 2 }]);
  expect(s.succeed("a", 2).types).toEqual(["task_succeeded", "run_settled"]);
  expect(s.state.status).toBe("succeeded");
});

test("an attempt past its deadline is cancelled, and only its seen end leads on", () => {
  const s = story({ a: { timeoutMs: 1_000, retries: 1 } });
  s.start();
  s.report("a", 1, 2, { state: "running" });
  const timer = s.wait(17_000);
  expect(timer.effects).toMatchObject([{ kind: "cancel", taskId: "a", attempt: 1 }]);
  expect(s.task("a")?.status).toBe("cancelling");
  s.report("a", 1, 3, { state: "cancelled" });
  expect(s.task("a")?.failure).toMatchObject({ class: "timeout" });
  expect(s.task("a")?.status).toBe("retrying");
});

test("cancel: what runs outside is asked to end, the run settles when it is seen gone", () => {
  const s = story({ a: {}, b: { needs: ["a"] } });
  s.start();
  s.report("a", 1, 2, { state: "running" });
  const cancel = s.say({ kind: "cancel", by: "user:ana", reason: "wrong day" });
  expect(cancel.effects).toMatchObject([{ kind: "cancel", taskId: "a", attempt: 1 }]);
  expect(s.state.status).toBe("cancelling");
  expect(s.task("b")?.status).toBe("cancelled");
  expect(s.report("a", 1, 3, { state: "cancelled" }).types).toEqual([
    "task_cancelled",
    "run_settled",
  ]);
  expect(s.state.status).toBe("cancelled");
  expect(s.state.reason).toBe("wrong day");
});

test("success reported before the cancel is seen stands for the task; the run is cancelled all the same", () => {
  const s = story({ a: {} });
  s.start();
  s.say({ kind: "cancel", by: "user:ana", reason: "" });
  s.succeed("a");
  expect(s.task("a")?.status).toBe("succeeded");
  expect(s.state.status).toBe("cancelled");
});

test("a run over its timeout ends red, when everything outside is gone", () => {
  const s = story({ a: {} }, { timeoutMs: 5_000 });
  s.start();
  expect(s.wait(6_000).effects).toMatchObject([{ kind: "cancel" }]);
  s.report("a", 1, 3, { state: "cancelled" });
  expect(s.state.status).toBe("failed");
});

test("a failure is handled by allow_failure, or by a task with one_failed that succeeded; all_done handles nothing", () => {
  const allowed = story({ a: { allowFailure: true } });
  allowed.start();
  allowed.fail("a");
  expect(allowed.state.status).toBe("succeeded");
  const handled = story({ a: {}, rescue: { needs: ["a"], rule: "one_failed" } });
  handled.start();
  handled.fail("a");
  handled.succeed("rescue");
  expect(handled.state.status).toBe("succeeded");
  const hidden = story({ a: {}, cleanup: { needs: ["a"], rule: "all_done" } });
  hidden.start();
  hidden.fail("a");
  hidden.succeed("cleanup");
  expect(hidden.state.status).toBe("failed");
  expect(hidden.state.reason).toBe("task `a` failed");
});

test("when: false skips, an error fails the task as config, a noop is done by itself", () => {
  const s = story({
    no: { when: () => ({ ok: true, value: false }) },
    wrong: { when: () => ({ ok: false, message: "no field rows" }) },
    quick: { kind: "noop" },
  });
  s.start();
  expect(s.task("no")?.status).toBe("skipped");
  expect(s.task("wrong")?.failure).toEqual({ class: "config", message: "when: no field rows" });
  expect(s.task("quick")?.status).toBe("succeeded");
});

test("a large run starts at most so many tasks at once, and goes on by a message to itself", () => {
  const s = story(
    Object.fromEntries(Array.from({ length: ASSIGN_MAX + 5 }, (_, i) => [`t${i}`, {}])),
  );
  const start = s.start();
  expect(start.effects.filter(({ kind }) => kind === "assign").length).toBe(ASSIGN_MAX);
  expect(start.effects.at(-1)).toEqual({ kind: "continue" });
  expect(s.say({ kind: "continue" }).effects.length).toBe(5);
});

test("an attempt that nobody wants any more is answered with a cancel; one that told its end is only late", () => {
  const s = story({ a: { retries: 1 } });
  s.start();
  s.fail("a");
  s.wait(200);
  expect(s.report("a", 1, 2, { state: "running" }).effects).toMatchObject([
    { kind: "cancel", attempt: 1 },
  ]);
  s.succeed("a", 2);
  expect(s.report("a", 2, 2, { state: "running" }).effects).toEqual([]);
});

test("saying again: only what the state still wants of what the message caused", () => {
  const s = story({ a: {}, b: { needs: ["a"] } });
  s.start();
  expect(stillWanted(s.state, "start")).toEqual([{ kind: "assign", slot: 0, attempt: 1 }]);
  expect(stillWanted(s.state, "other")).toEqual([]);
  s.report("a", 1, 1, { state: "accepted" });
  expect(stillWanted(s.state, "start")).toEqual([]); // a runner has it
  expect(allWanted(s.state, { accepted: false })).toEqual([]);
  expect(allWanted(s.state, { accepted: true })).toEqual([{ kind: "assign", slot: 0, attempt: 1 }]);
});

test("a claim: only the current attempt, while it has not ended", () => {
  const s = story({ a: { retries: 1 } });
  s.start();
  expect(isClaimable(s.state, { taskId: "a", mapIndex: -1, attempt: 1 })).toBe(true);
  expect(isClaimable(s.state, { taskId: "a", mapIndex: -1, attempt: 2 })).toBe(false);
  s.fail("a");
  expect(isClaimable(s.state, { taskId: "a", mapIndex: -1, attempt: 1 })).toBe(false);
});

test("an attempt of a task that is not there, or was never assigned, is rejected with words", () => {
  const s = story({ a: {} });
  s.start();
  expect(s.succeed("nobody").decision).toMatchObject({ kind: "rejected" });
  expect(s.succeed("a", 9).decision).toEqual({
    kind: "rejected",
    why: "task a: attempt 9 was never assigned (current: 1)",
  });
});
