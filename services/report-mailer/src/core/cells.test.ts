// CSV cells: formulas are text, numbers are numbers.
import { expect, test } from "vitest";
import { csvCell } from "./cells.ts";

test.each([
  ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
  ["+cmd()", "'+cmd()"],
  ["-1+1", "'-1+1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  [" =1+1", "' =1+1"],
  ["\t=1", "'\t=1"],
  ["\rx", "'\rx"],
  ["＝1+1", "'＝1+1"],
])("C1 %j begins no formula", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test.each([
  ["-12.50", "-12.50"],
  ["+573001112233", "+573001112233"],
  [-3, "-3"],
  [true, "true"],
  [null, ""],
  ["Ruta = 4", "Ruta = 4"],
  ["2026-11-22", "2026-11-22"],
])("C2 %j stays", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
