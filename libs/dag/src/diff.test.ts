// The lines that people read when they apply a DAG.
import { expect, test } from "vitest";
import { compileDag } from "./compile/compile-dag.ts";
import { CARRIER_COSTS } from "./testing/examples.ts";
import { diffSpecs } from "./diff.ts";

function specOf(text: string) {
  const compiled = compileDag({ file: "x.yaml", text });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.spec;
}
const base = specOf(CARRIER_COSTS);
const diff = (change: (text: string) => string): string[] =>
  diffSpecs(base, specOf(change(CARRIER_COSTS)));

test("a new DAG", () => {
  expect(diffSpecs(undefined, base)).toEqual(["new DAG with 2 tasks"]);
});

test("the same meaning has no lines", () => {
  expect(diff((text) => `# hello\n${text}max_active_runs: 16\n`)).toEqual([]);
});

test.each<[string, (text: string) => string, string[]]>([
  [
    "the default time-out",
    (t) => t.replace("timeout: 30m", "timeout: 45m"),
    ["task `aggregate`: timeout 30m → 45m", "task `mail`: timeout 30m → 45m"],
  ],
  [
    "the schedule",
    (t) => t.replace("0 19", "0 20"),
    ['schedule.cron ["0 19 * * *"] → ["0 20 * * *"]'],
  ],
  [
    "a task's image",
    (t) => t.replace("costs:1.4", "costs:1.5"),
    ["task `aggregate`: with.image registry.example/costs:1.4 → registry.example/costs:1.5"],
  ],
  [
    "a field that goes",
    (t) => t.replace("      attach: [csv]\n", ""),
    ['task `mail`: with.attach ["csv"] removed'],
  ],
  [
    "a field that comes",
    (t) => t.replace("owner: logistics", "owner: logistics\ntags: [daily]"),
    ['tags ["daily"] added'],
  ],
  [
    "a task between",
    (t) =>
      t.replace(
        "  mail:\n    needs: [aggregate]",
        "  check: { uses: noop, needs: [aggregate] }\n  mail:\n    needs: [aggregate, check]",
      ),
    ["task `check` added after `aggregate`", "task `mail`: now needs `check`"],
  ],
])("%s", (_, change, lines) => {
  expect(diff(change)).toEqual(lines);
});

test("a task that goes", () => {
  const one = specOf(CARRIER_COSTS.replace(/ {2}mail:[\s\S]*?(?=alerts:)/, ""));
  expect(diffSpecs(base, one)).toEqual(["task `mail` removed"]);
  expect(diffSpecs(one, base)).toEqual(["task `mail` added after `aggregate`"]);
});
