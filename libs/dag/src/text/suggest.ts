// "Did you mean …?": the known name nearest to the one that was written.

/** Edit distance with swaps of neighbours counted as one edit; stops counting above `distanceMax`. */
export function editDistance(a: string, b: string, distanceMax: number): number {
  if (Math.abs(a.length - b.length) > distanceMax) return distanceMax + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    if (Math.min(...row) > distanceMax) return distanceMax + 1;
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;

/** The nearest of the known names, when it is near enough to be meant. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > 100) return undefined;
  const lower = written.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distanceMax = Math.max(1, Math.floor(Math.max(name.length, written.length) / 3));
    const distance = editDistance(lower, name.toLowerCase(), distanceMax);
    if (distance > distanceMax || distance >= Math.max(name.length, written.length)) continue; // nothing in common
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  return best?.name;
}

/** `did you mean "aggregate"?`, or what there is when nothing is near. */
export function suggest(written: string, known: readonly string[]): string | undefined {
  const name = nearest(written, known);
  if (name !== undefined) return `did you mean ${quote(name)}?`;
  if (known.length === 0) return undefined;
  return `known: ${listNames(known)}`;
}

const NAMES_SHOWN_MAX = 20;

/** Names for people, cut when there are too many. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  const more = names.length - NAMES_SHOWN_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

const QUOTED_CHARS_MAX = 60;

/** A name or a piece of input as people read it in a message: in backquotes, one line, cut when long. */
export function quote(text: string): string {
  const line = text.replace(/[\s\0-\x1f\x7f]+/g, " ");
  const cut = line.length > QUOTED_CHARS_MAX ? `${line.slice(0, QUOTED_CHARS_MAX)}…` : line;
  return `\`${cut}\``;
}
