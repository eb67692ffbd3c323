// `npm run check`: what can be said about the code without running it. Prints each step with its time.
import { existsSync } from "node:fs";
import path from "node:path";
import { type ChildResult, runChild } from "./child.ts";

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly isInterrupted: boolean;
}

const STEP_MS_MAX = 120_000;
/** The first step takes as long as the others together. */
const LANES = 2;

export function checkSteps(root: string): readonly Step[] {
  const has = (file: string): boolean => existsSync(path.join(root, file));
  const steps: Step[] = [
    // Each of several checkers finds the shared types out for itself: one takes half the CPU time of four, and leaves a
    // core to the other steps.
    { name: "types", command: "tsc", args: ["-p", "tsconfig.json", "--checkers", "1"] },
    { name: "lint", command: "oxlint", args: ["--deny-warnings", "--format=unix"] },
    { name: "format", command: "oxfmt", args: ["--list-different", "."] },
  ];
  if (has("proto")) steps.push({ name: "proto", command: "buf", args: ["lint", "proto"] });
  if (has("scripts/generate.ts")) {
    const args = ["scripts/generate.ts", "--check"];
    steps.push({ name: "generated code is current", command: process.execPath, args });
  }
  return steps;
}

export async function runStep(step: Step, root: string): Promise<StepResult> {
  const { name, command, args } = step;
  const startedAt = performance.now();
  const result: ChildResult = await runChild({
    command,
    args,
    cwd: root,
    timeoutMs: STEP_MS_MAX,
    live: false,
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const ok = result.code === 0;
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (!ok)
    console.log(`${result.output}\n(${command} ${args.join(" ")}: exit code ${result.code})`);
  return { name, ok, isInterrupted: result.isInterrupted };
}

export async function runChecks(root: string): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const waiting = checkSteps(root).values();
  const lanes = Array.from({ length: LANES }, async () => {
    for (const step of waiting) {
      const result = await runStep(step, root);
      results.push(result);
      if (result.isInterrupted) break;
    }
  });
  await Promise.all(lanes);
  return results;
}

if (import.meta.main) {
  const results = await runChecks(path.dirname(import.meta.dirname));
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
}
