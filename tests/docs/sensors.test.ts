// The page about sensors: each example compiles, is read by sensor-runner as it stands, and its output leads on as the
// page says; every kind has its section, and every field of it is explained there.
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { sensorKindSchemas } from "../../libs/contracts/src/sensor-kinds.ts";
import { statesOf } from "../../libs/dag/src/author/simulate-dag.ts";
import { compileDag } from "../../libs/dag/src/compile/compile-dag.ts";
import { formatProblem } from "../../libs/dag/src/problem.ts";
import { simulate } from "../../libs/dag/src/simulate/simulate.ts";
import { sensorsOf } from "../../services/sensor-runner/src/sensors.ts";
import { testOutside } from "../../services/sensor-runner/src/testing/outside.ts";
import { blocksOf, readPage } from "./support/pages.ts";

const PAGE = "docs/sensors.md";
const page = readPage(PAGE);
const sensors = sensorsOf(testOutside);
const examples = blocksOf(page).filter(({ language }) => language === "yaml");

interface Written {
  readonly tasks: Readonly<Record<string, { readonly uses: string; readonly with?: object }>>;
}
const sensorsIn = (text: string) =>
  Object.values((parse(text) as Written).tasks).filter(({ uses }) => uses.startsWith("sensor."));

describe.each(examples)(`${PAGE}:$line`, ({ text, info, line }) => {
  test("it compiles, and runs on with the output that the page tells", () => {
    const compiled = compileDag({ file: `${PAGE}:${line}`, text });
    expect((compiled.ok ? compiled.warnings : compiled.problems).map(formatProblem)).toEqual([]);
    if (!compiled.ok) return;
    const { states, ...script } = JSON.parse(info);
    const simulated = simulate({ spec: compiled.spec, atMs: Date.parse("2026-11-22"), ...script });
    if (!simulated.ok) throw new Error(simulated.message);
    expect(statesOf(simulated.value)).toEqual(states);
    expect(Object.keys(states).length).toBeGreaterThan(1);
  });

  test("sensor-runner reads it", () => {
    const rendered = text.replaceAll("${run.date}", "2026-11-22");
    for (const { uses, with: config } of sensorsIn(rendered))
      expect(sensors.get(uses)?.parse(config)).toMatchObject({ of: expect.anything() });
  });
});

test("there is an example of each kind", () => {
  const shown = examples.flatMap(({ text }) => sensorsIn(text).map(({ uses }) => uses));
  expect(shown.toSorted()).toEqual(Object.keys(sensorKindSchemas).toSorted());
});

const sections = new Map(
  page.split(/^## /m).map((text) => [(text.split("\n")[0] ?? "").replaceAll("`", ""), text]),
);
const pace = sections.get("How a sensor waits") ?? "";

test.each(Object.entries(sensorKindSchemas))("%s: every field is explained", (kind, schema) => {
  const section = sections.get(kind) ?? "";
  expect(section).toContain("Output");
  const told = `${section}\n${pace}`;
  const untold = Object.keys(schema.properties ?? {}).filter(
    (field) => !new RegExp(`\`${field}[\`.]`).test(told),
  );
  expect(untold).toEqual([]);
});
