// Where one is in a container's log, and what of a new reading is new. Pure.
// A log can only be read again from a whole second on (the API cuts `sinceTime` to seconds), so the lines of the last
// second come again after every reconnect. They come in the order in which they were written, so as many are left out
// as were seen of that second, and the last of them must be the last one seen.
// Invariants:
//   C1. A line's counter is its place in the container's log, whoever reads it and after however many reconnects.
//   C2. Nothing is said twice. What may be missing is marked, never passed over in silence.

export interface Position {
  /** Lines seen. */
  readonly counter: number;
  /** The whole second of the newest line, as RFC 3339; undefined before the first line. */
  readonly second: string | undefined;
  /** Lines seen from that second on. */
  readonly inSecond: number;
  /** The newest line's own timestamp. */
  readonly last: string;
}

export const START: Position = { counter: 0, second: undefined, inSecond: 0, last: "" };

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

export interface LogCursor {
  /** What a raw line (timestamp, blank, text) adds: nothing, itself, or a mark and itself. */
  accept(raw: string): LogLine[];
  /** A new reading begins at position().second. */
  reopen(): void;
  /** The log was read to its end: a mark when lines that were seen before did not come again. */
  finish(): LogLine[];
  position(): Position;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?/;
export const GAP =
  "[chasqui] lines may be missing here: the container's log did not go on where it was left";

export function logCursor(from: Position = START): LogCursor {
  let { counter, second, inSecond, last } = from;
  let toSkip = inSecond;
  let newestMs = 0;

  const gap = (): LogLine[] => {
    toSkip = 0;
    counter += 1; // a mark has a counter like a line, so that readers see it in its place
    return [{ atMs: newestMs, text: GAP }];
  };
  const take = (stamp: string, at: string, text: string): LogLine => {
    counter += 1;
    newestMs = Date.parse(stamp);
    // stdout and stderr are stamped apart and may cross a second's border: what is older does not come again.
    if (second !== undefined && at < second) return { atMs: newestMs, text };
    inSecond = at === second ? inSecond + 1 : 1;
    second = at;
    last = stamp;
    return { atMs: newestMs, text };
  };

  return {
    accept(raw) {
      const match = TIMESTAMP.exec(raw);
      if (match === null) return []; // not a line: the answer was cut within its timestamp
      const stamp = match[0].trimEnd();
      const at = `${match[1]}Z`;
      const text = raw.slice(match[0].length);
      if (toSkip > 1) {
        toSkip -= 1;
        return [];
      }
      if (toSkip === 1) {
        toSkip = 0;
        if (stamp === last) return [];
        return [...gap(), take(stamp, at, text)];
      }
      return [take(stamp, at, text)];
    },
    reopen: () => {
      toSkip = inSecond;
    },
    finish: () => (toSkip > 0 ? gap() : []),
    position: () => ({ counter, second, inSecond, last }),
  };
}

/** One line of text for an annotation, and back. */
export const writePosition = ({ counter, second, inSecond, last }: Position): string =>
  `${counter} ${second ?? "-"} ${inSecond} ${last === "" ? "-" : last}`;

export function readPosition(text: string | undefined): Position {
  const match = /^(\d{1,12}) (\S+) (\d{1,12}) (\S+)$/.exec(text ?? "");
  if (match === null) return START;
  const [, counter, second = "-", inSecond, last = "-"] = match;
  return {
    counter: Number(counter),
    second: second === "-" ? undefined : second,
    inSecond: Number(inSecond),
    last: last === "-" ? "" : last,
  };
}
