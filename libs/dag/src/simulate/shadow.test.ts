// Recorded runs through other versions of their DAG.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import type { RecordedRun } from "./shadow.ts";
import { shadow } from "./shadow.ts";

function specOf(text: string) {
  const compiled = compileDag({ file: "x.yaml", text });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.spec;
}
const pod = (more = ""): string => `{ uses: k8s.pod, with: { image: "x:1" }${more} }`;

/** load took two attempts and found 3 rows, mail failed. */
const recorded: RecordedRun = {
  key: "2026-11-22",
  logicalMs: Date.parse("2026-11-22T19:00:00Z"),
  params: {},
  event: undefined,
  state: "failed",
  states: { load: "succeeded", mail: "failed" },
  history: [
    { type: "run_created", data: { admitted: true } },
    { type: "task_assigned", data: { t: "load", a: 1 } },
    { type: "attempt_failed", data: { t: "load", a: 1, s: 1, failure: { class: "quota" } } },
    { type: "task_succeeded", data: { t: "load", a: 2, s: 1, output: { rows: 3 } } },
    { type: "attempt_failed", data: { t: "mail", a: 1, s: 1, failure: { class: "code" } } },
  ],
};
const look = (tasks: string, defaults = "defaults: { retries: { max: 1 } }") => {
  const found = shadow(specOf(`id: costs\n${defaults}\ntasks:\n${tasks}`), recorded, { vars: {} });
  if (!found.ok) throw new Error(found.message);
  return found.value;
};

test("a version that would decide the same shows no difference", () => {
  const found = look(`  load: ${pod()}\n  mail: ${pod(", needs: [load], retries: { max: 0 }")}\n`);
  expect(found).toEqual({ differences: [], unknown: [] });
});

test("another condition, fewer retries: each differing decision is listed with its reason", () => {
  const condition = look(
    `  load: ${pod()}\n  mail: ${pod(", needs: [load], when: tasks.load.output.rows > 5")}\n`,
  );
  expect(condition.differences).toEqual([
    { task: "mail", was: "failed", would_be: "skipped", why: "when is false" },
    { was: "failed", would_be: "succeeded" },
  ]);
  const strict = look(
    `  load: ${pod()}\n  mail: ${pod(", needs: [load]")}\n`,
    "description: strict",
  );
  expect(strict.differences).toMatchObject([
    { task: "load", was: "succeeded", would_be: "failed" },
    { task: "mail", was: "failed", would_be: "upstream_failed" },
  ]);
});

test("what the record does not say is unknown, with what needs it; never guessed", () => {
  const found = look(
    `  load: ${pod()}\n  check: ${pod(", needs: [load]")}\n  mail: ${pod(", needs: [check], retries: { max: 0 }")}\n`,
  );
  expect(found).toEqual({ differences: [], unknown: ["check", "mail"] });
});

test("a task that is not there any more is a difference", () => {
  expect(look(`  load: ${pod()}\n`).differences).toMatchObject([
    { task: "mail", was: "failed", would_be: "not there" },
    { was: "failed", would_be: "succeeded" },
  ]);
});
