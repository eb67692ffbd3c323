// Every trigger rule against every combination of up to three upstream outcomes, told apart from the code by a
// reference that asks the words of the rule's definition of the list of outcomes.
import { describe, expect, test } from "vitest";
import type { TriggerRule } from "../plan.ts";
import { noCounts, ruleVerdict } from "./rules.ts";
import type { Counts, RuleVerdict } from "./rules.ts";

const outcomes = ["none", "succeeded", "failed", "skipped", "upstreamFailed", "removed"] as const;
type Outcome = (typeof outcomes)[number];

/** All multisets of `size` outcomes. */
function combinations(size: number, from = 0): Outcome[][] {
  if (size === 0) return [[]];
  return outcomes.flatMap((outcome, index) =>
    index < from ? [] : combinations(size - 1, index).map((rest) => [outcome, ...rest]),
  );
}

const is =
  (...kinds: Outcome[]) =>
  (outcome: Outcome): boolean =>
    kinds.includes(outcome);
const red = is("failed", "upstreamFailed");

/** What a rule says of a list of outcomes: when may it run, and what does it become when it never may. */
const reference: Record<TriggerRule, (list: Outcome[]) => RuleVerdict> = {
  all_success: (list) =>
    list.some(red) ? "upstream_failed" : ifDone(list, list.some(is("skipped")) ? "skip" : "run"),
  all_failed: (list) => (list.some(is("succeeded", "skipped")) ? "skip" : ifDone(list, "run")),
  all_done: (list) => ifDone(list, "run"),
  all_done_min_one_success: (list) =>
    ifDone(list, list.some(is("succeeded")) ? "run" : list.some(red) ? "upstream_failed" : "skip"),
  all_skipped: (list) =>
    list.some(is("succeeded", "failed", "upstreamFailed")) ? "skip" : ifDone(list, "run"),
  one_success: (list) =>
    list.some(is("succeeded")) ? "run" : ifDone(list, list.some(red) ? "upstream_failed" : "skip"),
  one_failed: (list) => (list.some(red) ? "run" : ifDone(list, "skip")),
  one_done: (list) => (list.some(is("succeeded", "failed")) ? "run" : ifDone(list, "skip")),
  none_failed: (list) => (list.some(red) ? "upstream_failed" : ifDone(list, "run")),
  none_failed_min_one_success: (list) =>
    list.some(red) ? "upstream_failed" : ifDone(list, list.some(is("succeeded")) ? "run" : "skip"),
  none_skipped: (list) => (list.some(is("skipped")) ? "skip" : ifDone(list, "run")),
  always: () => "run",
};
const ifDone = (list: Outcome[], verdict: RuleVerdict): RuleVerdict =>
  list.includes("none") ? "wait" : verdict;

const countsOf = (list: Outcome[]): Counts => {
  const counts = noCounts();
  for (const outcome of list) if (outcome !== "none") counts[outcome] += 1;
  return counts;
};

describe.each(Object.keys(reference) as TriggerRule[])("%s", (rule) => {
  const lists = [1, 2, 3].flatMap((size) => combinations(size));
  test(`${lists.length} combinations of upstream outcomes`, () => {
    for (const list of lists)
      expect(ruleVerdict(rule, countsOf(list), list.length), list.join(" ")).toBe(
        reference[rule](list),
      );
  });
  test("a task without upstream runs", () => {
    expect(ruleVerdict(rule, noCounts(), 0)).toBe("run");
  });
});

test.each(Object.keys(reference) as TriggerRule[])(
  "U1. what %s makes of a task does not depend on which of its upstream ended first",
  (rule) => {
    for (const list of combinations(3).filter((ends) => !ends.includes("none")))
      for (const [a, b, c] of orders(list)) {
        const steps = [[a], [a, b], [a, b, c]].map((ended) =>
          ruleVerdict(rule, countsOf(ended), 3),
        );
        const first = steps.find((verdict) => verdict !== "wait");
        expect(first, `${rule} over ${list.join(" ")}`).toBe(steps.at(-1));
      }
  },
);

/** All orders of three. */
function orders([a, b, c]: Outcome[]): [Outcome, Outcome, Outcome][] {
  if (a === undefined || b === undefined || c === undefined) throw new Error("want three outcomes");
  return [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ];
}

// Cells that people ask about, in plain words.
test.each<[TriggerRule, Outcome[], RuleVerdict]>([
  ["all_success", ["succeeded", "skipped"], "skip"],
  ["all_success", ["failed", "none"], "upstream_failed"],
  ["all_success", ["skipped", "none"], "wait"],
  ["one_success", ["succeeded", "none"], "run"],
  ["one_failed", ["failed", "none"], "run"],
  ["one_done", ["skipped", "none"], "wait"],
  ["none_failed_min_one_success", ["skipped", "skipped"], "skip"],
  ["all_done", ["failed", "upstreamFailed"], "run"],
  ["none_failed", ["removed", "skipped"], "run"],
])("%s over %j is %s", (rule, list, verdict) => {
  expect(ruleVerdict(rule, countsOf(list), list.length)).toBe(verdict);
});
