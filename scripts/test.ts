// `npm test`: everything: the checks, then all tests in one run, and at the end one plain line, `N passed, N failed`.
//   npm test                     check, unit, integration, e2e
//   npm test -- unit             only these parts
//   npm test -- unit libs/dag    only these files
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { runChecks, type StepResult } from "./check.ts";
import { runChild } from "./child.ts";
import { makeTestFolder } from "./test-folder.ts";
import { closingLine, parseSkips, type Part, type PartCounts, tally } from "./tally.ts";

const root = path.dirname(import.meta.dirname);
const PART_MS_MAX = { unit: 480_000, integration: 720_000, e2e: 720_000 } as const;
const ALL_MS_MAX = 1_200_000;
const MOUNTS = "/proc/mounts";
const NOTHING: PartCounts = { passed: 0, failed: 0, skipped: [], ran: [], empty: [] };
type Project = keyof typeof PART_MS_MAX;
const PROJECTS: readonly Project[] = ["unit", "integration", "e2e"];
const PARTS = ["check", ...PROJECTS];

/** By project. */
function parseCounts(text: string): Record<string, PartCounts> {
  return JSON.parse(text) as Record<string, PartCounts>; // written by our own reporter a moment ago
}

interface Ended {
  readonly parts: readonly Part[];
  readonly isInterrupted: boolean;
}

/** All in one run: what waits for its servers leaves its time to others, and the last file is a short one. */
async function runProjects(projects: readonly Project[], files: readonly string[]): Promise<Ended> {
  const folder = makeTestFolder(existsSync(MOUNTS) ? readFileSync(MOUNTS, "utf8") : "");
  const countsFile = path.join(folder, "counts.json");
  const limits = projects.map((name) => PART_MS_MAX[name]);
  try {
    const { code, isInterrupted } = await runChild({
      command: process.execPath,
      args: [
        path.join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        ...projects.flatMap((name) => ["--project", name]),
        "--passWithNoTests", // whether there ought to be some is judged at the end
        ...files,
      ],
      cwd: root,
      timeoutMs: Math.min(
        ALL_MS_MAX,
        limits.reduce((sum, limit) => sum + limit, 0),
      ),
      // The tests start the same programs hundreds of times: Node compiles each once.
      env: {
        TMPDIR: folder,
        CHASQUI_TEST_COUNTS: countsFile,
        NODE_COMPILE_CACHE: path.join(folder, "compiled"),
      },
      live: true,
    });
    const all = existsSync(countsFile) ? parseCounts(readFileSync(countsFile, "utf8")) : undefined;
    return { parts: partsOf(projects, all, code), isInterrupted };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last one is the run itself: what belongs to no project, and how it ended. */
function partsOf(
  projects: readonly Project[],
  all: Readonly<Record<string, PartCounts>> | undefined,
  exitCode: number,
): Part[] {
  if (all === undefined) return [{ name: "tests", counts: undefined, exitCode }];
  const isTold = Object.values(all).some(({ failed }) => failed > 0);
  const run = { name: "tests", counts: all[""] ?? NOTHING, exitCode: isTold ? 0 : exitCode };
  return [...projects.map((name) => ({ name, counts: all[name] ?? NOTHING, exitCode: 0 })), run];
}

/** A part whose files are there and of which nothing ran shows nothing. */
function emptyParts(parts: readonly Part[], files: readonly string[]): string[] {
  if (files.length > 0) return [];
  const patterns = { unit: "*.test.ts", integration: "*.it.test.ts", e2e: "*.e2e.test.ts" };
  return parts
    .filter(({ counts }) => counts === undefined || counts.passed + counts.failed === 0)
    .filter(({ name }) => {
      const pattern = Object.entries(patterns).find(([project]) => project === name)?.[1];
      return globSync(`{libs,services,scripts,tests}/**/${pattern}`, { cwd: root }).length > 0;
    })
    .map(({ name }) => `${name}: test files are there, and none of them ran`);
}

async function main(args: readonly string[]): Promise<number> {
  const named = args.filter((arg) => PARTS.includes(arg));
  const files = args.filter((arg) => !PARTS.includes(arg));
  const isAsked = (part: string): boolean => named.length === 0 || named.includes(part);
  const startedAt = performance.now();

  const checks: readonly StepResult[] = isAsked("check") ? await runChecks(root) : [];
  const isOver = checks.some((step) => step.isInterrupted);
  const projects = isOver ? [] : PROJECTS.filter(isAsked);
  const ran = projects.length > 0 ? await runProjects(projects, files) : undefined;
  const parts = ran?.parts ?? [];
  const isInterrupted = isOver || ran?.isInterrupted === true;
  for (const { name, counts } of parts)
    if (counts !== undefined && counts !== NOTHING)
      console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);

  const skips = parseSkips(readFileSync(path.join(root, "tests/skips.json"), "utf8"));
  const isWhole = args.length === 0 && !isInterrupted;
  const sum = tally({ checks, parts, skips, isWhole });
  const remarks = [...sum.remarks, ...emptyParts(parts, files)];
  if (isInterrupted) remarks.push("interrupted");
  for (const remark of remarks) console.log(`FAIL ${remark}`);
  const failed = sum.failed + remarks.length - sum.remarks.length;
  console.log(`\n${Math.round((performance.now() - startedAt) / 1000)} s in all`);
  console.log(closingLine({ ...sum, failed }));
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
