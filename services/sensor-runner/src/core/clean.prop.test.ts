import fc from "fast-check";
import { expect, test } from "vitest";
import { anyCharacter } from "../../../../tests/support/any-text.ts";
import { cleanJson, cleanSeen, cleanText } from "./clean.ts";
import type { Json, Seen } from "./wait.ts";

const dirtyText = fc.string({
  unit: fc.oneof(fc.constantFrom("\0", "\ud83d", "\ude00"), anyCharacter),
});

test("what is clean has no NUL and no half characters, and stays as it is", () => {
  fc.assert(
    fc.property(dirtyText, (text) => {
      const clean = cleanText(text);
      expect(clean.includes("\0")).toBe(false);
      expect(clean.isWellFormed()).toBe(true);
      expect(cleanText(clean)).toBe(clean);
    }),
  );
});

test("keys and values at any depth", () => {
  const dirty: Json = { "a\0": ["\ud800", { b: "x\0" }], n: 1, t: true, z: null };
  expect(cleanJson(dirty)).toEqual({
    "a\uFFFD": ["\uFFFD", { b: "x\uFFFD" }],
    n: 1,
    t: true,
    z: null,
  });
});

test.each([
  { is: "there", note: "\0", output: "\0" },
  { is: "not_yet", note: "\0", evidence: { a: "\0" }, cursor: ["\0"] },
  { is: "silent", note: "\0" },
  { is: "over", note: "\0", class: "config", permanent: true, evidence: { a: "\0" } },
  { is: "skip", note: "\0" },
] satisfies Seen[])("everything that $is says", (seen) => {
  expect(JSON.stringify(cleanSeen(seen))).not.toContain("\\u0000");
  expect(cleanSeen({ ...seen, note: "x".repeat(5_000) }).note).toHaveLength(1_000);
});
