// What people ask of a run, told as stories.
import { describe, expect, test } from "vitest";
import { itemsOf } from "../testing/plans.ts";
import { story } from "../testing/story.ts";

const CHAIN = { a: {}, b: { needs: ["a"] }, c: { needs: ["b"] } };

/** b failed, c never had a chance. */
function failedRun() {
  const s = story(CHAIN);
  s.start();
  s.succeed("a");
  s.fail("b");
  return s;
}

describe("clear", () => {
  test("what failed is done again with what follows it; the run asks for a slot first", () => {
    const s = failedRun();
    expect(s.state.status).toBe("failed");
    const cleared = s.clear([], { onlyFailed: true });
    expect(cleared.effects).toEqual([{ kind: "ask_dag" }]);
    expect(s.state.status).toBe("queued");
    expect(s.statuses()).toEqual({ a: "succeeded", b: "waiting", c: "waiting" });
    expect(s.say({ kind: "admit" }).effects).toEqual([{ kind: "assign", slot: 1, attempt: 2 }]);
    s.succeed("b");
    s.succeed("c");
    expect(s.state.status).toBe("succeeded");
    expect(s.state.reason).toBe(undefined);
  });

  test("with what is downstream or upstream", () => {
    const down = failedRun();
    down.clear(["a"], { downstream: true });
    expect(Object.values(down.statuses())).toEqual(["waiting", "waiting", "waiting"]);
    const up = failedRun();
    up.clear(["b"], { upstream: true });
    expect(up.statuses()).toEqual({ a: "waiting", b: "waiting", c: "upstream_failed" });
  });

  test("what is at work is asked to end first; its seen end starts the next attempt", () => {
    const s = story(CHAIN);
    s.start();
    s.report("a", 1, 2, { state: "running" });
    expect(s.clear(["a"]).effects).toMatchObject([{ kind: "cancel", taskId: "a", attempt: 1 }]);
    const ended = s.report("a", 1, 3, { state: "succeeded" });
    expect(ended.types).toEqual(["task_succeeded", "tasks_cleared", "task_assigned"]);
    expect(s.task("a")?.attempt).toBe(2);
  });

  test("the retries of a cleared task begin anew", () => {
    const s = story({ a: { retries: 1 } });
    s.start();
    s.fail("a");
    s.wait(200);
    s.fail("a");
    s.clear(["a"]);
    s.say({ kind: "admit" });
    s.fail("a");
    expect(s.task("a")).toMatchObject({ status: "retrying", attempt: 3 });
  });

  test("the same command twice clears once", () => {
    const s = failedRun();
    const clear = {
      kind: "clear" as const,
      tasks: [{ taskId: "b", mapIndex: -1 }],
      ...{ upstream: false, downstream: true, onlyFailed: false, by: "user:ana", reason: "" },
    };
    expect(s.say(clear, "clear-1").types).toEqual(["run_reopened", "tasks_cleared"]);
    s.say({ kind: "admit" });
    expect(s.say(clear, "clear-1").types).toEqual([]);
    expect(s.task("b")?.status).toBe("assigned");
  });

  test("words for what cannot be", () => {
    const s = failedRun();
    expect(s.clear(["x"]).decision).toEqual({ kind: "rejected", why: "the run has no task x" });
    expect(s.clear(["a[3]"]).decision).toEqual({
      kind: "rejected",
      why: "the run has no task a[3]",
    });
    const waiting = story(CHAIN);
    waiting.say({ kind: "start", admitted: false });
    expect(waiting.clear([]).decision).toEqual({ kind: "rejected", why: "the run has not begun" });
  });
});

describe("mark", () => {
  test("a failed task taken for succeeded lets the rest have its chance", () => {
    const s = failedRun();
    const marked = s.mark("b", "succeeded");
    expect(marked.types).toEqual(["run_reopened", "task_marked", "tasks_cleared"]);
    s.say({ kind: "admit" });
    expect(s.task("b")).toMatchObject({
      status: "succeeded",
      reason: "marked succeeded by user:ana: asked",
    });
    s.succeed("c");
    expect(s.state.status).toBe("succeeded");
  });

  test("what is at work is seen ended before it is what it is marked", () => {
    const s = story(CHAIN);
    s.start();
    expect(s.mark("a", "failed").effects).toMatchObject([{ kind: "cancel", taskId: "a" }]);
    expect(s.task("a")?.status).toBe("cancelling");
    s.report("a", 1, 3, { state: "cancelled" });
    expect(s.task("a")).toMatchObject({
      status: "failed",
      reason: "marked failed by user:ana: asked",
    });
    expect(s.statuses()).toMatchObject({ b: "upstream_failed", c: "upstream_failed" });
  });

  test("a task that waits can be skipped beforehand", () => {
    const s = story(CHAIN);
    s.start();
    s.mark("b", "skipped");
    expect(s.statuses()).toMatchObject({ b: "skipped", c: "skipped" });
    s.succeed("a");
    expect(s.state.status).toBe("succeeded");
  });

  test("twice is once", () => {
    const s = failedRun();
    s.mark("b", "skipped");
    expect(s.mark("b", "skipped").types).toEqual([]);
  });
});

describe("what is mapped", () => {
  const GROUPED = {
    list: {},
    regions: { kind: "group", items: itemsOf(2), parallel: 1, needs: ["list"] },
    load: { group: "regions" },
    check: { group: "regions", needs: ["load"] },
  };
  const begun = () => {
    const s = story(GROUPED);
    s.start();
    return s;
  };

  test("to clear a task inside a group that never came to be brings the group along", () => {
    const s = begun();
    s.fail("list");
    expect(s.statuses()).toMatchObject({ regions: "upstream_failed", check: "upstream_failed" });
    s.mark("list", "succeeded");
    s.say({ kind: "admit" });
    s.cancel();
    s.report("load[0]", 1, 9, { state: "cancelled" });
    const early = begun();
    early.cancel();
    early.report("list", 1, 9, { state: "succeeded" });
    expect(early.statuses()).toMatchObject({ list: "succeeded", regions: "cancelled" });
    early.clear(["check"]);
    early.say({ kind: "admit" });
    expect(early.statuses()).toMatchObject({ regions: "running", "load[0]": "assigned" });
  });

  test("a mark makes a group map anew only as a whole: an instance that had its attempt keeps its end", () => {
    const s = begun();
    s.succeed("list");
    s.cancel();
    s.report("load[0]", 1, 9, { state: "cancelled" });
    expect(s.state.status).toBe("cancelled");
    s.mark("list", "skipped");
    s.mark("list", "succeeded");
    s.say({ kind: "admit" });
    expect(s.statuses()).toMatchObject({ "load[0]": "cancelled", "check[0]": "upstream_failed" });
    s.succeed("load[1]");
    s.succeed("check[1]");
    expect(s.state).toMatchObject({
      ...{ status: "cancelled", reason: "task `load[0]` cancelled and not done since" },
    });
  });

  test("what was removed cannot be marked", () => {
    const s = begun();
    s.succeed("list");
    s.fail("load[0]");
    s.clear(["list"], { downstream: true });
    expect(s.statuses()).toMatchObject({ "load[0]": "removed" });
    expect(s.mark("load[0]", "succeeded").decision).toMatchObject({
      why: "load[0] was removed: the list is shorter now, or about to be made anew",
    });
  });
});
