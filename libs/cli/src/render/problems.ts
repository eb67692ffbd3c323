// Problems of DAG files: the position, the message, and the line of the file with the place marked.
import { formatProblem } from "@chasqui/dag";
import type { Problem } from "@chasqui/dag";
import { printable } from "./style.ts";
import type { Style } from "./style.ts";
import { cut, widthOf } from "./text.ts";

const EXCERPT_WIDTH_MAX = 160;

export function renderProblem(problem: Problem, text: string, style: Style): string[] {
  const { severity, line, column } = problem;
  const colour = severity === "error" ? style.red : style.yellow;
  const formatted = printable(formatProblem(problem));
  const where = formatted.slice(0, formatted.indexOf(": ") + 1);
  const lines = [`${style.bold(where)}${colour(formatted.slice(where.length))}`];
  const source = text.split(/\r?\n/)[line - 1];
  if (source === undefined || source.trim() === "" || column > EXCERPT_WIDTH_MAX) return lines;
  const number = String(line);
  const lead = widthOf(source.slice(0, column - 1).replaceAll("\t", " "));
  lines.push(
    style.dim(`  ${number} │ ${cut(printable(source).replaceAll("\t", " "), EXCERPT_WIDTH_MAX)}`),
  );
  lines.push(`  ${" ".repeat(number.length)}   ${" ".repeat(lead)}${colour("^")}`);
  return lines;
}
