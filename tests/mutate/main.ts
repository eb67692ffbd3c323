// `npm run mutate`: plants one fault after another in a copy of the tree, and the suite must find each.
//   npm run mutate                 all of them, two at a time
//   npm run mutate -- --only 7     one; may be said several times
//   npm run mutate -- --list       what there is
// First the tests run without a fault: what is red before shows nothing.
import path from "node:path";
import { parseArgs } from "node:util";
import { findNatsServer } from "../../libs/sandbox/src/servers/index.ts";
import type { Fault, Tests } from "./fault.ts";
import { faults } from "./faults/index.ts";
import { runTests, type Verdict } from "./run-tests.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

const root = path.resolve(import.meta.dirname, "../..");
const AT_ONCE_MAX = 2;
const FAULT_MS_MAX = 180_000;
const GREEN_MS_MAX = 400_000;

interface Numbered extends Fault {
  readonly number: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: "string", multiple: true }, list: { type: "boolean" } },
  });
  const chosen = choose(values.only);
  if (values.list === true) {
    for (const { number, file, why } of chosen) console.log(`${pad(number)}  ${file}: ${why}`);
    return 0;
  }
  if (chosen.some(({ tests }) => tests.project === "integration"))
    await findNatsServer({ home: path.join(root, ".chasqui"), onWait: console.log });
  const startedMs = performance.now();
  const workshops = Array.from({ length: AT_ONCE_MAX }, () => openWorkshop(root));
  try {
    if (!(await isGreen(chosen, workshops))) return 1;
    const found = await plantAll(chosen, workshops);
    console.log(`\n${found} of ${chosen.length} found in ${secondsSince(startedMs)} s`);
    return found === chosen.length ? 0 : 1;
  } finally {
    for (const workshop of workshops) workshop.remove();
  }
}

function choose(only: readonly string[] | undefined): Numbered[] {
  const all = faults.map((fault, index) => ({ number: index + 1, ...fault }));
  if (only === undefined) return all;
  return only.map((text) => {
    const fault = all.find(({ number }) => String(number) === text);
    if (fault === undefined)
      throw new Error(`--only ${text}: no such fault: want a number from 1 to ${all.length}`);
    return fault;
  });
}

/** The chosen tests without any fault, each project in its own copy. */
async function isGreen(chosen: readonly Fault[], workshops: readonly Workshop[]): Promise<boolean> {
  const startedMs = performance.now();
  const projects = (["unit", "integration"] as const).map((project): Tests => ({
    project,
    files: [
      ...new Set(chosen.flatMap(({ tests }) => (tests.project === project ? tests.files : []))),
    ],
  }));
  const verdicts = await Promise.all(
    projects.map(async (tests, index): Promise<Verdict> => {
      const workshop = workshops[index];
      if (tests.files.length === 0 || workshop === undefined) return { kind: "green", count: 0 };
      return runTests({ root: workshop.root, tests, timeoutMs: GREEN_MS_MAX });
    }),
  );
  let count = 0;
  for (const verdict of verdicts) {
    if (verdict.kind !== "green") {
      console.log(`without a fault: ${inWords(verdict)}: want every test to pass`);
      return false;
    }
    count += verdict.count;
  }
  console.log(`without a fault: ${count} tests pass (${secondsSince(startedMs)} s)`);
  return true;
}

async function plantAll(
  chosen: readonly Numbered[],
  workshops: readonly Workshop[],
): Promise<number> {
  const waiting = [...chosen];
  let found = 0;
  const work = async (workshop: Workshop): Promise<void> => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const verdict = await plant(fault, workshop);
      if (verdict.kind === "found") found += 1;
      if (verdict.kind === "interrupted") waiting.length = 0;
    }
  };
  await Promise.all(workshops.map(work));
  return found;
}

async function plant(fault: Numbered, workshop: Workshop): Promise<Verdict> {
  const { number, file, why, tests } = fault;
  const startedMs = performance.now();
  let verdict: Verdict;
  try {
    verdict = await workshop.withFault(fault, () =>
      runTests({ root: workshop.root, tests, timeoutMs: FAULT_MS_MAX }),
    );
  } catch (thrown) {
    verdict = { kind: "unclear", why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  const end = `${inWords(verdict)} in ${secondsSince(startedMs)} s`;
  console.log(
    `${pad(number)}  ${verdict.kind === "found" ? "" : "NOT FOUND "}${end}: ${file}: ${why}`,
  );
  return verdict;
}

function inWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case "found":
      return `found by "${verdict.by}"`;
    case "green":
      return `${verdict.count} tests passed all the same`;
    case "unclear":
      return verdict.why;
    case "interrupted":
      return "interrupted";
  }
}

const pad = (number: number): string => String(number).padStart(2);
const secondsSince = (startedMs: number): string =>
  ((performance.now() - startedMs) / 1000).toFixed(1);

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});
