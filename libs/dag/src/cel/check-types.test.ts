// What is said about types before anything runs, and that it is true of what runs.
import { celType } from "@bufbuild/cel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTypes } from "./check-types.ts";
import { parseExpression } from "./expression.ts";
import { scopeOf } from "./scope.ts";
import {
  any,
  bool,
  describeType,
  fits,
  int,
  listOf,
  mapOf,
  text,
  typeOfCel,
  typeOfSchema,
} from "./types.ts";
import type { Type } from "./types.ts";

const roots = {
  run: mapOf({ date: text, is_latest: bool }),
  tasks: mapOf(
    { m: mapOf({ state: text, output: listOf(any) }) },
    mapOf({ state: text, output: any }),
  ),
  params: typeOfSchema({
    type: "object",
    properties: {
      n: { type: "integer" },
      names: { type: "array", items: { type: "string" } },
      deep: { type: "object", properties: { x: { type: "boolean" } }, additionalProperties: false },
      any: {},
    },
  }),
  index: int,
};

function check(source: string) {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.message}`);
  return checkTypes(parsed.value.parsed, roots);
}

test.each([
  ["run.date", "text"],
  ["run.date + '!'", "text"],
  ["params.n + 1", "an integer"],
  ["params.n * 1.5", "a number"],
  ["tasks.a.output.n + 1", "anything"],
  ["tasks.a.output.n > 1", "true or false"],
  ["tasks['a'].state", "text"],
  ["tasks.m.output", "a list"],
  ["params.names[0]", "text"],
  ["params.names.map(n, n.size())", "a list"],
  ["params.names.exists(n, n == 'x')", "true or false"],
  ["params.names.filter(n, n != '')", "a list"],
  ["[1, 2] + [3]", "a list"],
  ["run.is_latest ? 'a' : 'b'", "text"],
  ["run.is_latest ? 'a' : 1", "anything"],
  ["{'a': 1}.a", "an integer"],
  ["{'a': 1}.b", "anything"],
  ["has(tasks.a.output.x)", "true or false"],
  ["size(params.names)", "an integer"],
  ["string(params.n)", "text"],
  ["run.date.plusDays(-1)", "text"],
  ["timestamp(run.date)", "an instant"],
  ["strings.quote(run.date)", "text"],
  ["params.deep.x", "true or false"],
  ["null", "null"],
])("%s gives %s", (source, words) => {
  const { type, problems } = check(source);
  expect(problems).toEqual([]);
  expect(describeType(type)).toBe(words);
});

test.each<[string, string, number]>([
  ["run.date > 3", "`>` cannot be applied to text and an integer", 9],
  ["run.date + 1", "`+` cannot be applied to text and an integer", 9],
  ["run.date && true", "`&&` wants true or false, not text", 3],
  ["params.n ? 1 : 2", "`?` wants true or false, not an integer", 6],
  ["!run.date", "`!` cannot be applied to text", 0],
  ["run.date == 1", "text is never equal to an integer", 9],
  ["run.date.year", "text has no field `year`", 8],
  ["params.deep.y", "no field `y`: there is x", 11],
  ["params.names['a']", "a list has integers as indexes, not text", 12],
  ["params.names.n", "a list has no field `n`", 12],
  ["tasks.m.output.rows > 1", "a list has no field `rows`", 14],
  ["params.n.all(x, x > 1)", "an integer has no elements: want a list or a map", 6],
  ["params.names.all(x, x > 1)", "`>` cannot be applied to text and an integer", 21],
  ["'a' in run.date", "`in` cannot be applied to text and text", 3],
  ["size(params.n)", "`size` cannot be applied to an integer", 0],
  ["run.date.contains(1)", "`contains` cannot be applied to text and an integer", 8],
  ["run.date.contains('a', 'b')", "`contains` cannot be applied to text, text, text", 8],
])("%s: %s", (source, message, offset) => {
  expect(check(source).problems).toEqual([expect.objectContaining({ message, offset })]);
});

test.each([
  "params.any > 1",
  "tasks.a.output == null",
  "run.date != null",
  "params.n == 1.0",
  "params.any.x.y + 1",
  "tasks[params.any].state == ''",
  "index + 1 == 2",
])("%s may work", (source) => {
  expect(check(source).problems).toEqual([]);
});

const values = { n: 3, d: 1.5, s: "ab", b: true, l: [1, 2], t: ["x"], m: { k: "v" }, z: null };
const kinds: Readonly<Record<string, Type>> = {
  ...{ n: int, s: text, b: bool, l: listOf(int), t: listOf(text) },
  m: mapOf({ k: text }),
};
const atom = fc.constantFrom(
  "n",
  "d",
  "s",
  "b",
  "l",
  "t",
  "m",
  "z",
  "1",
  "2.5",
  "'x'",
  "true",
  "[]",
  "m.k",
);
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc
      .tuple(
        tie("expression"),
        fc.constantFrom("+", "-", "*", "==", "<", "&&", "||", "in"),
        tie("expression"),
      )
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    tie("expression").map((a) => `[${a}]`),
    tie("expression").map((a) => `{'k': ${a}}`),
    tie("expression").map((a) => `(${a})[0]`),
    tie("expression").map((a) => `size(${a})`),
    tie("expression").map((a) => `string(${a})`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `${a}.map(x, ${b})`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `${a}.exists(x, x == ${b})`),
  ),
}));

test("what an expression gives is of the type that was said; without alternatives, what has a finding fails", () => {
  fc.assert(
    fc.property(expression, (source) => {
      const parsed = parseExpression(source);
      if (!parsed.ok) return;
      const { type, problems } = checkTypes(parsed.value.parsed, kinds);
      const result = parsed.value.evaluate(scopeOf(values));
      if (result.ok) expect(fits(typeOfCel(celType(result.value)), type), source).toBe(true);
      // Short cuts, empty lists and comparisons of different types are no errors when they run.
      if (problems.length > 0 && !/&&|\|\||\?|==|map|exists|in /.test(source))
        expect(result.ok, source).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});
