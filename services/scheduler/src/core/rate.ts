// At most so many runs in a time that slides along, as one pure function.
// Invariants:
//   L1. In no span of `perMs` are more than `max` keys admitted.
//   L2. A key that was admitted within `perMs` is admitted again and counts once: it is the same run.
import type { Rate } from "./rules.ts";

export interface Admitted {
  readonly key: string;
  readonly atMs: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly list: readonly Admitted[] }
  | { readonly kind: "limited"; readonly reason: string };

export function admit(
  rate: Rate,
  before: readonly Admitted[],
  key: string,
  nowMs: number,
): Admission {
  const list = before.filter(({ atMs }) => atMs + rate.perMs > nowMs);
  if (list.some((admitted) => admitted.key === key)) return { kind: "admitted", list };
  if (list.length < rate.max) return { kind: "admitted", list: [...list, { key, atMs: nowMs }] };
  const freeMs = Math.min(...list.map(({ atMs }) => atMs)) + rate.perMs;
  return {
    kind: "limited",
    reason: `${list.length} runs in ${Math.round(rate.perMs / 1_000)} s are the most; the next is possible at ${new Date(freeMs).toISOString()}`,
  };
}
