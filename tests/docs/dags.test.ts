// The pages about DAGs: each example compiles without a word and runs as the page says; every field is there.
import { describe, expect, test } from "vitest";
import { statesOf } from "../../libs/dag/src/author/simulate-dag.ts";
import { compileDag } from "../../libs/dag/src/compile/compile-dag.ts";
import * as words from "../../libs/dag/src/compile/words.ts";
import { formatProblem } from "../../libs/dag/src/problem.ts";
import { simulate } from "../../libs/dag/src/simulate/simulate.ts";
import { blocksOf, readPage } from "./support/pages.ts";

const pages = ["docs/dags.md", "docs/coming-from-airflow.md"];
const examples = pages.flatMap((page) =>
  blocksOf(readPage(page))
    .filter(({ language }) => language === "yaml")
    .map((block) => ({ ...block, name: `${page}:${block.line}` })),
);

describe.each(examples)("$name", ({ name, text, info }) => {
  test("it compiles and runs as the page says", () => {
    const compiled = compileDag({ file: name, text });
    expect((compiled.ok ? compiled.warnings : compiled.problems).map(formatProblem)).toEqual([]);
    if (!compiled.ok) return;
    const { states, ...script } = JSON.parse(info);
    const simulated = simulate({ spec: compiled.spec, atMs: Date.parse("2026-10-06"), ...script });
    if (!simulated.ok) throw new Error(simulated.message);
    expect(statesOf(simulated.value)).toMatchObject(states);
    expect(Object.keys(states).length).toBeGreaterThan(0);
  });
});

test.each<[string, readonly string[]]>([
  ["the DAG", words.dagFields],
  ["a task", words.taskFields],
  ["a group", words.groupFields],
  ["defaults", words.defaultsFields],
  ["retries", words.retryFields],
  ["a retry rule", words.retryRuleFields],
  ["for_each", words.forEachFields],
  ["pool", words.poolFields],
  ["concurrency", words.concurrencyFields],
  ["an alert", words.alertFields],
])("docs/dags.md explains every field of %s, and has it in an example", (_, fields) => {
  const page = readPage("docs/dags.md");
  const shown = blocksOf(page)
    .filter(({ language }) => language === "yaml")
    .map(({ text }) => text)
    .join("\n");
  for (const field of fields) {
    expect(page, field).toContain(`\`${field}\``);
    expect(shown, field).toMatch(new RegExp(`\\b${field}:`));
  }
});

test.each<[string, readonly string[]]>([
  [
    "what expressions may name",
    [...words.runRoots.filter((root) => root !== "tasks"), ...words.instanceRoots],
  ],
  ["`run`", [...words.runScopeFields, ...words.exitScopeFields.map((field) => `run.${field}`)]],
  ["`event`", words.eventScopeFields],
  ["the rules of retries", [...words.retryRoots, ...words.failureScopeFields]],
])("docs/dags.md names all of %s", (_, names) => {
  for (const name of names) expect(readPage("docs/dags.md"), name).toContain(`\`${name}\``);
});

test("docs/dags.md names every trigger rule", () => {
  for (const rule of Object.keys(words.triggerRuleWords))
    expect(readPage("docs/dags.md")).toContain(`\`${rule}\``);
});
