// Outputs within what a task may leave. Pure.
import type { Json, JsonMap } from "./wait.ts";

/** What a task may leave, less what the other members take. */
const OUTPUT_BYTES_MAX = 65_000;
/** Whatever its characters are, so much of a text fits: a character is at most six bytes of JSON. */
const CUT_LENGTH = 10_000;

/** The output as it is when it fits; else its heavy member becomes the beginning of its text, and `cut` says so. */
export function fitted(output: JsonMap, heavy: string): JsonMap {
  if (Buffer.byteLength(JSON.stringify(output)) <= OUTPUT_BYTES_MAX) return output;
  return { ...output, [heavy]: cutText(output[heavy] ?? null), cut: true };
}

function cutText(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.slice(0, CUT_LENGTH).toWellFormed();
}
