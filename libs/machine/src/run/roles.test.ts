// Setup, teardown and on-exit tasks told as stories.
import { expect, test } from "vitest";
import { itemsOf } from "../testing/plans.ts";
import type { TaskLiteral } from "../testing/plans.ts";
import { story } from "../testing/story.ts";

const CLUSTER: Record<string, TaskLiteral> = {
  make: { role: "setup" },
  work: { needs: ["make"] },
  remove: { role: "teardown", needs: ["make", "work"], setups: ["make"] },
};

test("a teardown runs although the work failed; its success hides nothing", () => {
  const s = story(CLUSTER);
  s.start();
  s.succeed("make");
  s.fail("work");
  expect(s.statuses()["remove"]).toBe("assigned");
  s.succeed("remove");
  expect(s.state.status).toBe("failed");
  expect(s.state.reason).toBe("task `work` failed");
});

test("a teardown that fails does not decide the run's state", () => {
  const s = story(CLUSTER);
  s.start();
  s.succeed("make");
  s.succeed("work");
  s.fail("remove");
  expect(s.state.status).toBe("succeeded");
});

test("without a setup that succeeded there is nothing to take away", () => {
  const failed = story(CLUSTER);
  failed.start();
  failed.fail("make");
  expect(failed.statuses()["remove"]).toBe("upstream_failed");
  const skipped = story(CLUSTER);
  skipped.start();
  skipped.report("make", 1, 3, { state: "skipped", reason: "there already" });
  expect(skipped.statuses()).toEqual({ make: "skipped", work: "skipped", remove: "skipped" });
});

test("a cancelled run still takes away what its setup made", () => {
  const s = story(CLUSTER);
  s.start();
  s.succeed("make");
  s.cancel();
  expect(s.statuses()).toEqual({ make: "succeeded", work: "cancelling", remove: "waiting" });
  s.report("work", 1, 3, { state: "cancelled" });
  expect(s.statuses()["remove"]).toBe("assigned");
  s.succeed("remove");
  expect(s.state.status).toBe("cancelled");
});

test("`now` ends teardowns, too", () => {
  const s = story(CLUSTER);
  s.start();
  s.succeed("make");
  s.cancel();
  s.report("work", 1, 3, { state: "cancelled" });
  expect(s.cancel().types).toEqual([]); // once is enough, unless it is to be now
  expect(s.cancel(true).effects).toMatchObject([{ kind: "cancel", taskId: "remove" }]);
  s.report("remove", 1, 3, { state: "cancelled" });
  expect(s.state.status).toBe("cancelled");
});

test("a run that timed out takes away, too, and stays red", () => {
  const s = story(CLUSTER, { timeoutMs: 1_000 });
  s.start();
  s.succeed("make");
  s.wait(2_000);
  s.report("work", 1, 3, { state: "cancelled" });
  s.succeed("remove");
  expect(s.state.status).toBe("failed");
  expect(s.state.reason).toBe("the run took longer than its timeout");
});

const WITH_EXIT: Record<string, TaskLiteral> = { ...CLUSTER, report: { role: "on_exit" } };

test("an on-exit task starts when all else has ended, and knows how", () => {
  const seen: unknown[] = [];
  const s = story({
    ...WITH_EXIT,
    report: {
      role: "on_exit",
      when: ({ exit }) => {
        seen.push(exit);
        return { ok: true, value: true };
      },
    },
  });
  s.start();
  s.succeed("make");
  s.fail("work");
  expect(s.statuses()["report"]).toBe("waiting");
  s.succeed("remove");
  expect(s.statuses()["report"]).toBe("assigned");
  expect(seen).toEqual([{ state: "failed", failedTasks: ["work"] }]);
  s.succeed("report");
  expect(s.state.status).toBe("failed");
});

test("on-exit tasks run in a cancelled run, and their failure is one", () => {
  const cancelled = story(WITH_EXIT);
  cancelled.start();
  cancelled.cancel();
  cancelled.report("make", 1, 3, { state: "cancelled" });
  expect(cancelled.statuses()).toMatchObject({ remove: "upstream_failed", report: "assigned" });
  cancelled.succeed("report");
  expect(cancelled.state.status).toBe("cancelled");
  const red = story({ a: {}, report: { role: "on_exit" } });
  red.start();
  red.succeed("a");
  red.fail("report");
  expect(red.state.reason).toBe("task `report` failed");
});

test("a mapped on-exit task has its instances when all else has ended, in a cancelled run, too", () => {
  const tasks = { a: {}, tell: { role: "on_exit" as const, items: itemsOf(2), parallel: 1 } };
  const s = story(tasks);
  s.start();
  s.succeed("a");
  expect(s.statuses()).toMatchObject({ "tell[0]": "assigned", "tell[1]": "waiting" });
  s.succeed("tell[0]");
  s.succeed("tell[1]");
  expect(s.state.status).toBe("succeeded");
  const cancelled = story(tasks);
  cancelled.start();
  cancelled.cancel();
  cancelled.report("a", 1, 3, { state: "cancelled" });
  cancelled.succeed("tell[0]");
  cancelled.succeed("tell[1]");
  expect(cancelled.state.status).toBe("cancelled");
});

test("a run that was cancelled before it began runs nothing at all", () => {
  const s = story(WITH_EXIT);
  s.say({ kind: "start", admitted: false });
  s.cancel();
  expect(Object.values(s.statuses())).toEqual(["cancelled", "cancelled", "cancelled", "cancelled"]);
  expect(s.state.status).toBe("cancelled");
});

test("neither teardown nor on-exit handles a failure", () => {
  const s = story({
    a: {},
    tidy: { role: "teardown", needs: ["a"], rule: "one_failed" },
  });
  s.start();
  s.fail("a");
  s.succeed("tidy");
  expect(s.state.status).toBe("failed");
});
