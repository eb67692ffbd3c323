// Which attempts are lost: whole inventories of their kind do not show them, again and again. Pure.
// Invariants:
//   M1. An attempt is lost only after MISSES whole inventories in a row, said at different times, did not show it.
//   M2. One inventory that shows it forgets every miss before.
//   M3. Without inventories nothing is lost: no runner that is alive, no evidence.

export const MISSES = 3;

/** An attempt that a runner accepted some time ago and that has not ended. */
export interface HeldAttempt {
  readonly attemptId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

export interface Look {
  readonly kind: string;
  readonly atMs: number;
  readonly shown: ReadonlySet<string>;
}

interface Misses {
  readonly count: number;
  readonly firstMs: number;
}
/** By attempt id. */
export type Missing = ReadonlyMap<string, Misses>;

export interface Lost extends HeldAttempt {
  readonly evidence: string;
}

/** `held`: the attempts of the inventory's kind that ought to be in it. */
export function afterLook(
  missing: Missing,
  held: readonly HeldAttempt[],
  { kind, atMs, shown }: Look,
): { missing: Missing; lost: Lost[] } {
  const next = new Map<string, Misses>();
  const lost: Lost[] = [];
  for (const attempt of held) {
    if (shown.has(attempt.attemptId)) continue;
    const { count: before = 0, firstMs = atMs } = missing.get(attempt.attemptId) ?? {};
    const count = before + 1;
    next.set(attempt.attemptId, { count, firstMs });
    if (count < MISSES) continue;
    const since = new Date(firstMs).toISOString();
    const evidence = `${count} inventories of ${kind} in a row, since ${since}, do not show it`;
    lost.push({ ...attempt, evidence });
  }
  return { missing: next, lost };
}

/** Puts the parts of inventories together; an inventory without all its parts is none. */
export class Gathering {
  readonly #parts = new Map<string, Set<number>>();
  readonly #shown = new Map<string, Set<string>>();

  /** The whole, as soon as its last part is there. */
  take(part: {
    readonly service: string;
    readonly kind: string;
    readonly atMs: number;
    readonly attemptIds: readonly string[];
    readonly part: number;
    readonly parts: number;
  }): Look | undefined {
    const { kind, atMs } = part;
    const key = `${part.service} ${kind} ${atMs}`;
    const seen = this.#parts.get(key) ?? new Set();
    const shown = this.#shown.get(key) ?? new Set();
    seen.add(part.part);
    for (const id of part.attemptIds) shown.add(id);
    this.#parts.set(key, seen);
    this.#shown.set(key, shown);
    if (seen.size < part.parts) {
      this.#forgetOldest();
      return undefined;
    }
    this.#parts.delete(key);
    this.#shown.delete(key);
    return { kind, atMs, shown };
  }

  /** Parts that never come must not pile up. */
  #forgetOldest(): void {
    const [oldest] = this.#parts.keys();
    if (this.#parts.size <= 100 || oldest === undefined) return;
    this.#parts.delete(oldest);
    this.#shown.delete(oldest);
  }
}
