// A value as a cell of a CSV file that people open in a spreadsheet.
// Invariants: C1. No cell begins a formula. C2. Numbers, negative ones too, stay as they are.
import type { Cell } from "./rows.ts";

/** A spreadsheet runs what begins with one of these; the wide forms are read like the narrow ones. */
const FORMULA_START = /^[\s\u0000-\u001f]*[=+\-@＝＋－＠]/;
const CONTROL_START = /^[\t\r\n]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

export function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  if (NUMBER.test(value)) return value;
  return FORMULA_START.test(value) || CONTROL_START.test(value) ? `'${value}` : value;
}
