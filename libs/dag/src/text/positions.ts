// Where a character of a text stands, as editors count: from 1.
// Not the YAML parser's own counter: that one forgets lines when it stops at an error.
import type { Position } from "../problem.ts";

/** Offsets beyond the text are taken for its ends. */
export function positionsIn(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const at = Math.max(0, Math.min(offset, text.length));
    const line = lastUpTo(starts, at);
    return { line: line + 1, column: at - (starts[line] ?? 0) + 1 };
  };
}

/** Index of the last of the rising numbers that is not above the wanted one. */
function lastUpTo(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
