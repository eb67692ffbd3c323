// Invariants of missing.ts, and inventories in parts.
import { expect, test } from "vitest";
import type { HeldAttempt, Missing } from "./missing.ts";
import { Gathering, MISSES, afterLook } from "./missing.ts";

const attempt = (id: string): HeldAttempt => ({
  attemptId: `att-${id}`,
  runId: "run-1",
  taskId: id,
  mapIndex: -1,
  attempt: 1,
});
const held = [attempt("a"), attempt("b")];
const look = (atMs: number, ...shown: string[]) => ({
  kind: "k8s.pod",
  atMs,
  shown: new Set(shown.map((id) => `att-${id}`)),
});

test("M1: lost only after so many inventories in a row did not show it", () => {
  let missing: Missing = new Map();
  for (let n = 1; n < MISSES; n++) {
    const after = afterLook(missing, held, look(n * 30_000, "b"));
    expect(after.lost).toEqual([]);
    missing = after.missing;
  }
  const { lost } = afterLook(missing, held, look(MISSES * 30_000, "b"));
  expect(lost).toEqual([
    {
      ...attempt("a"),
      evidence: "3 inventories of k8s.pod in a row, since 1970-01-01T00:00:30.000Z, do not show it",
    },
  ]);
});

test("M2: one inventory that shows it forgets every miss before", () => {
  let missing: Missing = new Map();
  for (let n = 0; n < 20; n++) {
    const shown = n % MISSES === MISSES - 1 ? ["a", "b"] : ["b"];
    const after = afterLook(missing, held, look(n * 30_000, ...shown));
    expect(after.lost).toEqual([]);
    missing = after.missing;
  }
});

test("what ended meanwhile is not held any more, and not lost", () => {
  let missing: Missing = new Map();
  for (let n = 1; n < MISSES; n++) missing = afterLook(missing, held, look(n)).missing;
  expect(afterLook(missing, [], look(MISSES))).toEqual({ missing: new Map(), lost: [] });
});

test("an inventory counts when its last part is there, in whatever order", () => {
  const gathering = new Gathering();
  const part = (n: number, ...attemptIds: string[]) => ({
    service: "k8s-runner",
    kind: "k8s.pod",
    atMs: 1,
    attemptIds,
    part: n,
    parts: 2,
  });
  expect(gathering.take(part(2, "y"))).toBe(undefined);
  expect(gathering.take({ ...part(1, "z"), atMs: 2 })).toBe(undefined); // of another look
  expect(gathering.take(part(1, "x"))).toEqual({
    kind: "k8s.pod",
    atMs: 1,
    shown: new Set(["x", "y"]),
  });
});
