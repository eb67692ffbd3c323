import fc from "fast-check";
import { expect, test } from "vitest";
import { compileCondition } from "../cel/condition.ts";
import { scopeOf } from "../cel/scope.ts";
import { matchesPlainly } from "./plain-pattern.ts";

const re2 = compileCondition("text.matches(pattern)");

const atom = fc
  .tuple(
    fc.constantFrom("a", "Z", "0", "-", "_", "/", "\\.", "[a-z]", "[A-Za-z0-9_]", "[a.-]", "[-9]"),
    fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,2}", "{3,1}"),
  )
  .map((parts) => parts.join(""));
const atoms = fc.array(atom, { minLength: 1, maxLength: 3 }).map((list) => list.join(""));
const group = fc
  .tuple(fc.array(atoms, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "?"))
  .map(([list, optional]) => `(${list.join("|")})${optional}`);
const pattern = fc
  .array(fc.oneof(atom, group), { minLength: 1, maxLength: 4 })
  .map((list) => `^${list.join("")}$`);
const text = fc.string({
  unit: fc.constantFrom("a", "b", "Z", "0", "9", "-", "_", "/", ".", "\n", "é"),
  maxLength: 6,
});

test("P1. what is plain means the same to RE2", () => {
  let plain = 0;
  let matched = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 10, maxLength: 10 }), (tried, texts) => {
      for (const one of texts) {
        const answer = matchesPlainly(tried, one);
        if (answer === undefined) continue;
        plain += 1;
        matched += answer ? 1 : 0;
        const said = re2.evaluate(scopeOf({ text: one, pattern: tried }));
        expect({ tried, one, said }).toMatchObject({ said: { ok: true, value: answer } });
      }
    }),
  );
  expect(plain).toBeGreaterThan(100);
  expect(matched).toBeGreaterThan(10);
});

test.each([
  ["^[a-z][a-z0-9-]{0,62}$", true],
  ["^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$", true],
  ["^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+$", true],
  ["[a-z]", false], // searched anywhere
  ["^a.$", false],
  ["^[^a]$", false],
  ["^\\d$", false],
  ["^(a+)+$", false],
  ["^((a))$", false],
  ["^a*b*c*$", false],
  ["^a{3,2}$", false],
  ["^é$", false],
])("P2. %s is plain: %s", (tried, isPlain) => {
  expect(matchesPlainly(tried, "a") !== undefined).toBe(isPlain);
});

test("P2. a long text is RE2's", () => {
  expect(matchesPlainly("^[a-z]+$", "a".repeat(257))).toBeUndefined();
  expect(matchesPlainly("^[a-z]+$", "a".repeat(256))).toBe(true);
});
