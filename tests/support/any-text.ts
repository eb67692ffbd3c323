// Texts of any characters. The unit "binary" of fast-check's own texts first makes a map of all million code points, to
// shrink examples: two seconds in each process.
import fc from "fast-check";

const LAST_BEFORE_HALVES = 0xd7ff;
const FIRST_AFTER_HALVES = 0xe000;

/** Whole ones: halves of characters are no text, and nothing that is decoded from the wire has any. */
export const anyCharacter = fc
  .oneof(
    fc.integer({ min: 0, max: LAST_BEFORE_HALVES }),
    fc.integer({ min: FIRST_AFTER_HALVES, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));

export function anyText(options: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(anyCharacter, options).map((characters) => characters.join(""));
}
