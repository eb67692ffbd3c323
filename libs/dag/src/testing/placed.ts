// What every answer of the compiler must be: a DAG, or at least one error; each problem at a place inside of the file.
import { expect } from "vitest";
import type { Compiled } from "../compile/compile-dag.ts";
import { formatProblem } from "../problem.ts";

/** `text`: of a file; without it only that there are places. */
export function expectPlaced(compiled: Compiled, text?: string): void {
  const problems = compiled.ok ? compiled.warnings : compiled.problems;
  const lines = text?.split("\n");
  const misplaced = problems.filter((problem) => {
    const { line, column } = problem;
    const length = lines === undefined ? Infinity : (lines[line - 1]?.length ?? -1);
    const isInside = line > 0 && column > 0 && column <= length + 1;
    return !isInside || !/^.+:\d+:\d+: ./s.test(formatProblem(problem));
  });
  expect(misplaced).toEqual([]);
  if (!compiled.ok) expect(problems.some(({ severity }) => severity === "error")).toBe(true);
}
