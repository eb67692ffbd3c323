// The invariants of facts.ts, over random histories told in random order.
import fc from "fast-check";
import { expect, test } from "vitest";
import { failed, failure, retrying, run, settled } from "../testing/notices.ts";
import { type Asked, type Facts, fold, type Notice, taskName } from "./facts.ts";
import { stateOf } from "./incident-state.ts";

const asked: Asked = { failed: true, retrying: true, succeeded: true };
/** Sometimes more of them than an incident keeps. */
const tasks = fc.array(
  fc.record({ taskId: fc.constantFrom("a", "b", "c"), mapIndex: fc.integer({ min: -1, max: 9 }) }),
  { minLength: 1, maxLength: 12 },
);

/** One notice a version, as a run's history has them: each version is about something else. */
const histories = fc
  .array(
    fc.tuple(tasks, fc.constantFrom("failed", "retrying", "recovered", "settled", "succeeded")),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) =>
    steps.map(([about, what], i): Notice => {
      const version = i + 2;
      const told = about.map((task) => failure({ ...task, attempt: i + 1 }));
      if (what === "failed") return failed(version, ...told);
      if (what === "retrying") return retrying(version, ...told);
      if (what === "recovered") return { what: "task-recovered", run: run(version), tasks: about };
      return settled(version, what === "settled" ? "failed" : "succeeded", told);
    }),
  );

const opened = (): Facts => {
  const facts = fold(undefined, failed(1, failure({ taskId: "first" })), asked);
  if (facts === undefined) throw new Error("not opened");
  return facts;
};
const all = (facts: Facts, notices: readonly Notice[]): Facts =>
  notices.reduce((before, notice) => fold(before, notice, asked) ?? before, facts);

test("F1 once open, order and repetition do not matter", () => {
  fc.assert(
    fc.property(
      histories.chain((history) =>
        fc.tuple(
          fc.constant(history),
          fc.shuffledSubarray([...history, ...history], { minLength: history.length * 2 }),
        ),
      ),
      ([history, shuffled]) => {
        expect(all(opened(), shuffled)).toEqual(all(opened(), history));
      },
    ),
  );
});

const tasksOf = (
  notice: Notice,
): readonly { readonly taskId: string; readonly mapIndex: number }[] => {
  if (notice.what === "dag-auto-paused" || "question" in notice) return [];
  return notice.what === "task-recovered" ? notice.tasks : notice.failures;
};

test("F2 the newest word counts, and a settled run's own is the last", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const facts = all(opened(), history);
      for (const task of facts.tasks) {
        const later = history.filter(
          (notice) =>
            notice.run.version > task.version &&
            tasksOf(notice).some((one) => taskName(one) === taskName(task)),
        );
        expect(later).toEqual([]);
      }
      const ends = history.filter((notice) => notice.what === "run-settled");
      const last = ends.at(-1);
      if (last === undefined) expect(facts.settled).toBeUndefined();
      else expect(facts.settled?.version).toBe(last.run.version);
      if (last?.state === "failed") expect(stateOf(facts)).toBe("failed");
    }),
  );
});

test("F3 what changes nothing is seen to change nothing", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const facts = all(opened(), history);
      for (const notice of history) expect(fold(facts, notice, asked)).toBe(facts);
    }),
  );
});
