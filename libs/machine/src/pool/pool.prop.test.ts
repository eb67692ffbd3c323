// One property per invariant of pool.ts, over random histories: asking, releasing, another size, messages said twice.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Asker, PoolMessage } from "./pool.ts";
import { decidePool } from "./pool.ts";
import type { PoolClaim } from "./state.ts";
import { lineOf, newPool, poolRowOf, restorePool } from "./state.ts";

const moves = fc.array(
  fc.record({
    what: fc.constantFrom("acquire", "acquire", "acquire", "release", "release", "set", "again"),
    dag: fc.nat(3),
    priority: fc.nat(1),
    slots: fc.integer({ min: 1, max: 4 }),
    pick: fc.nat(40),
    size: fc.nat(6),
  }),
  { maxLength: 80 },
);
type Move = typeof moves extends fc.Arbitrary<(infer T)[]> ? T : never;

const askerOf = (id: number, { dag, priority, slots }: Move): Asker => ({
  attemptId: `att-${id}`,
  runId: `run-${id % 7}`,
  dagId: `dag-${dag}`,
  taskId: "t",
  mapIndex: -1,
  attempt: 1,
  slots,
  priority,
});

interface Step {
  readonly message: PoolMessage;
  readonly granted: readonly PoolClaim[];
  readonly outBefore: number;
  readonly out: number;
  readonly size: number;
  /** Who waited before. */
  readonly waiting: readonly PoolClaim[];
  readonly moved: boolean;
}

function play(list: readonly Move[]) {
  const state = newPool("warehouse");
  state.size = 3;
  const steps: Step[] = [];
  const say = (message: PoolMessage): void => {
    const waiting = waitingIn(state.claims);
    const outBefore = state.out;
    const decision = decidePool(state, message, 1_000 + steps.length);
    const moved = decision.kind === "moved";
    const granted = moved ? decision.effects.map(({ claim }) => claim) : [];
    const { out, size } = state;
    steps.push({ message, granted, outBefore, out, size, waiting, moved });
  };
  for (const [index, move] of list.entries()) {
    const last = steps.at(-1);
    const ids = [...state.claims.keys()];
    if (move.what === "again" && last !== undefined) say(last.message);
    else if (move.what === "release")
      say({ kind: "release", attemptId: ids[move.pick % (ids.length || 1)] ?? "att-none" });
    else if (move.what === "set")
      say({ kind: "set", size: move.size, declared: move.pick % 2 === 0 });
    else say({ kind: "acquire", claim: askerOf(index, move), size: undefined });
  }
  return { state, steps };
}

const waitingIn = (claims: ReadonlyMap<string, PoolClaim>): PoolClaim[] =>
  [...claims.values()].filter(({ grantedMs }) => grantedMs === undefined);

const check = (property: (history: ReturnType<typeof play>) => void): void =>
  fc.assert(
    fc.property(moves, (list) => property(play(list))),
    { numRuns: 500 },
  );

describe("a pool", () => {
  test("P1. A grant never takes more slots out than the size; a claim of more than the size takes the whole pool", () => {
    check(({ steps }) => {
      for (const { granted, out, size } of steps) {
        if (granted.length > 0) expect(out).toBeLessThanOrEqual(size);
        for (const { slots, taken } of granted) expect(taken).toBe(Math.min(slots, size));
      }
    });
  });

  test("P2. No claim is granted twice, and a message that was decided once decides nothing the second time", () => {
    check(({ state, steps }) => {
      const granted = steps.flatMap((step) => step.granted.map(({ attemptId }) => attemptId));
      const asked = steps.filter(({ message, moved }) => moved && message.kind === "acquire");
      expect(granted.length).toBeLessThanOrEqual(asked.length);
      const held = [...state.claims.values()].filter(({ grantedMs }) => grantedMs !== undefined);
      expect(state.out).toBe(held.reduce((sum, { taken }) => sum + taken, 0));
      const last = steps.at(-1);
      if (last === undefined) return;
      decidePool(state, last.message, 9_000);
      const before = JSON.stringify([poolRowOf(state), [...state.claims]]);
      expect(decidePool(state, last.message, 9_001).kind).toBe("nothing");
      expect(JSON.stringify([poolRowOf(state), [...state.claims]])).toBe(before);
    });
  });

  test("P3. While slots are free for the next in line, nobody waits", () => {
    check(({ state }) => {
      const [next] = lineOf(state);
      if (next === undefined || state.size === 0) return;
      expect(state.out + Math.min(next.slots, state.size)).toBeGreaterThan(state.size);
    });
  });

  test("P4. Nobody starves among equals: each DAG that waits is served before another of its priority is served twice", () => {
    check(({ steps }) => {
      const servedSince = new Map<string, Map<string, number>>(); // of each claim that waits: DAGs served meanwhile
      for (const { message, waiting: before, granted } of steps) {
        const left = message.kind === "release" ? message.attemptId : undefined;
        const waiting = before.filter(({ attemptId }) => attemptId !== left);
        const stillThere = new Set(waiting.map(({ attemptId }) => attemptId));
        for (const id of servedSince.keys()) if (!stillThere.has(id)) servedSince.delete(id);
        for (const { attemptId } of waiting)
          if (!servedSince.has(attemptId)) servedSince.set(attemptId, new Map());
        for (const claim of granted) {
          for (const other of waiting) {
            if (other.priority !== claim.priority || other.dagId === claim.dagId) continue;
            const counts = servedSince.get(other.attemptId);
            if (counts === undefined || !isHead(other, waiting)) continue;
            const count = (counts.get(claim.dagId) ?? 0) + 1;
            counts.set(claim.dagId, count);
            expect(count).toBeLessThanOrEqual(1);
          }
          for (const other of waiting)
            if (other.dagId === claim.dagId) servedSince.set(other.attemptId, new Map());
          servedSince.delete(claim.attemptId);
        }
      }
    });
  });

  test("P5. The state rebuilt from its rows is the same", () => {
    check(({ state }) => {
      const rebuilt = restorePool(poolRowOf(state), [...state.claims.values()].reverse());
      expect(poolRowOf(rebuilt)).toEqual(poolRowOf(state));
      expect(rebuilt.out).toBe(state.out);
      expect(rebuilt.claims.size).toBe(state.claims.size);
      expect(lineOf(rebuilt)).toEqual(lineOf(state));
      for (const { attemptId } of lineOf(state)) {
        const message = { kind: "release", attemptId } as const;
        expect(decidePool(rebuilt, message, 5)).toEqual(decidePool(state, message, 5));
      }
    });
  });
});

/** Of its DAG and priority it has waited longest: what is behind it waits for it first. */
const isHead = (claim: PoolClaim, waiting: readonly PoolClaim[]): boolean =>
  !waiting.some(
    (other) =>
      other.dagId === claim.dagId && other.priority === claim.priority && other.order < claim.order,
  );
