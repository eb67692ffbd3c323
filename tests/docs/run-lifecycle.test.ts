// docs/run-lifecycle.md says what the machine does. CHASQUI_WRITE_TABLES=1 writes the tables anew.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { formatted } from "../../scripts/formatted.ts";
import {
  reportTable,
  runStatuses,
  runTable,
  taskStatuses,
  triggerRuleTable,
  triggerRules,
} from "./support/lifecycle-tables.ts";
import { root } from "./support/pages.ts";

const file = path.join(root, "docs/run-lifecycle.md");
const tables = { run: runTable, report: reportTable, "trigger-rule": triggerRuleTable } as const;

test("the tables are what the machine answers", async () => {
  const page = readFileSync(file, "utf8");
  let wanted = page;
  for (const [name, make] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- table: ${name} -->)[^]*?(<!-- end -->)`);
    expect(page, `no place for table ${name}`).toMatch(place);
    wanted = wanted.replace(place, `$1\n\n${make()}\n\n$2`);
  }
  wanted = await formatted(root, file, wanted);
  if (process.env["CHASQUI_WRITE_TABLES"] === "1") writeFileSync(file, wanted);
  expect(readFileSync(file, "utf8")).toBe(wanted);
});

test("every state and every rule is on the page", () => {
  const page = readFileSync(file, "utf8");
  for (const name of [...runStatuses, ...taskStatuses, ...triggerRules])
    expect(page).toContain(`\`${name}\``);
});

test("the tables are exhaustive: 6 run states, 11 situations of a task, 21 pairs of ends", () => {
  const rowsOf = (table: string): number => table.split("\n").length - 2;
  expect(rowsOf(runTable())).toBe(6);
  expect(rowsOf(reportTable())).toBe(11);
  expect(rowsOf(triggerRuleTable())).toBe(21);
});
