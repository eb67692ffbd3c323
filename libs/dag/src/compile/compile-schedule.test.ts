// Schedules as authors write them, what they mean, and what is said about those that make no sense.
import { expect, test } from "vitest";
import { Catchup, ClockFold, ClockGap, Overlap, RunsFor } from "@chasqui/contracts";
import { formatProblem } from "../problem.ts";
import { compileDag } from "./compile-dag.ts";
import type { ReadFile } from "./compile-excludes.ts";

const files: ReadFile = (file) =>
  ({
    "holidays/colombia.txt": "# 2026\n2026-07-20 Independencia\n\n12-25 Navidad # every year\n",
    "days.yaml": "---\n- 2026-12-24..2027-01-06  Plant   closed\n- '05-01'\n",
    "broken.txt": "2026-12-25\nchristmas\n",
  })[file];

const compile = (schedule: string) =>
  compileDag(
    { file: "x.yaml", text: `id: x\nschedule: ${schedule}\ntasks: { a: { uses: noop } }\n` },
    { readFile: files },
  );

function scheduleOf(schedule: string) {
  const compiled = compile(schedule);
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec.schedule;
}

test("all that a schedule may say", () => {
  expect(
    scheduleOf(`
  cron: ["0 19 * * *", "*/30 * * * * *"]
  every: 15m
  dates: [2026-12-24T18:30, 2026-10-06T19:00:00-05:00, 2026-12-31]
  timezone: America/Bogota
  start: 2026-01-01T06:00
  exclude: [12-25 Navidad, { file: holidays/colombia.txt }, { file: days.yaml }]
  gap: skip
  fold: both
  jitter: 10m
  runs_for: interval
  key: \${run.date}
  catchup: all
  catchup_window: 2d
  overlap: skip`),
  ).toMatchObject({
    crons: ["*/30 * * * * *", "0 19 * * *"],
    every: { seconds: 900n },
    anchor: "2026-01-01T11:00:00Z",
    start: "2026-01-01T11:00:00Z",
    dates: ["2026-10-07T00:00:00Z", "2026-12-24T18:30:00", "2026-12-31T00:00:00"],
    excludes: [
      { first: "05-01", last: "05-01", name: "" },
      { first: "12-25", last: "12-25", name: "Navidad" },
      { first: "2026-07-20", last: "2026-07-20", name: "Independencia" },
      { first: "2026-12-24", last: "2027-01-06", name: "Plant closed" },
    ],
    gap: ClockGap.SKIP,
    fold: ClockFold.BOTH,
    jitter: { seconds: 600n },
    runsFor: RunsFor.INTERVAL,
    key: "${run.date}",
    catchup: Catchup.ALL,
    catchupWindow: { seconds: 172_800n },
    overlap: Overlap.SKIP,
  });
});

test("an interval counts from its anchor, else from the start, else from a midnight of the zone", () => {
  expect(scheduleOf('{ every: 1d, anchor: "2026-01-01T06:00", start: 2026-05-01 }')).toMatchObject({
    anchor: "2026-01-01T06:00:00Z",
  });
  expect(scheduleOf("{ every: 1d, timezone: America/Bogota }")).toMatchObject({
    anchor: "2000-01-01T05:00:00Z",
  });
});

test.each<[string, string, boolean]>([
  ['{ cron: "0 19 * * *" }', '{ cron: "0 0 19 * * *", gap: shift, fold: first }', true],
  ['{ cron: "0 * * * *" }', '{ cron: "0 */1 * * *", gap: skip, fold: both }', false], // other words
  ['{ cron: "0 * * * *" }', '{ cron: "@hourly", gap: skip, fold: both }', true],
  ['{ cron: "0 * * * *" }', '{ cron: "0 * * * *", fold: first }', false],
  ['{ cron: "0 1 * * *" }', '{ cron: "0 1 * * *", fold: both }', false],
  ['{ cron: "0 1 * * *", exclude: 12-25 }', '{ cron: "0 1 * * *", exclude: [12-25..12-25] }', true],
  ['{ cron: "@once" }', '{ cron: "@ONCE", catchup: latest }', true],
  ['{ cron: "@continuous" }', '{ cron: ["@continuous"], overlap: queue }', true],
])("%s and %s: the same meaning? %s", (one, other, same) => {
  const [a, b] = [compile(one), compile(other)];
  if (!a.ok || !b.ok) throw new Error(JSON.stringify([a, b]));
  expect(a.fingerprint === b.fingerprint).toBe(same);
});

test.each<[string, string]>([
  ["{ every: 500ms }", "every 500ms: want at least 1s"],
  ['{ cron: "@daily", anchor: 2026-01-01 }', "anchor without `every`: want both, or none"],
  ["{ dates: [] }", "dates is an empty list"],
  ["{ dates: [2026-02-30] }", "dates: `2026-02-30`: want a local time such as"],
  ['{ cron: ["@once", "@daily"] }', "cron `@once` beside others: want it alone"],
  ['{ cron: "@once", every: 1h }', "@once and `every`: want one of them"],
  ['{ cron: "@once", runs_for: interval }', "@once and `runs_for`: want one of them"],
  ['{ cron: "@continuous", catchup: all }', "@continuous and `catchup`: want one of them"],
  ['{ cron: "@continuous", overlap: allow }', "@continuous and `overlap`"],
  ['{ cron: "@daily", gap: jump }', "gap: `jump`: want one of shift, skip"],
  ['{ cron: "@daily", fold: second }', "fold: `second`: want one of first, both, last"],
  ['{ cron: "@daily", runs_for: day }', "runs_for: `day`: want one of tick, interval"],
  ['{ cron: "@daily", jitter: 2d }', "jitter 2d: want at most 1d"],
  ['{ cron: "@daily", key: daily }', "key `daily` is the same for every tick"],
  ['{ cron: "@daily", key: "${event.id}" }', "no name `event`; known: run"],
  ['{ cron: "@daily", exclude: 13-01 }', "exclude: `13-01`: want a day such as"],
  ['{ cron: "@daily", exclude: 2026-12-25..12-26 }', "exclude: `2026-12-25..12-26`"],
  ['{ cron: "@daily", exclude: { file: none.txt } }', "file `none.txt`: no such file beside"],
  ['{ cron: "@daily", exclude: { file: ../x.txt } }', "file: `../x.txt`: want a .txt or .yaml"],
  ['{ cron: "@daily", exclude: { file: /etc/x.txt } }', "no such file beside the DAG"],
  ['{ cron: "@daily", exclude: { file: broken.txt } }', "broken.txt:2: `christmas`: want a day"],
  ['{ cron: "@daily", exclude: {} }', "exclude has no `file`"],
])("%s: %s", (schedule, message) => {
  const compiled = compile(schedule);
  const problems = compiled.ok ? [] : compiled.problems.map(formatProblem);
  expect(problems.join("\n")).toContain(message);
});
