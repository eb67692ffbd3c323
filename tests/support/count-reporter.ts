// Counts what vitest ran, by project, for the closing lines of `npm test`. The counts go to the file that
// CHASQUI_TEST_COUNTS names; without it nothing is written. What belongs to no project is under "".
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Reporter, TestModule } from "vitest/node";

export interface TestCounts {
  passed: number;
  failed: number;
  /** Full names, "file > suite > test", of what was skipped and of what ran. */
  readonly skipped: string[];
  readonly ran: string[];
  /** The file and the suites around each test that is only an empty shell (`test.todo`). */
  readonly empty: string[];
}

export function countsOf(modules: readonly TestModule[], root: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: [], ran: [], empty: [] };
  for (const module of modules) {
    const file = path.relative(root, module.moduleId);
    // A file that cannot even be loaded has no tests to count, and is a failure all the same.
    if (!module.ok() && module.errors().length > 0) counts.failed += 1;
    for (const suite of module.children.allSuites())
      if (suite.errors().length > 0) counts.failed += 1;
    for (const test of module.children.allTests()) {
      const name = `${file} > ${test.fullName}`;
      const { state } = test.result();
      if (test.options.mode === "todo") counts.empty.push(name);
      else if (state === "skipped") counts.skipped.push(name);
      else {
        counts.ran.push(name);
        // "pending" at the end of a run: it was interrupted, so nothing was shown.
        counts[state === "passed" ? "passed" : "failed"] += 1;
      }
    }
  }
  return counts;
}

export function countReporter(root: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const file = process.env.CHASQUI_TEST_COUNTS;
      if (file === undefined || file === "") return;
      const projects = Map.groupBy(modules, ({ project }) => project.name);
      const all = Object.fromEntries(
        [...projects].map(([name, ofProject]) => [name, countsOf(ofProject, root)]),
      );
      if (unhandledErrors.length > 0)
        (all[""] ??= countsOf([], root)).failed += unhandledErrors.length;
      writeFileSync(file, JSON.stringify(all));
    },
  };
}
