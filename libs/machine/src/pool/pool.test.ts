// Who is next in line, in examples.
import { describe, expect, test } from "vitest";
import type { PoolDecision } from "./pool.ts";
import { allGrants, decidePool } from "./pool.ts";
import { lineOf, newPool } from "./state.ts";

/** `a1` is the first claim of DAG `a`. */
function setup(size: number) {
  const state = newPool("warehouse");
  state.size = size;
  let nowMs = 0;
  const namesOf = (decision: PoolDecision): string[] =>
    decision.effects.map(({ claim }) => claim.attemptId);
  const ask = (name: string, more: { slots?: number; priority?: number; size?: number } = {}) => {
    const { slots = 1, priority = 0 } = more;
    const who = { attemptId: name, runId: `run-${name}`, dagId: name.slice(0, 1), taskId: "t" };
    const claim = { ...who, mapIndex: -1, attempt: 1, slots, priority };
    return namesOf(decidePool(state, { kind: "acquire", claim, size: more.size }, (nowMs += 1)));
  };
  const give = (name: string) =>
    namesOf(decidePool(state, { kind: "release", attemptId: name }, (nowMs += 1)));
  const set = (slots: number, declared = false) =>
    namesOf(decidePool(state, { kind: "set", size: slots, declared }, (nowMs += 1)));
  return { state, ask, give, set, line: () => lineOf(state).map(({ attemptId }) => attemptId) };
}

describe("the next in line", () => {
  test("has the highest priority", () => {
    const t = setup(1);
    expect(t.ask("a1")).toEqual(["a1"]);
    t.ask("a2");
    t.ask("a3", { priority: 5 });
    expect(t.line()).toEqual(["a3", "a2"]);
    expect(t.give("a1")).toEqual(["a3"]);
    expect(t.give("a3")).toEqual(["a2"]);
  });

  test("is, among equals, of the DAG that was served longest ago: a fan-out does not shut out the others", () => {
    const t = setup(1);
    t.ask("a1");
    for (const name of ["a2", "a3", "a4", "b1", "b2", "c1"]) t.ask(name);
    expect(t.line()).toEqual(["a2", "b1", "c1", "a3", "b2", "a4"]);
    expect(t.give("a1")).toEqual(["a2"]); // it asked first, and b came after a's last turn
    expect(t.give("a2")).toEqual(["b1"]);
    expect(t.give("b1")).toEqual(["c1"]);
  });

  test("is not overtaken by small claims, though they would fit", () => {
    const t = setup(3);
    t.ask("a1", { slots: 2 });
    expect(t.ask("b1", { slots: 3 })).toEqual([]);
    expect(t.ask("c1")).toEqual([]);
    expect(t.give("a1")).toEqual(["b1"]);
    expect(t.give("b1")).toEqual(["c1"]);
  });

  test("takes the whole pool when it wants more than there is", () => {
    const t = setup(2);
    t.ask("a1");
    t.ask("b1", { slots: 9 });
    expect(t.give("a1")).toEqual(["b1"]);
    expect(t.state.out).toBe(2);
  });
});

describe("the size", () => {
  test("that grows lets in who waits; that shrinks takes nothing back", () => {
    const t = setup(1);
    for (const name of ["a1", "a2", "a3", "a4"]) t.ask(name);
    expect(t.set(3)).toEqual(["a2", "a3"]);
    expect(t.set(1)).toEqual([]);
    expect(t.state.out).toBe(3);
    expect(t.give("a1")).toEqual([]);
    expect(t.give("a2")).toEqual([]);
    expect(t.give("a3")).toEqual(["a4"]);
  });

  test("0 closes the pool", () => {
    const t = setup(0);
    expect(t.ask("a1")).toEqual([]);
    expect(t.set(1)).toEqual(["a1"]);
  });

  test("of a limit of a DAG comes with who asks, and the last word counts", () => {
    const t = setup(0);
    expect(t.ask("a1", { size: 1 })).toEqual(["a1"]);
    expect(t.ask("a2", { size: 1 })).toEqual([]);
    expect(t.ask("a3", { size: 3 })).toEqual(["a2", "a3"]);
  });

  test("that a person set stays until the installation's file says something new", () => {
    const t = setup(0);
    t.set(4, true);
    t.set(9);
    t.set(4, true); // a restart: the file is as it was
    expect(t.state.size).toBe(9);
    t.set(5, true);
    expect(t.state.size).toBe(5);
  });
});

describe("said twice", () => {
  test("who holds a slot and asks again has not heard of it: it is told once more", () => {
    const t = setup(1);
    t.ask("a1");
    expect(t.ask("a1")).toEqual(["a1"]);
    t.ask("a2");
    expect(t.ask("a2")).toEqual([]);
    expect(allGrants(t.state).map(({ claim }) => claim.attemptId)).toEqual(["a1"]);
  });

  test("what is released was released", () => {
    const t = setup(1);
    t.ask("a1");
    t.ask("a2");
    t.ask("a3");
    expect(t.give("a1")).toEqual(["a2"]);
    expect(t.give("a1")).toEqual([]);
    expect(t.give("a3")).toEqual([]); // it waited, and went away
    expect(t.give("a2")).toEqual([]);
    expect(t.state.out).toBe(0);
    expect(t.state.turns.size).toBe(0);
  });
});
