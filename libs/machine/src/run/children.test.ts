// Runs that wait for each other, in whatever order they hear of it.
import { expect, test } from "vitest";
import { planFrom } from "../testing/plans.ts";
import type { Child, Parent } from "./children.ts";
import { parentOf } from "./children.ts";
import { decide } from "./decide.ts";
import { newRun } from "./fold.ts";
import type { RunMessage } from "./messages.ts";

/** Runs by letters, each with a task that waits for others as it is told. */
function world() {
  const runs = new Map(
    ["a", "b", "c"].map((id) => {
      const facts = { id, dagId: `dag-${id}`, key: "k", logicalMs: 0 };
      const plan = planFrom({ go: { kind: "dag.run" } });
      const state = newRun({ plan, facts, params: {}, event: null });
      decide(state, { kind: "start", admitted: true }, { nowMs: 1, cause: "start" });
      return [id, state];
    }),
  );
  const of = (id: string) => {
    const state = runs.get(id);
    if (state === undefined) throw new Error(`no run ${id}`);
    return state;
  };
  const tell = (id: string, message: RunMessage) =>
    decide(of(id), message, { nowMs: 2, cause: JSON.stringify(message) }).decision;
  const ref = { taskId: "go", mapIndex: -1 };
  return {
    /** Names the run that it wants; what it says to that comes later. */
    wants(id: string, runId: string) {
      const child: Child = {
        ...{ runId, dagId: `dag-${runId}`, key: "k", params: {}, wait: true },
        allowed: ["succeeded"],
      };
      tell(id, { kind: "child_named", ...ref, attempt: 1, child });
      return (): Parent | undefined => parentOf(of(id), ref, { attempt: 1, child });
    },
    hears(id: string, parent: Parent | undefined): string {
      if (parent === undefined) throw new Error("too deep");
      const decision = tell(id, { kind: "joined", parent });
      return decision.kind === "rejected" ? decision.why : decision.kind;
    },
  };
}

test("one after the other: who closes the circle is refused, over any number of runs", () => {
  const w = world();
  expect(w.hears("b", w.wants("a", "b")())).toBe("moved");
  expect(w.hears("c", w.wants("b", "c")())).toBe("moved");
  expect(w.hears("a", w.wants("c", "a")())).toBe(
    "run a cannot be waited for: it waits for go of run c itself",
  );
});

test("a run that joins late tells nobody below it; but it knows whom it waits for", () => {
  const w = world();
  expect(w.hears("c", w.wants("b", "c")())).toBe("moved");
  expect(w.hears("b", w.wants("a", "b")())).toBe("moved"); // c does not hear of a
  expect(w.hears("a", w.wants("c", "a")())).toBe(
    "run a cannot be waited for: it waits for run b, which waits for run c itself (a circle through go)",
  );
});

test("two that ask at once are both refused", () => {
  const w = world();
  const [toB, toA] = [w.wants("a", "b")(), w.wants("b", "a")()];
  expect(w.hears("b", toB)).toBe(
    "run b cannot be waited for: it waits for run a itself (a circle through go)",
  );
  expect(w.hears("a", toA)).toBe(
    "run a cannot be waited for: it waits for run b itself (a circle through go)",
  );
});
