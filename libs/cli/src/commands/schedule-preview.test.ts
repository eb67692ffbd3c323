// `chasqui schedule preview`: a DAG file's next ticks, without a server.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { invoke } from "../testing/invoke.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-cli-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});
const put = (schedule: string): void =>
  writeFileSync(
    path.join(cwd, "costs.yaml"),
    `id: costs\n${schedule}\ntasks: { a: { uses: noop } }\n`,
  );
const preview = (...args: string[]) =>
  invoke(["schedule", "preview", "costs.yaml", ...args], { cwd });

test("JSON is instants, local times and notes", async () => {
  put('schedule: { cron: "30 2 * * *", timezone: Europe/Madrid }');
  const { code, out } = await preview("--from", "2026-03-28", "--count", "3", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual([
    { at: "2026-03-28T01:30:00Z", local: "2026-03-28T02:30:00+01:00", note: "" },
    {
      at: "2026-03-29T01:00:00Z",
      local: "2026-03-29T03:00:00+02:00",
      note: "the clock goes forward this day, 02:00 to 03:00; 2026-03-29 02:30 does not exist: moved to 03:00",
    },
    { at: "2026-03-30T00:30:00Z", local: "2026-03-30T02:30:00+02:00", note: "" },
  ]);
});

test("for people: in words, in local time, with a warning on a day when the clock changes", async () => {
  put('schedule: { cron: "30 2 * * *", timezone: Europe/Madrid }');
  const shown = await preview("--from", "2026-10-25T00:00+02:00", "--count", "2");
  expect(shown.code).toBe(0);
  const [title, , first, second] = shown.out.split("\n");
  expect(title).toBe("costs: at 02:30 every day, Europe/Madrid");
  expect(first).toMatch(
    /^Sunday, 25 October 2026, 02:30 \+02:00 +2026-10-25T00:30:00Z .*⚠ the clock goes back this day/,
  );
  expect(second).toMatch(/^Monday, 26 October 2026, 02:30 \+01:00/);
  expect(second).not.toContain("⚠");
});

test("the days of a file beside the DAG are left out", async () => {
  put('schedule: { cron: "0 9 * * *", exclude: { file: holidays/co.txt } }');
  mkdirSync(path.join(cwd, "holidays"));
  writeFileSync(path.join(cwd, "holidays/co.txt"), "2026-12-25 Navidad\n");
  const { out } = await preview("--from", "2026-12-25", "--count", "1", "--json");
  expect(JSON.parse(out)).toMatchObject([
    { at: "2026-12-26T09:00:00Z", note: "excluded before it: 2026-12-25 Navidad" },
  ]);
});

test.each<[string, string[], number, string]>([
  ["", [], 1, "DAG costs has no schedule"],
  ['schedule: { cron: "0 25 * * *" }', [], 1, "hour `25`: out of range"],
  ['schedule: { cron: "@daily" }', ["--from", "tomorrow"], 2, '--from "tomorrow": want an instant'],
  ['schedule: { cron: "@daily" }', ["--count", "0"], 2, "want an integer in 1..10000"],
])("%s %j ends with %i: %s", async (schedule, args, code, message) => {
  put(schedule);
  expect(await preview(...args)).toMatchObject({ code, err: expect.stringContaining(message) });
});

test("a schedule that ends says so, one that follows its runs too", async () => {
  put('schedule: { cron: "@daily", end: 2026-01-01 }');
  expect((await preview("--from", "2026-01-01", "--count", "2")).out).toContain(
    "the schedule ends 2026-01-01T00:00:00.000Z",
  );
  put('schedule: { cron: "@continuous" }');
  expect((await preview()).out).toContain("a run begins whenever the one before has ended");
});
