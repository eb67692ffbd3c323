// Runs tests in a copy of the tree and says what became of them. A fault counts as found only by a test that ran and
// failed: a file that cannot even be loaded shows a fault of the fault, not of the source.
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { runChild } from "../../scripts/child.ts";
import type { Tests } from "./fault.ts";

export type Verdict =
  | { readonly kind: "green"; readonly count: number }
  | { readonly kind: "found"; readonly by: string }
  /** Neither: nothing ran, or not to its end. */
  | { readonly kind: "unclear"; readonly why: string }
  | { readonly kind: "interrupted" };

export interface RunOptions {
  readonly root: string;
  readonly tests: Tests;
  readonly timeoutMs: number;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

export async function runTests({ root, tests, timeoutMs }: RunOptions): Promise<Verdict> {
  const outputFile = path.join(root, ".chasqui-mutate.json");
  rmSync(outputFile, { force: true });
  const { code, output, isInterrupted } = await runChild({
    command: process.execPath,
    args: [
      path.join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      ...["--project", tests.project, "--bail", "1", "--no-color"],
      ...["--reporter", "json", "--outputFile", outputFile],
      ...(tests.name === undefined ? [] : ["--testNamePattern", escaped(tests.name)]),
      ...tests.files,
    ],
    cwd: root,
    timeoutMs,
    live: false,
  });
  if (isInterrupted) return { kind: "interrupted" };
  if (!existsSync(outputFile)) return { kind: "unclear", why: `no result: ${lastLines(output)}` };
  return verdictOf(parseReport(readFileSync(outputFile, "utf8")), code);
}

export function verdictOf(report: Report, exitCode: number): Verdict {
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = results.find(({ status }) => status === "failed");
  if (failed !== undefined) return { kind: "found", by: failed.fullName };
  const broken = report.testResults.find(({ message = "" }) => message !== "");
  if (broken !== undefined)
    return { kind: "unclear", why: `${broken.name}: ${lastLines(broken.message ?? "")}` };
  const count = results.filter(({ status }) => status === "passed").length;
  if (count === 0) return { kind: "unclear", why: "no test ran" };
  return exitCode === 0
    ? { kind: "green", count }
    : { kind: "unclear", why: `${count} tests passed, and yet the exit code is ${exitCode}` };
}

const parseReport = (text: string): Report => JSON.parse(text) as Report; // written by vitest a moment ago
const lastLines = (text: string): string => text.trim().split("\n").slice(-5).join(" / ");
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
