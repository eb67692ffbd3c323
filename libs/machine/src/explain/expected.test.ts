// When something is expected: timers, estimates from earlier runs, and nothing where anything on the way is unknown.
import { expect, test } from "vitest";
import type { TaskLiteral } from "../testing/plans.ts";
import { story } from "../testing/story.ts";
import type { Took } from "./expected.ts";
import { expectedOf, medianOf } from "./expected.ts";

const TOOK: Readonly<Record<string, Took>> = {
  a: { medianMs: 10_000, runs: 7 },
  b: { medianMs: 60_000, runs: 3 },
  c: { medianMs: 1_000, runs: 10 },
};

function running(tasks: Readonly<Record<string, TaskLiteral>>) {
  const t = story(tasks);
  t.start(); // at 1,000
  const expected = (label: string, nowMs: number, took = TOOK) => {
    const task = t.task(label);
    if (task === undefined) throw new Error(`no task ${label}`);
    return expectedOf(t.state, task, { nowMs, durations: (id) => took[id] });
  };
  return { ...t, expected };
}
const chain = { a: {}, b: { needs: ["a"] }, c: { needs: ["b"] }, d: { needs: ["a", "c"] } };

test("one at work ends after its median, never before now; what needs it starts then", () => {
  const t = running(chain);
  t.report("a", 1, 1, { state: "running" });
  const startedMs = t.task("a")?.startedMs ?? 0;
  const end = { atMs: startedMs + 10_000, by: "estimate", runs: 7 };
  expect(t.expected("a", 2_000)).toEqual(end);
  expect(t.expected("b", 2_000)).toEqual(end);
  expect(t.expected("a", 90_000)).toEqual({ ...end, atMs: 90_000 });
});

test("through a chain the medians add up, the longest way counts, and the fewest runs are told", () => {
  const t = running(chain);
  t.report("a", 1, 1, { state: "running" });
  const startedMs = t.task("a")?.startedMs ?? 0;
  expect(t.expected("d", 2_000)).toEqual({
    ...{ atMs: startedMs + 71_000, by: "estimate", runs: 3 },
  });
});

test("a repeat is known to the millisecond", () => {
  const t = running({ a: { retries: 1 }, b: { needs: ["a"] } });
  const failure = { class: "code", message: "exit code 1" } as const;
  t.report("a", 1, 2, { state: "failed", failure });
  expect(t.expected("a", 1_000)).toMatchObject({ atMs: t.task("a")?.dueMs, by: "timer" });
  expect(t.expected("b", 1_000)).toMatchObject({ by: "estimate", runs: 7 });
});

test("nothing is expected where nobody knows: no runner yet, no earlier run, a pool", () => {
  const t = running({ ...chain, p: { pools: ["db"] } });
  expect(t.expected("b", 2_000)).toBe(undefined); // a is not accepted
  expect(t.expected("p", 2_000)).toBe(undefined);
  t.report("a", 1, 1, { state: "running" });
  const { b: _, ...some } = TOOK;
  expect(t.expected("c", 2_000, some)).toBe(undefined);
});

test.each([
  [[], undefined],
  [[5], 5],
  [[9, 1], 5],
  [[3, 1, 2], 2],
  [[4, 1, 1_000, 2], 3],
])("the median of %j is %s", (values, median) => {
  expect(medianOf(values)).toBe(median);
});
