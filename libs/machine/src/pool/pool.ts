// A pool as an aggregate: so many slots, who holds some, who waits. Pure; a plain versioned row and a row per claim.
// The next in line: the highest priority; among equals the DAG that was served longest ago (round robin); within a DAG
// who asked first. Nobody overtakes the next in line, so a large claim is not starved by small ones.
// Invariants (each has a property test of the same name):
//   P1. A grant never takes more slots out than the size; a claim of more than the size takes the whole pool.
//   P2. No claim is granted twice, and a message that was decided once decides nothing the second time.
//   P3. While slots are free for the next in line, nobody waits.
//   P4. Nobody starves among equals: each DAG that waits is served before another of its priority is served twice.
//   P5. The state rebuilt from its rows is the same.
import type { PoolClaim, PoolState } from "./state.ts";
import { drop, nextInLine, putHeld, putWaiting, turnOf } from "./state.ts";

/** Who asks: an attempt, in words and by its id. */
export type Asker = Pick<
  PoolClaim,
  "attemptId" | "runId" | "dagId" | "taskId" | "mapIndex" | "attempt" | "slots" | "priority"
>;

export type PoolMessage =
  /** `size`: of a pool that exists only for a limit of a DAG. */
  | { readonly kind: "acquire"; readonly claim: Asker; readonly size: number | undefined }
  | { readonly kind: "release"; readonly attemptId: string }
  /** `declared`: the installation's file says so; it counts only when the file says something new. */
  | { readonly kind: "set"; readonly size: number; readonly declared: boolean };

export interface PoolEffect {
  readonly kind: "grant";
  readonly claim: PoolClaim;
}

export type PoolDecision =
  | {
      readonly kind: "moved";
      readonly effects: readonly PoolEffect[];
      /** The size before, when somebody changed it. */
      readonly sizeBefore?: number;
    }
  | {
      readonly kind: "nothing";
      readonly why: string;
      readonly effects: readonly PoolEffect[];
    };

export function decidePool(draft: PoolState, message: PoolMessage, nowMs: number): PoolDecision {
  switch (message.kind) {
    case "acquire":
      return acquire(draft, message, nowMs);
    case "release": {
      const claim = draft.claims.get(message.attemptId);
      if (claim === undefined) return nothing("the attempt neither holds nor wants a slot");
      drop(draft, claim);
      return { kind: "moved", effects: grantNext(draft, nowMs) };
    }
    case "set": {
      const { size, declared } = message;
      if (declared && draft.declared === size) return nothing("the file said so before");
      if (!declared && draft.size === size) return nothing(`it has ${size} slots already`);
      const sizeBefore = draft.size;
      if (declared) draft.declared = size;
      draft.size = size;
      return { kind: "moved", effects: grantNext(draft, nowMs), sizeBefore };
    }
    default: {
      const never: never = message;
      throw new TypeError(`message ${JSON.stringify(never)}`);
    }
  }
}

const nothing = (why: string, effects: readonly PoolEffect[] = []): PoolDecision => ({
  kind: "nothing",
  why,
  effects,
});

function acquire(
  draft: PoolState,
  { claim: asker, size }: Extract<PoolMessage, { kind: "acquire" }>,
  nowMs: number,
): PoolDecision {
  const known = draft.claims.get(asker.attemptId);
  if (known?.grantedMs !== undefined)
    return nothing("it holds its slots", [{ kind: "grant", claim: known }]); // it has not heard of it
  const isResized = size !== undefined && size !== draft.size;
  if (isResized) draft.size = size;
  if (known !== undefined && !isResized) return nothing("it waits in line");
  if (known === undefined) {
    draft.asked += 1;
    const claim = { ...asker, order: draft.asked, askedMs: nowMs, grantedMs: undefined, taken: 0 };
    putWaiting(draft, claim);
  }
  return { kind: "moved", effects: grantNext(draft, nowMs) };
}

function grantNext(draft: PoolState, nowMs: number): PoolEffect[] {
  const effects: PoolEffect[] = [];
  for (;;) {
    const next = nextInLine(draft);
    if (next === undefined || draft.size === 0) return effects;
    const taken = Math.min(next.slots, draft.size);
    if (draft.out + taken > draft.size) return effects;
    draft.served += 1;
    draft.turns.set(turnOf(next), draft.served);
    const claim: PoolClaim = { ...next, grantedMs: nowMs, taken };
    putHeld(draft, claim);
    effects.push({ kind: "grant", claim });
  }
}

/** Grants that a redelivered message may have left unsaid: whoever has heard of his ignores it. */
export const allGrants = (state: PoolState): PoolEffect[] =>
  [...state.claims.values()]
    .filter(({ grantedMs }) => grantedMs !== undefined)
    .map((claim) => ({ kind: "grant", claim }));
