// Which runs are the newest of their schedule.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import { isLatest } from "./latest.ts";

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

test("what no clock starts is always the newest", () => {
  expect(isLatest(undefined, 0, Date.parse("2026-10-06"))).toBe(true);
  const ended = scheduleOf('{ cron: "@daily", end: 2026-10-06 }');
  expect(isLatest(ended, Date.parse("2026-10-06"), Date.parse("2027-01-01"))).toBe(true);
});
