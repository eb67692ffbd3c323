// When a failed attempt is repeated, and what it costs.
import { describe, expect, test } from "vitest";
import type { RetryRule } from "../plan.ts";
import { planFrom } from "../testing/plans.ts";
import { FREE_REPEATS_MAX, repeatOf } from "./retry.ts";
import type { Failure } from "./state.ts";

const planned = planFrom({ t: { retries: 2 } }).tasks[0] ?? never();
const code: Failure = { class: "code", message: "exit code 1" };
const neverStarted: Failure = { class: "infra", message: "no node", neverStarted: true };
const NOW_MS = 10_000;
const at = (attempt: number, freeRepeats = 0, more: { base?: number; firstMs?: number } = {}) => ({
  mapIndex: -1,
  attempt,
  attemptBase: more.base ?? 0,
  freeRepeats,
  firstMs: more.firstMs,
});

test("an attempt is repeated as often as the policy says, with a growing wait", () => {
  const waits = [1, 2].map((attempt) => {
    const repeat = repeatOf(planned, at(attempt), code, NOW_MS);
    return repeat.kind === "repeat" ? repeat.atMs - NOW_MS : -1;
  });
  expect(waits[0]).toBeGreaterThanOrEqual(100);
  expect(waits[0]).toBeLessThanOrEqual(110);
  expect(waits[1]).toBeGreaterThanOrEqual(200);
  expect(waits[1]).toBeLessThanOrEqual(220);
  expect(repeatOf(planned, at(3), code, NOW_MS)).toEqual({ kind: "fail" });
});

test("the wait has a cap", () => {
  const many = { ...planned, retries: { ...planned.retries, max: 20 } };
  const repeat = repeatOf(many, at(15), code, NOW_MS);
  expect(repeat.kind === "repeat" && repeat.atMs - NOW_MS).toBeLessThanOrEqual(1_100);
});

test("an attempt that never started is repeated free of charge, up to a cap", () => {
  const free = repeatOf(planned, at(1), neverStarted, NOW_MS);
  expect(free).toMatchObject({ kind: "repeat", free: true });
  const spent = at(FREE_REPEATS_MAX + 1, FREE_REPEATS_MAX);
  expect(repeatOf(planned, spent, neverStarted, NOW_MS)).toMatchObject({
    kind: "repeat",
    free: false,
  });
});

test("what was free does not count against the policy", () => {
  const repeat = repeatOf(planned, at(4, 2), code, NOW_MS);
  expect(repeat).toMatchObject({ kind: "repeat", free: false });
});

test.each<Failure>([
  { class: "config", message: "no such template" },
  { class: "rejected", message: "no, said ana" },
  { class: "code", message: "refused", permanent: true },
])("$message: a repeat cannot help", (failure) => {
  expect(repeatOf(planned, at(1), failure, NOW_MS)).toEqual({
    kind: "fail",
  });
});

test("the same attempt always waits as long", () => {
  const once = repeatOf(planned, at(1), code, NOW_MS);
  expect(repeatOf(planned, at(1), code, NOW_MS)).toEqual(once);
});

test("after a clear the retries begin anew, the numbers do not", () => {
  expect(repeatOf(planned, at(5, 0, { base: 4 }), code, NOW_MS)).toMatchObject({ kind: "repeat" });
  expect(repeatOf(planned, at(7, 0, { base: 4 }), code, NOW_MS)).toEqual({ kind: "fail" });
});

test("a repeat that would begin after the time for all attempts is none", () => {
  const { tasks } = planFrom({ t: { retries: 9, totalTimeoutMs: 1_000 } });
  const timed = tasks[0] ?? never();
  const early = repeatOf(timed, at(1, 0, { firstMs: NOW_MS - 500 }), code, NOW_MS);
  expect(early.kind).toBe("repeat");
  expect(repeatOf(timed, at(1, 0, { firstMs: NOW_MS - 950 }), code, NOW_MS)).toEqual({
    kind: "fail",
    why: "no time for another attempt within 1 s",
  });
});

describe("rules", () => {
  const classIs =
    (wanted: string): RetryRule["when"] =>
    ({ failure }) => ({ ok: true, value: failure.class === wanted });
  const rule = (
    when: RetryRule["when"],
    outcome: RetryRule["outcome"],
    backoffMs?: number,
  ): RetryRule => ({
    when,
    outcome,
    backoffMs,
    text: `rule ${outcome}`,
  });
  const withRules = (...rules: RetryRule[]) =>
    planFrom({ t: { retries: 1, rules } }).tasks[0] ?? never();

  test("the first that holds decides", () => {
    const ruled = withRules(
      rule(classIs("lost"), "fail"),
      rule(classIs("code"), "skip"),
      rule(() => ({ ok: true, value: true }), "fail"),
    );
    expect(repeatOf(ruled, at(1), code, NOW_MS)).toEqual({ kind: "skip", rule: "rule skip" });
  });

  test("none that holds leaves it to the policy", () => {
    const ruled = withRules(rule(classIs("lost"), "fail"));
    expect(repeatOf(ruled, at(1), code, NOW_MS)).toMatchObject({ kind: "repeat", free: false });
  });

  test("retry has its own wait, repeats what else is hopeless, and never more often than max", () => {
    const ruled = withRules(rule(() => ({ ok: true, value: true }), "retry", 5_000));
    const hopeless: Failure = { ...code, permanent: true };
    const repeat = repeatOf(ruled, at(1), hopeless, NOW_MS);
    expect(repeat.kind === "repeat" && repeat.atMs - NOW_MS).toBeGreaterThanOrEqual(5_000);
    expect(repeatOf(ruled, at(2), hopeless, NOW_MS)).toEqual({ kind: "fail", rule: "rule retry" });
  });

  test("a rule that cannot be evaluated fails the task and says why", () => {
    const ruled = withRules(rule(() => ({ ok: false, message: "no field exit_code" }), "retry"));
    expect(repeatOf(ruled, at(1), code, NOW_MS)).toEqual({
      kind: "fail",
      why: "retry rule `rule retry`: no field exit_code",
    });
  });
});

function never(): never {
  throw new Error("a plan of one task has one");
}
