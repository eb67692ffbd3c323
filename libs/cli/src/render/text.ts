// Widths as a terminal shows them, and texts cut to a width.
import { withoutColours } from "./style.ts";

/** East Asian wide characters and emoji take two columns, combining marks none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of withoutColours(text)) {
    if (/\p{M}|\u200d|\ufe0f/u.test(char)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Emoji_Presentation}/u.test(
        char,
      )
        ? 2
        : 1;
  }
  return width;
}

export const padEnd = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number): string =>
  " ".repeat(Math.max(0, width - widthOf(text))) + text;

const RESET = "\u001b[0m";

/** At most `width` columns; a cut text ends with …, in the colours it had so far. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let kept = "";
  let used = 0;
  for (const [piece] of text.matchAll(/\u001b\[[0-9;]*m|[\s\S]/gu)) {
    const wide = widthOf(piece);
    if (used + wide > width - 1) break;
    kept += piece;
    used += wide;
  }
  return `${kept}…${kept.includes("\u001b") ? RESET : ""}`;
}

export const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** `1 run`, `2 runs`; `3 policies` when the plural is given. */
export const count = (n: number, noun: string, plural = `${noun}s`): string =>
  `${n} ${n === 1 ? noun : plural}`;
