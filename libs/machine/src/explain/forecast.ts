// When the last in a line gets its slots, if everybody takes as long as the same took before. Pure.
// Invariant X2: where it is not known how long somebody before it takes, and its turn depends on that, nothing is said.
import type { Took } from "./expected.ts";

/** Somebody who holds slots, or waits for them. */
export interface Taker {
  readonly slots: number;
  /** Of a holder: since when. */
  readonly sinceMs?: number | undefined;
  readonly took: Took | undefined;
}

export interface Turn {
  readonly atMs: number;
  /** How few runs the weakest of its medians is of; Infinity: it needed none. */
  readonly runs: number;
}

interface End extends Turn {
  readonly slots: number;
}

/** `line`: in its order, the one who asks last. */
export function turnOfLast(
  { size, holders, line }: { size: number; holders: readonly Taker[]; line: readonly Taker[] },
  nowMs: number,
): Turn | undefined {
  let free = size - holders.reduce((sum, { slots }) => sum + slots, 0);
  const ends: (End | undefined)[] = holders.map((holder) => endOf(holder, holder.sinceMs, nowMs));
  let turn: Turn = { atMs: nowMs, runs: Infinity };
  for (const taker of line) {
    const slots = Math.min(taker.slots, size); // who wants more than there are takes all
    while (free < slots) {
      const next = earliest(ends);
      if (next === undefined) return undefined;
      ends.splice(ends.indexOf(next), 1);
      free += next.slots;
      turn = { atMs: Math.max(turn.atMs, next.atMs), runs: Math.min(turn.runs, next.runs) };
    }
    free -= slots;
    const end = endOf({ ...taker, slots }, turn.atMs, turn.atMs);
    ends.push(end && { ...end, runs: Math.min(end.runs, turn.runs) });
  }
  return turn;
}

function endOf({ slots, took }: Taker, sinceMs = 0, nowMs: number): End | undefined {
  if (took === undefined) return undefined;
  return { atMs: Math.max(nowMs, sinceMs + took.medianMs), runs: took.runs, slots };
}

/** Whoever is unknown may be the first: then nobody is known to be. */
function earliest(ends: readonly (End | undefined)[]): End | undefined {
  let first: End | undefined;
  for (const end of ends) {
    if (end === undefined) return undefined;
    if (first === undefined || end.atMs < first.atMs) first = end;
  }
  return first;
}
