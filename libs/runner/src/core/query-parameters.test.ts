// Named parameters: a table of what is and what is not one.
import { describe, expect, test } from "vitest";
import { bindParameters, type ParamValue } from "./query-parameters.ts";

function bound(source: string, params: Record<string, ParamValue>) {
  const binding = bindParameters(source, params);
  if (binding.kind === "problem") throw new Error(binding.message);
  return { text: binding.query.text, values: binding.query.values };
}

function problem(source: string, params: Record<string, ParamValue>) {
  const binding = bindParameters(source, params);
  if (binding.kind === "bound") throw new Error(`bound to ${binding.query.text}`);
  return `${binding.place.line}:${binding.place.column}: ${binding.message}`;
}

describe("P1 a name inside text is text", () => {
  test.each([
    ["a string", "select ':day'"],
    ["a doubled quote", "select 'it''s :day'"],
    ["an escape string", "select E'\\' :day'"],
    ["a plain string with a backslash", "select '\\' || 'x:day'"],
    ["a quoted identifier", 'select ":day" from t'],
    ["a dollar body", "select $$ :day $$"],
    ["a tagged dollar body", "select $q$ $$ :day $q$"],
    ["a line comment", "select 1 -- :day"],
    ["a nested comment", "select 1 /* a /* :day */ :day */"],
    ["an array slice", "select a[1:2]"],
    ["an open string", "select ':day"],
  ])("%s", (_what, source) => {
    expect(bound(source, {})).toEqual({ text: source, values: [] });
  });

  test("and what follows it is read again", () => {
    expect(bound("select ':a', $x$:a$x$, /* :a */ :a", { a: 1 })).toEqual({
      text: "select ':a', $x$:a$x$, /* :a */ $1",
      values: [1],
    });
  });
});

test("P2 casts stay, and one name is one parameter", () => {
  expect(
    bound("select :day::date, x where d=:day and n in (:n,:day)", { day: "2026-11-22", n: 3 }),
  ).toEqual({
    text: "select $1::date, x where d=$1 and n in ($2,$1)",
    values: ["2026-11-22", 3],
  });
});

describe("P3 names and values match", () => {
  test("a name without value is placed", () => {
    expect(problem("select 1\nwhere d = :dya", { day: "x", and: 1 })).toBe(
      "2:11: parameter :dya has no value: given are and, day",
    );
    expect(problem("select :day", {})).toBe(
      "1:8: parameter :day has no value: no params are given",
    );
  });
  test("a value without name is told", () => {
    expect(problem("select 1", { day: "x" })).toBe(
      "1:1: value day is not used: the query has no :day",
    );
  });
  test("inherited names are not values", () => {
    expect(problem("select :constructor", {})).toContain(":constructor has no value");
  });
});

describe("P4 one statement", () => {
  test("a closing semicolon is dropped", () => {
    expect(bound("select 1 ; -- done\n", {}).text).toBe("select 1 ");
  });
  test("a second statement is refused", () => {
    expect(problem("select 1; commit; drop table x", {})).toBe(
      "1:11: a query is one statement, and something follows its semicolon",
    );
  });
  test("an empty query is refused", () => {
    expect(problem(" ; ", {})).toBe("1:1: the query is empty");
  });
});

test("a position of PostgreSQL's is found in the author's text", () => {
  const source = "select :some_long_name,\n  wrong_column from t where b = :b";
  const binding = bindParameters(source, { some_long_name: 1, b: 2 });
  if (binding.kind === "problem") throw new Error(binding.message);
  const position = binding.query.text.indexOf("wrong_column") + 1;
  expect(binding.query.placeOf(position)).toEqual({ line: 2, column: 3 });
  expect(binding.query.placeOf(1)).toEqual({ line: 1, column: 1 });
});
