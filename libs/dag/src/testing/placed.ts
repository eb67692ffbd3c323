// What every answer of the compiler must be: a DAG, or at least one error; each problem at a place inside of the file.
import { expect } from "vitest";
import type { Compiled } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";

/** `text`: of a file; without it only that there are places. */
export function expectPlaced(compiled: Compiled, text?: string): void {
  const problems = compiled.ok ? compiled.warnings : compiled.problems;
  if (!compiled.ok) expect(problems.some(({ severity }) => severity === "error")).toBe(true);
  const lines = text?.split("\n");
  for (const problem of problems) {
    expect(formatProblem(problem)).toMatch(/^.+:\d+:\d+: ./s);
    const { line, column, message } = problem;
    const length = lines === undefined ? Infinity : (lines[line - 1]?.length ?? -1);
    expect(line, message).toBeGreaterThan(0);
    expect(column, message).toBeGreaterThan(0);
    expect(column, `${line}:${column}: ${message}`).toBeLessThanOrEqual(length + 1);
  }
}
