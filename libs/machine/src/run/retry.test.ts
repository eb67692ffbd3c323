// When a failed attempt is repeated, and what it costs.
import { expect, test } from "vitest";
import { planFrom } from "../testing/plans.ts";
import { FREE_REPEATS_MAX, repeatOf } from "./retry.ts";
import type { Failure } from "./state.ts";

const planned = planFrom({ t: { retries: 2 } }).tasks[0] ?? never();
const code: Failure = { class: "code", message: "exit code 1" };
const neverStarted: Failure = { class: "infra", message: "no node", neverStarted: true };
const NOW_MS = 10_000;

test("an attempt is repeated as often as the policy says, with a growing wait", () => {
  const waits = [1, 2].map((attempt) => {
    const repeat = repeatOf(planned, { attempt, freeRepeats: 0 }, code, NOW_MS);
    return repeat.kind === "repeat" ? repeat.atMs - NOW_MS : -1;
  });
  expect(waits[0]).toBeGreaterThanOrEqual(100);
  expect(waits[0]).toBeLessThanOrEqual(110);
  expect(waits[1]).toBeGreaterThanOrEqual(200);
  expect(waits[1]).toBeLessThanOrEqual(220);
  expect(repeatOf(planned, { attempt: 3, freeRepeats: 0 }, code, NOW_MS)).toEqual({ kind: "fail" });
});

test("the wait has a cap", () => {
  const many = { ...planned, retries: { ...planned.retries, max: 20 } };
  const repeat = repeatOf(many, { attempt: 15, freeRepeats: 0 }, code, NOW_MS);
  expect(repeat.kind === "repeat" && repeat.atMs - NOW_MS).toBeLessThanOrEqual(1_100);
});

test("an attempt that never started is repeated free of charge, up to a cap", () => {
  const free = repeatOf(planned, { attempt: 1, freeRepeats: 0 }, neverStarted, NOW_MS);
  expect(free).toMatchObject({ kind: "repeat", free: true });
  const spent = { attempt: FREE_REPEATS_MAX + 1, freeRepeats: FREE_REPEATS_MAX };
  expect(repeatOf(planned, spent, neverStarted, NOW_MS)).toMatchObject({
    kind: "repeat",
    free: false,
  });
});

test("what was free does not count against the policy", () => {
  const repeat = repeatOf(planned, { attempt: 4, freeRepeats: 2 }, code, NOW_MS);
  expect(repeat).toMatchObject({ kind: "repeat", free: false });
});

test.each<Failure>([
  { class: "config", message: "no such template" },
  { class: "code", message: "refused", permanent: true },
])("$message: a repeat cannot help", (failure) => {
  expect(repeatOf(planned, { attempt: 1, freeRepeats: 0 }, failure, NOW_MS)).toEqual({
    kind: "fail",
  });
});

test("the same attempt always waits as long", () => {
  const once = repeatOf(planned, { attempt: 1, freeRepeats: 0 }, code, NOW_MS);
  expect(repeatOf(planned, { attempt: 1, freeRepeats: 0 }, code, NOW_MS)).toEqual(once);
});

function never(): never {
  throw new Error("a plan of one task has one");
}
