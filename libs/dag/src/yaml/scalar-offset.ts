// Where the n-th character of a YAML string stands in the file: exactly for plain, quoted and block strings
// without escapes and folds, else the string's beginning.
import type { Scalar } from "yaml";

export function offsetInScalar(text: string, node: Scalar, offset: number): number {
  const [start, end] = node.range ?? [0, 0];
  if (typeof node.value !== "string") return start;
  const raw = text.slice(start, end);
  const lead = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE" ? 1 : 0;
  if (raw.startsWith(node.value, lead)) return start + lead + offset;
  return offsetInBlock(raw, node.value, offset, start) ?? start;
}

/** In `|` blocks each line of the value stands on its own line of the file, behind the same indentation. */
function offsetInBlock(
  raw: string,
  value: string,
  offset: number,
  start: number,
): number | undefined {
  if (!raw.startsWith("|") && !raw.startsWith(">")) return undefined;
  const before = value.slice(0, offset).split("\n");
  const wanted = before.length;
  const lines = raw.split("\n");
  const valueLine = value.split("\n")[wanted - 1] ?? "";
  let lineStart = start;
  for (const [index, line] of lines.entries()) {
    if (index === wanted) {
      const indent = line.length - valueLine.length;
      return indent >= 0 && line.trimEnd().endsWith(valueLine.trimEnd())
        ? lineStart + indent + (before.at(-1) ?? "").length
        : undefined;
    }
    lineStart += line.length + 1;
  }
  return undefined;
}
