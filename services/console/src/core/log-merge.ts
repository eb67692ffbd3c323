// The lines of one attempt, put together from batches that may come twice, late or not at all.
// Invariants (each has a property test of the same name):
//   M1. No line is given twice.
//   M2. Every counter below the highest one given was given itself, or a gap that was marked covers it.
//   M3. Batches that come whole and in order give their lines as they are, and no gap.

export interface CountedLine {
  /** Counts the attempt's lines from 1. */
  readonly counter: number;
}

export type Merged<L> =
  | { readonly kind: "line"; readonly line: L }
  | {
      readonly kind: "gap";
      /** The first and the last counter that are missing. */ readonly from: number;
      readonly to: number;
    };

export interface LogMerge<L extends CountedLine> {
  accept(lines: readonly L[]): Merged<L>[];
}

/** Gaps that may still be filled by lines that come late; older ones stay gaps. */
const GAPS_MAX = 1_000;

export function createLogMerge<L extends CountedLine>(): LogMerge<L> {
  let next = 1;
  let gaps: { from: number; to: number }[] = [];

  /** A line that was missed and comes after all. */
  function fills(counter: number): boolean {
    const gap = gaps.find(({ from, to }) => from <= counter && counter <= to);
    if (gap === undefined) return false;
    gaps = gaps.flatMap((one) =>
      one !== gap
        ? [one]
        : [
            { from: gap.from, to: counter - 1 },
            { from: counter + 1, to: gap.to },
          ].filter(({ from, to }) => from <= to),
    );
    return true;
  }

  return {
    accept(lines) {
      const merged: Merged<L>[] = [];
      for (const line of lines) {
        const { counter } = line;
        if (counter < next) {
          if (fills(counter)) merged.push({ kind: "line", line });
          continue;
        }
        if (counter > next) {
          const gap = { from: next, to: counter - 1 };
          merged.push({ kind: "gap", ...gap });
          gaps = [...gaps.slice(1 - GAPS_MAX), gap];
        }
        next = counter + 1;
        merged.push({ kind: "line", line });
      }
      return merged;
    },
  };
}
