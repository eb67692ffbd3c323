import { expect, test } from "vitest";
import { dueTicks, revivedTicks } from "./ticks.ts";
import type { DuePolicy, DueSpan, Timetable } from "./ticks.ts";

const MINUTE = 60_000;
const none = { excluded: () => undefined, jitterMs: () => 0 };
const minutely: Timetable = {
  ...none,
  next: (afterMs) => (Math.floor(afterMs / MINUTE) + 1) * MINUTE,
};
const policy: DuePolicy = { catchup: "latest", paused: false, graceMs: 10_000, ticksMax: 1_000 };
const span = (handledMs: number, nowMs: number, untilMs = nowMs): DueSpan => ({
  handledMs,
  untilMs,
  nowMs,
});
const only = (...times: number[]): Timetable => ({
  ...none,
  next: (afterMs) => times.find((at) => at > afterMs),
});

/** "3f 2m" means: the due time of minute 3 fires, that of minute 2 is missed. */
function written(timetable: Timetable, handled: number, now: number, p: DuePolicy): string {
  return dueTicks(timetable, span(handled * MINUTE, now * MINUTE), p)
    .ticks.map((tick) => `${tick.dueMs / MINUTE}${tick.outcome[0]}`)
    .join(" ");
}

test.each<[string, number, number, Partial<DuePolicy>, string]>([
  ["nothing due", 5, 5.9, {}, ""],
  ["due this instant", 5, 6, {}, "6f"],
  ["within grace", 5, 6.1, { catchup: "none" }, "6f"],
  ["late, none", 5, 6.5, { catchup: "none" }, "6m"],
  ["late, latest", 5, 6.5, { catchup: "latest" }, "6f"],
  ["late, all", 5, 6.5, { catchup: "all" }, "6f"],
  ["three late, none", 5, 8.5, { catchup: "none" }, "6m 7m 8m"],
  ["three late, latest", 5, 8.5, { catchup: "latest" }, "6m 7m 8f"],
  ["three late, all", 5, 8.5, { catchup: "all" }, "6f 7f 8f"],
  ["two late, one on time, none", 5, 8.1, { catchup: "none" }, "6m 7m 8f"],
  ["two late, one on time, latest", 5, 8.1, { catchup: "latest" }, "6m 7m 8f"],
  ["two late, one on time, all", 5, 8.1, { catchup: "all" }, "6f 7f 8f"],
  ["several on time", 5, 8.1, { catchup: "none", graceMs: 3 * MINUTE }, "6f 7f 8f"],
  ["paused", 5, 8.1, { paused: true, catchup: "all" }, "6s 7s 8s"],
  ["sliced, latest: the newest is in a later slice", 5, 9.5, { ticksMax: 2 }, "6m 7m"],
  ["sliced, all", 5, 9.5, { ticksMax: 2, catchup: "all" }, "6f 7f"],
  ["the slice ends with the newest", 5, 7.5, { ticksMax: 2 }, "6m 7f"],
])("%s", (_, handled, now, changes, expected) => {
  expect(written(minutely, handled, now, { ...policy, ...changes })).toBe(expected);
});

test("a schedule that ended has no next due time, one that never began has no ticks", () => {
  const ended = dueTicks(only(MINUTE), span(0, 5 * MINUTE), { ...policy, catchup: "all" });
  expect(ended).toMatchObject({ handledMs: MINUTE, nextMs: undefined });
  expect(dueTicks(only(), span(7, 9), policy)).toEqual({
    ticks: [],
    handledMs: 7,
    nextMs: undefined,
  });
});

test("a missed due time says how late it was seen and why it does not run", () => {
  const { ticks } = dueTicks(minutely, span(5 * MINUTE, 8.5 * MINUTE), {
    ...policy,
    catchup: "none",
  });
  expect(ticks[0]?.reason).toBe(
    "no scheduler recorded it until 150 s after it was due, and catch-up is none",
  );
});

test("a span that ends earlier than now is late by now, and ends where it ends", () => {
  const { ticks, handledMs, nextMs } = dueTicks(
    minutely,
    span(5 * MINUTE, 60 * MINUTE, 7 * MINUTE),
    { ...policy, catchup: "none" },
  );
  expect(ticks.map((tick) => tick.outcome)).toEqual(["missed", "missed"]);
  expect({ handledMs, nextMs }).toEqual({ handledMs: 7 * MINUTE, nextMs: 8 * MINUTE });
});

test.each<[string, number, number, Partial<DuePolicy>, string]>([
  ["an excluded one is skipped, on time or late", 5, 8.1, { catchup: "all" }, "6f 7s 8f"],
  ["and the newest is the newest tick", 5, 7.5, {}, "6f 7s"],
  ["also when it is in the next slice", 5, 7.5, { ticksMax: 1 }, "6f"],
  ["and while paused", 5, 7.5, { paused: true }, "6s 7s"],
])("excluded: %s", (_, handled, now, changes, expected) => {
  const holidays: Timetable = {
    ...minutely,
    excluded: (ms) => (ms === 7 * MINUTE ? "12-25" : undefined),
  };
  expect(written(holidays, handled, now, { ...policy, ...changes })).toBe(expected);
  const { ticks } = dueTicks(holidays, span(5 * MINUTE, 8 * MINUTE), policy);
  expect(ticks[1]).toMatchObject({ outcome: "skipped", reason: "the schedule excludes 12-25" });
});

test("jitter: a tick runs when its time and that much more have come, and is late only after that", () => {
  const jittered: Timetable = { ...minutely, jitterMs: (ms) => (ms === 6 * MINUTE ? 30_000 : 0) };
  const at = (now: number): string => written(jittered, 5, now, { ...policy, catchup: "none" });
  expect([at(6.4), at(6.5), at(6.6), at(6.7), at(7)]).toEqual(["", "6f", "6f", "6m", "6m 7f"]);
});

test("what is older than the window is missed, also with catch-up all", () => {
  const windowed: DuePolicy = { ...policy, catchup: "all", catchupWindowMs: 2 * MINUTE };
  expect(written(minutely, 5, 9.5, windowed)).toBe("6m 7m 8f 9f");
  const { ticks } = dueTicks(minutely, span(5 * MINUTE, 9.5 * MINUTE), windowed);
  expect(ticks[0]?.reason).toContain("longer than the catch-up window");
});

test("what a pause suppressed is missed time when the DAG is resumed", () => {
  const revived = (due: number[], catchup: "none" | "latest" | "all", catchupWindowMs?: number) =>
    revivedTicks(due, { catchup, catchupWindowMs }, 10);
  expect(revived([1, 2, 3], "none")).toEqual([]);
  expect(revived([1, 2, 3], "latest")).toEqual([3]);
  expect(revived([1, 2, 3], "all")).toEqual([1, 2, 3]);
  expect(revived([], "latest")).toEqual([]);
  expect(revived([1, 2, 3], "all", 8)).toEqual([2, 3]);
  expect(revived([1, 2, 3], "latest", 5)).toEqual([]);
});
