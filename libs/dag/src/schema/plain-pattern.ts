// Patterns that need no RE2: most are names and quantities, which JavaScript matches in the same way and as safely.
// Invariants:
//   P1. A plain pattern means the same to JavaScript as to RE2: anchored at both ends, ASCII, only characters,
//       classes, repetitions and alternatives.
//   P2. Nothing grows with the text but quadratically, and the text is short: two repetitions, none within another.

const QUANTIFIER = String.raw`(?:[*+?]|\{\d{1,3}(?:,\d{1,3})?\})?`;
const CLASS = String.raw`\[-?(?:a-z|A-Z|0-9|[A-Za-z0-9._/])+-?\]`;
const ATOM = String.raw`(?:[A-Za-z0-9/_-]|\\\.|${CLASS})${QUANTIFIER}`;
const GROUP = String.raw`\((?:${ATOM})+(?:\|(?:${ATOM})+)*\)\??`;
const PLAIN = new RegExp(String.raw`^\^(?:${ATOM}|${GROUP})+\$$`);

const PATTERN_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 256;
const REPETITIONS_MAX = 2;
const KNOWN_MAX = 1_000;
const known = new Map<string, RegExp | undefined>();

/** Undefined when RE2 must say. */
export function matchesPlainly(pattern: string, text: string): boolean | undefined {
  if (text.length > TEXT_CHARS_MAX) return undefined;
  if (!known.has(pattern)) {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(pattern, plain(pattern));
  }
  return known.get(pattern)?.test(text);
}

function plain(pattern: string): RegExp | undefined {
  const repetitions = pattern.match(/[*+{]/g)?.length ?? 0;
  if (pattern.length > PATTERN_CHARS_MAX || repetitions > REPETITIONS_MAX) return undefined;
  if (!PLAIN.test(pattern)) return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return undefined; // {3,2}
  }
}
