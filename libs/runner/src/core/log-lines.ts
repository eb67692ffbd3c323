// The log of one attempt as it is gathered: lines with counters, the batch that is due, the last lines. Pure.
// Invariants:
//   L1. Counters rise by one with every line, from the first on: a gap or an overlap is seen by who reads.
//   L2. A batch holds at most BATCH_BYTES_MAX of text; a longer line is cut into several lines, none is lost.
//   L3. The tail is the last TAIL_LINES_MAX lines, whether or not they were taken.
import { TAIL_LINES_MAX } from "./conclude.ts";

/** What one message carries; well under the bus's limit of 1 MiB. */
export const BATCH_BYTES_MAX = 65_536;
const LINE_LENGTH_MAX = 16_384;

export interface Line {
  readonly counter: number;
  readonly atMs: number;
  readonly text: string;
}

export interface LogLines {
  add(text: string, atMs: number): void;
  /** Counts a line and keeps it for the tail only. */
  pass(text: string): void;
  /** The oldest lines that were not taken yet, one batch. */
  take(): Line[];
  tail(): string[];
  /** Text that was not taken yet. */
  readonly bytes: number;
  readonly waiting: number;
  /** The counter of the last line that was added. */
  readonly counter: number;
}

export function logLines(options: { readonly startCounter: number }): LogLines {
  let counter = options.startCounter;
  let bytes = 0;
  let waiting: Line[] = [];
  let tail: string[] = [];
  const pass = (text: string): void => {
    counter += 1;
    tail.push(text);
    if (tail.length > 4 * TAIL_LINES_MAX) tail = tail.slice(-TAIL_LINES_MAX);
  };
  return {
    pass,
    add(text, atMs) {
      for (const piece of pieces(text)) {
        pass(piece);
        bytes += piece.length;
        waiting.push({ counter, atMs, text: piece });
      }
    },
    take() {
      let size = 0;
      let count = 0;
      for (const line of waiting) {
        if (count > 0 && size + line.text.length > BATCH_BYTES_MAX) break;
        size += line.text.length;
        count += 1;
      }
      const batch = waiting.slice(0, count);
      waiting = waiting.slice(count);
      bytes -= size;
      return batch;
    },
    tail: () => tail.slice(-TAIL_LINES_MAX),
    get bytes() {
      return bytes;
    },
    get waiting() {
      return waiting.length;
    },
    get counter() {
      return counter;
    },
  };
}

/** Cut at the bound, never within a pair of surrogates: the same text is always cut alike. */
function pieces(text: string): string[] {
  if (text.length <= LINE_LENGTH_MAX) return [text];
  const found: string[] = [];
  for (let from = 0; from < text.length;) {
    const end = Math.min(from + LINE_LENGTH_MAX, text.length);
    const splits = end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    found.push(text.slice(from, splits ? end - 1 : end));
    from = splits ? end - 1 : end;
  }
  return found;
}
