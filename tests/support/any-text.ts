// Texts of any code points, halves of characters among them. The unit "binary" of fast-check's own texts first makes a
// map of all million code points, to shrink examples: two seconds in each process.
import fc from "fast-check";

export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff })
  .map((point) => String.fromCodePoint(point));

export function anyText(options: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.array(anyCharacter, options).map((characters) => characters.join(""));
}
