// The examples of the page about triggers are triggers: the compiler takes each.
import { expect, test } from "vitest";
import { compileDag, formatProblem } from "../../libs/dag/src/index.ts";
import { blocksOf, readPage } from "./support/pages.ts";

const examples = blocksOf(readPage("docs/triggers.md")).filter(
  ({ language }) => language === "yaml",
);

test("there are examples", () => {
  expect(examples.length).toBeGreaterThanOrEqual(3);
});

test.each(examples)("docs/triggers.md:$line", ({ text }) => {
  const dag = `id: example\n${text}\ntasks: { work: { uses: noop } }\n`;
  const compiled = compileDag({ file: "example.yaml", text: dag });
  expect(compiled.ok ? [] : compiled.problems.map(formatProblem)).toEqual([]);
});
