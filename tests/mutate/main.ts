// `npm run mutate`: plants thirty faults, one at a time, in cores, bus and stores of a copy of the tree; the suite must
// find each. A test that cannot fail is worse than none, so this is how the tests are tested.
//   npm run mutate -- --list        what is planted and why
//   npm run mutate -- --only 7,12   some of them
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { copyTree } from "./copy.ts";
import type { Fault } from "./faults.ts";
import { faults } from "./faults.ts";

const root = path.resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: { list: { type: "boolean", default: false }, only: { type: "string" } },
});
const wanted = values.only?.split(",").map(Number);
const chosen = faults
  .map((fault, index) => ({ fault, number: index + 1 }))
  .filter(({ number }) => wanted?.includes(number) ?? true);

if (values.list)
  for (const { fault, number } of chosen) print(number, `${fault.file}: ${fault.why}`);
else process.exitCode = await main();

async function main(): Promise<number> {
  using copy = copyTree(root);
  const suites = [...new Set(chosen.map(({ fault }) => suiteOf(fault)))];
  for (const suite of suites) {
    const { failed, tail } = await runTests(copy.folder, suite);
    if (failed) {
      process.stdout.write(`without a fault, ${suite} does not pass:\n${tail}\n`);
      return 1;
    }
  }
  let found = 0;
  for (const { fault, number } of chosen) {
    const startMs = performance.now();
    const undo = plant(copy.folder, fault);
    const { failed, first } = await runTests(copy.folder, suiteOf(fault));
    undo();
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    if (failed) found += 1;
    print(
      number,
      `${failed ? "found" : "NOT FOUND"} in ${seconds} s: ${fault.why}${failed ? ` (${first})` : ""}`,
    );
  }
  process.stdout.write(`${found} of ${chosen.length} found\n`);
  return found === chosen.length ? 0 : 1;
}

function print(number: number, text: string): void {
  process.stdout.write(`${String(number).padStart(2)}  ${text}\n`);
}

function suiteOf({ project, tests }: Fault): string {
  return `${project} ${tests}`;
}

/** Answers how to take the fault out again. */
function plant(folder: string, { file, find, replace }: Fault): () => void {
  const full = path.join(folder, file);
  const text = readFileSync(full, "utf8");
  const count = text.split(find).length - 1;
  if (count !== 1)
    throw new Error(`${file}: ${JSON.stringify(find)} is there ${count} times: want it once`);
  writeFileSync(
    full,
    text.replace(find, () => replace),
  );
  return () => writeFileSync(full, text);
}

interface Ran {
  readonly failed: boolean;
  /** The first test that failed. */
  readonly first: string;
  readonly tail: string;
}

function runTests(folder: string, suite: string): Promise<Ran> {
  const [project = "", ...files] = suite.split(" ");
  const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--project", project, "--bail", "1", ...files];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, SIM_SEEDS: "150", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const first = /FAIL\s+(?:\|?\w+\|?\s+)?(.*)/.exec(output)?.[1]?.trim() ?? "";
      const ranSome = /Tests\s+.*\d/.test(output);
      if (!ranSome && code === 0)
        reject(new Error(`${suite}: no test ran:\n${output.slice(-2_000)}`));
      else resolve({ failed: code !== 0, first: first.slice(0, 120), tail: output.slice(-3_000) });
    });
  });
}
