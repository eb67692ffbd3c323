// The comparison sees what it shall see.
import { expect, test } from "vitest";
import { firstMissing } from "./shown.ts";

const printed =
  "one\n10:00:01 two in 12 ms\n  … applying dags/ (2 s)\nthree\nfour run-yyevcnn69zrg5m0cramns7tsac\nfive";

test.each([
  ["one\n…\nfive", undefined],
  ["…\n11:11:11 two in < 1 s\nthree", undefined],
  ["four run-aaaaaaaaaaaa", undefined],
  ["one\nthree", "three"],
  ["three\n…\none", "one"],
  ["six", "six"],
  ["two", "two"],
])("%j: missing %j", (shown, missing) => {
  expect(firstMissing(shown, printed)).toBe(missing);
});
