import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanJson, cleanText } from "./clean.ts";
import type { Json } from "./wait.ts";

test("what is clean has no NUL and no half characters, and stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
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
