// Tables for people: columns as wide as their content, the last one cut to the terminal.
import { cut, padEnd, padStart, widthOf } from "./text.ts";
import type { Style } from "./style.ts";

export interface Column {
  readonly title: string;
  readonly align?: "right";
}

export interface TableOptions {
  readonly style: Style;
  /** Columns of the terminal; Infinity when nobody looks. */
  readonly width: number;
}

const GAP = "  ";

/** The lines of a table, without trailing spaces. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { style, width }: TableOptions,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ align }, index) => {
      const text = cells[index] ?? "";
      return align === "right"
        ? padStart(text, widths[index] ?? 0)
        : padEnd(text, widths[index] ?? 0);
    });
    return cut(padded.join(GAP).trimEnd(), width);
  };
  return [style.dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}
