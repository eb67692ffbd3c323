// Mapped tasks and groups told as stories.
import { describe, expect, test } from "vitest";
import type { TaskLiteral } from "../testing/plans.ts";
import { itemsOf } from "../testing/plans.ts";
import { story } from "../testing/story.ts";
import { scopeOf } from "./scope.ts";

const MAPPED = { list: {}, load: { needs: ["list"], items: itemsOf(3) }, sum: { needs: ["load"] } };

describe("a mapped task", () => {
  test("has an instance per item; what is downstream waits for all of them", () => {
    const s = story(MAPPED);
    s.start();
    const { effects } = s.succeed("list");
    expect(effects.map(({ kind }) => kind)).toEqual(["assign", "assign", "assign"]);
    s.succeed("load[2]");
    s.succeed("load[0]");
    expect(s.statuses()).toMatchObject({ load: "running", "load[1]": "assigned", sum: "waiting" });
    expect(s.succeed("load[1]").types).toEqual(["task_succeeded", "task_assigned"]);
    expect(s.statuses()).toMatchObject({ load: "succeeded", sum: "assigned" });
    s.succeed("sum");
    expect(s.state.status).toBe("succeeded");
  });

  test("of an empty list is skipped, and so is what follows it", () => {
    const s = story({ ...MAPPED, load: { needs: ["list"], items: itemsOf(0) } });
    s.start();
    s.succeed("list");
    expect(s.statuses()).toEqual({ list: "succeeded", load: "skipped", sum: "skipped" });
    expect(s.state.status).toBe("succeeded");
  });

  test("of a list that is no list, or too long, fails as config", () => {
    const broken: TaskLiteral = { items: () => ({ ok: false, message: "gives string" }) };
    const s = story({ a: broken, b: { items: itemsOf(5), itemsMax: 4 } });
    s.start();
    expect(s.task("a")?.failure).toEqual({ class: "config", message: "for_each: gives string" });
    expect(s.task("b")?.failure?.message).toBe("for_each: 5 items: want at most 4");
  });

  test("each instance has its own retries; one failure makes the task red and names the instance", () => {
    const s = story({ load: { items: itemsOf(2), retries: 1 } });
    s.start();
    s.fail("load[0]");
    expect(s.statuses()).toMatchObject({ "load[0]": "retrying", "load[1]": "assigned" });
    s.succeed("load[1]");
    s.wait(200);
    s.fail("load[0]", 2);
    expect(s.statuses()).toMatchObject({ load: "failed", "load[0]": "failed" });
    expect(s.state.reason).toBe("task `load[0]` failed");
  });

  test("never has more at work than `parallel`", () => {
    const s = story({ load: { items: itemsOf(5), parallel: 2 } });
    s.start();
    const working = () => Object.values(s.statuses()).filter((status) => status === "assigned");
    expect(working()).toHaveLength(2);
    for (const index of [0, 1, 2, 3, 4]) {
      s.succeed(`load[${index}]`);
      expect(working().length).toBeLessThanOrEqual(2);
    }
    expect(s.state.status).toBe("succeeded");
  });

  test("counts each instance downstream: one_failed does not wait for the rest", () => {
    const s = story({ ...MAPPED, sum: { needs: ["load"], rule: "one_failed" } });
    s.start();
    s.succeed("list");
    s.fail("load[1]");
    expect(s.statuses()).toMatchObject({ "load[0]": "assigned", sum: "assigned" });
  });

  test("is read from outside as the list of its outputs, an instance reads its item", () => {
    const s = story({ load: { items: itemsOf(2), named: true }, sum: { needs: ["load"] } });
    s.start();
    s.output("load[1]", 20);
    s.output("load[0]", 10);
    const outside = scopeOf(s.state, [0], { task: s.task("sum"), atMs: 0 });
    expect(outside.tasks["load"]).toEqual({ state: "succeeded", output: [10, 20] });
    const inside = scopeOf(s.state, [], { task: s.task("load[1]"), atMs: 0 });
    expect(inside).toMatchObject({ item: { n: 1 }, index: 1 });
  });

  test("`when` over the item is asked of each instance, any other once", () => {
    const odd: TaskLiteral = {
      items: itemsOf(3),
      whenOfItem: true,
      when: ({ index = 0 }) => ({ ok: true, value: index % 2 === 1 }),
    };
    const s = story({ some: odd, none: { ...odd, whenOfItem: false } });
    s.start();
    expect(s.statuses()).toEqual({
      some: "running",
      "some[0]": "skipped",
      "some[1]": "assigned",
      "some[2]": "skipped",
      none: "skipped",
    });
  });
});

const GROUP: Record<string, TaskLiteral> = {
  g: { kind: "group", items: itemsOf(2) },
  a: { group: "g" },
  b: { group: "g", needs: ["a"] },
  after: { needs: ["b"] },
};

describe("a mapped group", () => {
  test("an inner edge runs per index, without waiting for the others", () => {
    const s = story(GROUP);
    s.start();
    s.succeed("a[1]");
    expect(s.statuses()).toMatchObject({
      "a[0]": "assigned",
      "b[1]": "assigned",
      "b[0]": "waiting",
      g: "running",
    });
    for (const label of ["b[1]", "a[0]", "b[0]"]) s.succeed(label);
    expect(s.statuses()).toMatchObject({ a: "succeeded", b: "succeeded", g: "succeeded" });
    expect(s.statuses()["after"]).toBe("assigned");
  });

  test("a failure stays within its index; the group is the summary", () => {
    const s = story(GROUP);
    s.start();
    s.fail("a[0]");
    expect(s.statuses()["b[0]"]).toBe("upstream_failed");
    s.succeed("a[1]");
    s.succeed("b[1]");
    expect(s.statuses()).toMatchObject({ a: "failed", b: "upstream_failed", g: "failed" });
    expect(s.statuses()["after"]).toBe("upstream_failed");
  });

  test("`parallel` counts whole indexes", () => {
    const s = story({ ...GROUP, g: { kind: "group", items: itemsOf(3), parallel: 1 } });
    s.start();
    s.succeed("a[0]");
    expect(s.statuses()["a[1]"]).toBe("waiting");
    s.succeed("b[0]");
    expect(s.statuses()["a[1]"]).toBe("assigned");
  });

  test("cleared while an index is at work, no other begins until that one has ended", () => {
    const s = story({ ...GROUP, g: { kind: "group", items: itemsOf(2), parallel: 1 } });
    s.start();
    s.succeed("a[0]");
    s.succeed("b[0]");
    s.clear([]);
    expect(s.statuses()).toMatchObject({ g: "waiting", "a[0]": "removed", "a[1]": "cancelling" });
    s.succeed("a[1]");
    expect(s.statuses()).toMatchObject({ "a[0]": "assigned", "a[1]": "waiting" });
    expect(s.state.maps.get(0)).toMatchObject({ open: 1, opened: [true, false] });
  });

  test("one that is skipped or fails takes its tasks along", () => {
    const skipped = story({ ...GROUP, g: { kind: "group", items: itemsOf(0) } });
    skipped.start();
    expect(skipped.statuses()).toEqual({
      g: "skipped",
      a: "skipped",
      b: "skipped",
      after: "skipped",
    });
    const wrong: TaskLiteral["items"] = () => ({ ok: false, message: "no field" });
    const failed = story({ ...GROUP, g: { kind: "group", items: wrong } });
    failed.start();
    expect(failed.statuses()).toMatchObject({
      g: "failed",
      a: "upstream_failed",
      after: "upstream_failed",
    });
    expect(failed.state.reason).toBe("task `g` failed");
  });
});

describe("mapped again after a clear", () => {
  const AROUND = { upstream: true, downstream: true };
  const shrinking = (counts: number[]): Record<string, TaskLiteral> => ({
    list: {},
    load: {
      needs: ["list"],
      items: () => itemsOf(counts.shift() ?? 0)(undefined as never),
    },
    sum: { needs: ["load"] },
  });

  test("a shorter list removes instances; numbers of attempts go on", () => {
    const s = story(shrinking([3, 2]));
    s.start();
    s.succeed("list");
    for (const index of [0, 1, 2]) s.succeed(`load[${index}]`);
    s.succeed("sum");
    s.clear(["list"], { downstream: true });
    s.say({ kind: "admit" });
    s.succeed("list");
    expect(s.statuses()).toMatchObject({ "load[0]": "assigned", "load[2]": "removed" });
    expect(s.task("load[0]")?.attempt).toBe(2);
    s.succeed("load[0]");
    s.succeed("load[1]");
    expect(s.statuses()["sum"]).toBe("assigned"); // what was removed is not waited for
  });

  test("waits until nothing of the last time is at work", () => {
    const s = story(shrinking([2, 3]));
    s.start();
    s.succeed("list");
    s.report("load[0]", 1, 2, { state: "running" });
    s.succeed("load[1]");
    const cleared = s.clear(["load"]);
    expect(cleared.effects).toMatchObject([{ kind: "cancel", taskId: "load", mapIndex: 0 }]);
    expect(s.statuses()).toMatchObject({ load: "waiting", "load[0]": "cancelling" });
    s.report("load[0]", 1, 3, { state: "cancelled" });
    expect(s.statuses()).toMatchObject({ load: "running", "load[2]": "assigned" });
    expect(s.task("load[0]")?.attempt).toBe(2);
  });

  test("a group, too: nothing that is at work counts as removed, and none has a twin", () => {
    const counts = [2, 1];
    const items = () => itemsOf(counts.shift() ?? 0)(undefined as never);
    const s = story({ g: { kind: "group", items }, a: { group: "g" } });
    s.start();
    s.clear(["g"]);
    expect(s.statuses()).toMatchObject({
      g: "waiting",
      "a[0]": "cancelling",
      "a[1]": "cancelling",
    });
    s.report("a[0]", 1, 3, { state: "cancelled" });
    expect(s.statuses()).toMatchObject({ g: "waiting", "a[0]": "removed", "a[1]": "cancelling" });
    s.report("a[1]", 1, 3, { state: "cancelled" });
    expect(s.statuses()).toMatchObject({ g: "running", "a[0]": "assigned", "a[1]": "removed" });
  });

  /** It was cleared and then cancelled; an instance that was at work succeeded all the same. */
  const cancelledWhileCleared = () => {
    const s = story(shrinking([2, 3]));
    s.start();
    s.succeed("list");
    s.clear(["list"], { downstream: true });
    s.cancel();
    s.succeed("load[1]");
    s.report("load[0]", 1, 3, { state: "cancelled" });
    s.report("list", 2, 3, { state: "cancelled" });
    expect(s.state.status).toBe("cancelled");
    return s;
  };

  test.each([
    { what: "what failed", tasks: [], more: { onlyFailed: true } },
    { what: "an instance, with what is around it", tasks: ["load[1]"], more: AROUND },
  ])("$what is cleared: no instance of the old list is taken for one of the new", (row) => {
    const s = cancelledWhileCleared();
    s.clear(row.tasks, row.more);
    s.say({ kind: "admit" });
    s.succeed("list");
    expect(s.statuses()).toMatchObject({ "load[0]": "assigned", "load[1]": "assigned" });
    for (const label of ["load[0]", "load[1]", "load[2]", "sum"]) s.succeed(label);
    expect(s.state.status).toBe("succeeded");
  });
});
