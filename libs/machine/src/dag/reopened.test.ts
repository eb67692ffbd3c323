// What a DAG makes of runs that a person reopened, and of what is heard late about them.
import { expect, test } from "vitest";
import type { DagDecision, DagMessage } from "./dag.ts";
import { decideDag, newDag } from "./dag.ts";

/** A DAG that allows one active run. */
function setup() {
  const dag = newDag("d");
  const say = (message: DagMessage, waiting: readonly string[] = []): DagDecision =>
    decideDag(dag, message, waiting);
  const rules = { maxActiveRuns: 1, overlap: "queue" as const, autoPauseAfter: 0 };
  say({ kind: "apply", version: { fingerprint: "f", ...rules } });
  const start = (runId: string) => say({ kind: "start", runId, exists: false, scheduled: false });
  return { dag, say, start };
}

test("a run that was reopened gets a slot, whatever max_active_runs says", () => {
  const { say, start } = setup();
  start("a");
  const reopened: DagMessage = { kind: "reopened", runId: "old", reopenedMs: 7 };
  expect(say(reopened)).toMatchObject({ effects: [{ kind: "admit", runId: "old" }] });
  expect(say(reopened)).toEqual({
    ...{ kind: "moved", events: [], effects: [{ kind: "admit", runId: "old" }] },
  });
});

test("an end that is heard after the run was reopened takes no slot away; the next one does", () => {
  const { dag, say, start } = setup();
  start("a");
  start("b");
  const end: DagMessage = { kind: "settled", runId: "a", settledMs: 5 };
  say({ kind: "reopened", runId: "a", reopenedMs: 6 });
  const late = { kind: "nothing", why: "the run was reopened since" };
  expect(say(end)).toEqual(late);
  expect(say(end)).toEqual(late);
  expect(dag.active).toEqual(["a"]);
  expect(say({ ...end, settledMs: 6 }, ["b"])).toMatchObject({
    effects: [{ kind: "admit", runId: "b" }],
  });
});

test("a reopening that comes again after the run's end gives no slot that nobody would give back", () => {
  const { dag, say } = setup();
  const reopened: DagMessage = { kind: "reopened", runId: "old", reopenedMs: 7 };
  say(reopened);
  say({ kind: "settled", runId: "old", settledMs: 9 });
  expect(say(reopened)).toEqual({ kind: "nothing", why: "the run has ended since" });
  expect(dag.active).toEqual([]);
  expect(say({ ...reopened, reopenedMs: 10 })).toMatchObject({ effects: [{ kind: "admit" }] });
});

test("of the runs that were reopened and ended, a hundred are known, for an hour", () => {
  const { dag, say } = setup();
  const reopenAndEnd = (runId: string, atMs: number): void => {
    say({ kind: "reopened", runId, reopenedMs: atMs });
    say({ kind: "settled", runId, settledMs: atMs });
  };
  say({ kind: "reopened", runId: "at-work", reopenedMs: 1 });
  for (let n = 2; n <= 103; n++) reopenAndEnd(`run-${n}`, n);
  expect([...dag.reopened.keys()].slice(0, 2)).toEqual(["at-work", "run-4"]);
  expect(dag.reopened.size).toBe(101);
  reopenAndEnd("later", 3_600_103);
  expect([...dag.reopened.keys()]).toEqual(["at-work", "run-103", "later"]);
});
