import { expect, test } from "vitest";
import { decideTrigger, matches } from "./triggers.ts";
import type { Binding, BoundDag, Evaluated, Trigger } from "./triggers.ts";

const trigger: Trigger = {
  source: "logistics",
  id: "7",
  type: "routes.closed",
  path: "logistics.routes.closed",
  timeMs: 1_000,
  data: { country: "CO" },
};
const ok = <T>(value: T): Evaluated<T> => ({ ok: true, value });
const no = (reason: string): Evaluated<never> => ({ ok: false, reason });
const binding = (changes: Partial<Binding> = {}): Binding => ({
  subject: "logistics.routes.closed",
  when: () => ok(true),
  key: () => ok("2026-11-22"),
  ...changes,
});
const dag = (dagId: string, ...bindings: Binding[]): BoundDag => ({ dagId, bindings });

test("G1: nobody bound, no verdict", () => {
  expect(decideTrigger(trigger, [])).toEqual([]);
  expect(decideTrigger(trigger, [dag("a", binding({ subject: "logistics.routes" }))])).toEqual([]);
});

test("a bound DAG starts with the key of its binding", () => {
  expect(decideTrigger(trigger, [dag("a", binding())])).toEqual([
    { dagId: "a", outcome: "start", key: "2026-11-22" },
  ]);
});

test("G2: the first binding whose condition holds decides", () => {
  const first = binding({ when: () => ok(false) });
  const second = binding({ when: () => no("no such key: region") });
  const third = binding({ key: () => ok("third") });
  const fourth = binding({ key: () => ok("fourth") });
  expect(decideTrigger(trigger, [dag("a", first, second, third, fourth)])).toEqual([
    { dagId: "a", outcome: "start", key: "third" },
  ]);
  expect(decideTrigger(trigger, [dag("a", first, second, first)])).toEqual([
    { dagId: "a", outcome: "filtered", reason: "when is false; when: no such key: region" },
  ]);
});

test("G3: one DAG's broken key is its own trouble", () => {
  const broken = binding({ key: () => no("no such key: day") });
  const verdicts = decideTrigger(trigger, [dag("a", broken), dag("b", binding())]);
  expect(verdicts).toEqual([
    { dagId: "a", outcome: "dead", reason: "key: no such key: day" },
    { dagId: "b", outcome: "start", key: "2026-11-22" },
  ]);
});

test.each(["", "x".repeat(257), "two\nlines"])("a key no run can have: %j", (key) => {
  const [verdict] = decideTrigger(trigger, [dag("a", binding({ key: () => ok(key) }))]);
  expect(verdict).toMatchObject({
    outcome: "dead",
    reason: expect.stringMatching(/want 1 to 256/),
  });
});

test.each<[string, string, boolean]>([
  ["a.b.c", "a.b.c", true],
  ["a.b.c", "a.b", false],
  ["a.b", "a.b.c", false],
  ["a.*.c", "a.b.c", true],
  ["a.*", "a.b.c", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  ["a.>.c", "a.b.c", false],
  [">", "a", true],
])("filter %s, subject %s: %s", (filter, subject, expected) => {
  expect(matches(filter, subject)).toBe(expected);
});
