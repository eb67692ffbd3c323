import { expect, test } from "vitest";
import type { KnownDag, TickPolicy } from "./core/learn.ts";
import type { Timing } from "./timing.ts";
import { tickStarts, withStarts } from "./tick-starts.ts";

const HOUR = 3_600_000;
const hourly: Timing = {
  timezone: "America/Bogota",
  crons: ["0 * * * *"],
  dates: [],
  excludes: [],
};
const dagOf = (policy: Partial<TickPolicy>, timing: Timing | undefined = hourly): KnownDag => ({
  dagId: "costs",
  version: 1,
  appliedMs: 0,
  paused: false,
  pausedMs: undefined,
  retired: false,
  was: [],
  timezone: "America/Bogota",
  timing,
  policy: { catchup: "latest", runsFor: "tick", ...policy },
  dynamicMs: undefined,
  rules: [],
  params: undefined,
  handledMs: 0,
});
const startOf = async (dag: KnownDag, dueMs: number, handledMs = 0) =>
  (await tickStarts(dag))(dueMs, handledMs);

test("a run is called by its due time, and is about its tick or its interval", async () => {
  expect(await startOf(dagOf({}), 30 * HOUR)).toEqual({
    logicalMs: 30 * HOUR,
    intervalStartMs: 29 * HOUR,
    runKey: "1970-01-02T06:00:00.000Z",
  });
  expect(await startOf(dagOf({ runsFor: "interval" }), 30 * HOUR)).toEqual({
    logicalMs: 29 * HOUR,
    intervalStartMs: 29 * HOUR,
    runKey: "1970-01-02T06:00:00.000Z",
  });
});

test.each<[string, Partial<TickPolicy>, string]>([
  ["${run.date}", {}, "1970-01-02"], // 06:00Z is 01:00 in Bogota
  ["${run.date}", { runsFor: "interval" }, "1970-01-02"],
  ["${run.interval.start} ${run.cause}", {}, "1970-01-02T05:00:00Z schedule"],
  ["${1 + 1}", {}, "2"],
])("key %s, %j: %s", async (key, policy, expected) => {
  expect(await startOf(dagOf({ ...policy, key }), 30 * HOUR)).toMatchObject({ runKey: expected });
});

test.each([
  ["${run.nothing}", /^key: .*nothing/],
  ["${run.interval}", /^key: .*want a text/],
  ["${''}", /0 characters: want 1 to 256/],
])("key %s starts nothing, and says why", async (key, reason) => {
  expect(await startOf(dagOf({ key }), 30 * HOUR)).toEqual({
    reason: expect.stringMatching(reason),
  });
});

test("@continuous: about what came since the run before was due; the first about nothing", async () => {
  const dag = dagOf({}, { ...hourly, crons: [], continuous: true });
  expect(await startOf(dag, 30 * HOUR, 30 * HOUR - 1)).toMatchObject({
    intervalStartMs: 30 * HOUR,
  });
  expect(await startOf(dag, 30 * HOUR, 28 * HOUR)).toMatchObject({ intervalStartMs: 28 * HOUR });
});

test("ticks that fire get their start; one that opens the first interval is skipped", async () => {
  const dag = dagOf({ runsFor: "interval" }, { ...hourly, startMs: 30 * HOUR });
  const ticks = withStarts(
    [
      { dueMs: 30 * HOUR, outcome: "firing", reason: "" },
      { dueMs: 31 * HOUR, outcome: "missed", reason: "late" },
      { dueMs: 32 * HOUR, outcome: "firing", reason: "" },
    ],
    0,
    await tickStarts(dag),
  );
  expect(ticks).toMatchObject([
    { outcome: "skipped", reason: expect.stringContaining("opens the first interval") },
    { outcome: "missed", reason: "late" },
    { outcome: "firing", start: { logicalMs: 31 * HOUR } },
  ]);
});
