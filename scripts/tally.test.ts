// Invariants Y1 to Y3 of tally.ts: when `npm test` fails, and what its closing line says.
import { expect, test } from "vitest";
import { closingLine, parseSkips, type Part, type PartCounts, tally } from "./tally.ts";

const counts = (more: Partial<PartCounts> = {}): PartCounts => {
  return { passed: 0, failed: 0, skipped: [], ran: [], empty: [], ...more };
};
const part = (more: Partial<PartCounts>, exitCode = 0): Part => {
  return { name: "unit", counts: counts(more), exitCode };
};
const whole = { checks: [], skips: [], isWhole: true };
const skip = { test: "a.test.ts > b", missing: "root", runsIn: "CI" };

test.each([
  ["all green", { ...whole, parts: [part({ passed: 3 })] }, "3 passed, 0 failed"],
  [
    "checks count as one each",
    { ...whole, checks: [{ ok: true }, { ok: false }], parts: [part({ passed: 1 })] },
    "2 passed, 1 failed",
  ],
  ["a failed test", { ...whole, parts: [part({ passed: 1, failed: 1 }, 1)] }, "1 passed, 1 failed"],
  [
    "vitest ends badly though no test failed",
    { ...whole, parts: [part({ passed: 1 }, 1)] },
    "1 passed, 1 failed",
  ],
  [
    "vitest dies before it can count",
    { ...whole, parts: [{ name: "unit", counts: undefined, exitCode: 137 }] },
    "0 passed, 1 failed",
  ],
  [
    "vitest dies before it can count, and a skip of its tests is explained",
    { ...whole, skips: [skip], parts: [{ name: "unit", counts: undefined, exitCode: 124 }] },
    "0 passed, 1 failed",
  ],
  ["nothing ran", { ...whole, parts: [part({})] }, "0 passed, 1 failed"],
  [
    "a skip that nobody explained",
    { ...whole, parts: [part({ passed: 1, skipped: [skip.test] })] },
    "1 passed, 1 failed, 1 skipped",
  ],
  [
    "a skip that is explained",
    { ...whole, skips: [skip], parts: [part({ passed: 1, skipped: [skip.test] })] },
    "1 passed, 0 failed, 1 skipped",
  ],
  [
    "an explained skip that ran here",
    { ...whole, skips: [skip], parts: [part({ passed: 1, ran: [skip.test] })] },
    "1 passed, 0 failed",
  ],
  [
    "an explanation that fits no test",
    { ...whole, skips: [skip], parts: [part({ passed: 1 })] },
    "1 passed, 1 failed",
  ],
  [
    "the same in a part of the run, where the test may be elsewhere",
    { ...whole, isWhole: false, skips: [skip], parts: [part({ passed: 1 })] },
    "1 passed, 0 failed",
  ],
  [
    "a test without a body",
    { ...whole, parts: [part({ passed: 1, empty: ["x"] })] },
    "1 passed, 1 failed",
  ],
])("%s", (_, input, line) => {
  expect(closingLine(tally(input))).toBe(line);
});

test.each([
  ["{}", "want a list"],
  ['[{"test": "x"}]', "entry 0: want the texts test, missing and runsIn"],
  ['[{"test": "x", "missing": " ", "runsIn": "CI"}]', "an empty text explains nothing"],
])("skips.json %s is refused", (text, message) => {
  expect(() => parseSkips(text)).toThrow(message);
});
