import { describe, expect, test } from "vitest";
import type { Json, JsonMap, Seen } from "../wait.ts";
import { ROWS_MAX, judgeSql } from "./sql.ts";
import type { Held } from "./http.ts";

const judge = (
  rows: readonly JsonMap[],
  held: { fits?: Held; fails?: Held } = {},
  expected: string | undefined = held.fits === undefined ? undefined : "row.n > 1",
): Seen =>
  judgeSql(
    { connection: "c", query: "q", params: {}, expect: expected, failWhen: "row.state == 'x'" },
    rows,
    { fits: undefined, fails: undefined, ...held },
  );

describe("without an expectation the first cell of the first row counts", () => {
  test.each<[string, Json, "there" | "not_yet"]>([
    ["a number", 7, "there"],
    ["a text", "done", "there"],
    ["true", true, "there"],
    ["a map", {}, "there"],
    ["null", null, "not_yet"],
    ["false", false, "not_yet"],
    ["zero", 0, "not_yet"],
    ["zero as text", "0", "not_yet"],
    ["an empty text", "", "not_yet"],
  ])("%s", (_name, cell, is) => {
    expect(judge([{ n: cell, other: 1 }]).is).toBe(is);
  });

  test("no row is not yet", () => {
    expect(judge([])).toEqual({ is: "not_yet", note: "found 0 rows", evidence: { rows: 0 } });
  });

  test("what it was is said", () => {
    expect(judge([{ n: 0 }, { n: 1 }])).toMatchObject({
      note: "found 2 rows; its first cell is 0",
    });
  });
});

test.each([
  [
    "it fits, whatever the first cell is",
    judge([{ n: 0 }], { fits: true }),
    "there",
    "found 1 row",
  ],
  ["it does not", judge([{ n: 7 }], { fits: false }), "not_yet", "found 1 row"],
  [
    "it cannot be judged",
    judge([], { fits: "`row` is null" }),
    "not_yet",
    "found 0 rows; `row` is null",
  ],
  [
    "it fails, whatever fits",
    judge([{ n: 7 }], { fits: true, fails: true }),
    "over",
    "found 1 row, and fail_when holds: row.state == 'x'",
  ],
])("with one: %s", (_name, seen, is, note) => {
  expect(seen).toMatchObject({ is, note });
});

test("the output is the first row, and how many there are", () => {
  expect(judge([{ id: 7, at: "2026-01-02" }, { id: 8 }])).toMatchObject({
    output: { count: 2, row: { id: 7, at: "2026-01-02" } },
  });
  expect(judge(Array.from({ length: ROWS_MAX }, () => ({ id: 1 })))).toMatchObject({
    note: "found 100 rows or more",
  });
});
