// Which runs are the newest of their schedule.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import { isLatest } from "./latest.ts";
import { scopeOfRun } from "./scope-of-run.ts";

function scheduleOf(schedule: string) {
  const text = `id: x\nschedule: ${schedule}\ntasks: { a: { uses: noop } }\n`;
  const compiled = compileDag({ file: "x.yaml", text });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.spec.schedule;
}

const daily = scheduleOf('{ cron: "0 19 * * *", timezone: America/Bogota }'); // midnight UTC
test.each([
  ["at its own tick", "2026-10-06T00:00:00Z", "2026-10-06T00:00:00Z", true],
  ["while the next is to come", "2026-10-06T00:00:00Z", "2026-10-06T23:59:59Z", true],
  ["when the next has come", "2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z", false],
  ["long after", "2026-10-06T00:00:00Z", "2026-12-01T00:00:00Z", false],
  ["by hand, between ticks", "2026-10-06T12:00:00Z", "2026-10-06T12:00:01Z", true],
])("%s", (_, due, at, expected) => {
  expect(isLatest(daily, Date.parse(due), Date.parse(at))).toBe(expected);
});

test("a run for the interval is the newest until the interval behind its own has ended", () => {
  const file = "x.yaml";
  const text =
    'id: x\nschedule: { cron: "@daily", runs_for: interval }\ntasks: { a: { uses: noop } }\n';
  const compiled = compileDag({ file, text });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const logicalMs = Date.parse("2026-10-06");
  const run = { id: "run-1", dagId: "x", key: "k", logicalMs };
  const isNewest = (at: string): unknown => {
    const facts = { run, params: {}, event: null, tasks: {}, atMs: Date.parse(at) };
    return scopeOfRun(compiled.spec, facts, { vars: {} }).json("run");
  };
  expect(isNewest("2026-10-07T00:00:00Z")).toMatchObject({ is_latest: true });
  expect(isNewest("2026-10-07T23:59:59Z")).toMatchObject({ is_latest: true });
  expect(isNewest("2026-10-08T00:00:00Z")).toMatchObject({ is_latest: false });
});

test("what no clock starts is always the newest", () => {
  expect(isLatest(undefined, 0, Date.parse("2026-10-06"))).toBe(true);
  const ended = scheduleOf('{ cron: "@daily", end: 2026-10-06 }');
  expect(isLatest(ended, Date.parse("2026-10-06"), Date.parse("2027-01-01"))).toBe(true);
});
