import { expect, test } from "vitest";
import { judgeTime, momentOf, settleTime } from "./time.ts";
import type { TimeConfig } from "./time.ts";

const at = (text: string): number => Date.parse(text);
const config: TimeConfig = {
  untilMs: at("2026-01-02T23:00:00Z"),
  delayMs: undefined,
  timezone: "America/Bogota",
};
const judge = (now: string, deadline = "2026-01-09T00:00:00Z") =>
  judgeTime(config, { nowMs: at(now), deadlineMs: at(deadline) });

test("before it: it is looked at when it is there", () => {
  expect(judge("2026-01-02T22:59:59.999Z")).toEqual({
    is: "not_yet",
    note: "waits until 2026-01-02T18:00:00-05:00",
    nextMs: config.untilMs,
  });
});

test.each(["2026-01-02T23:00:00Z", "2027-01-01T00:00:00Z"])(
  "from then on it is there: %s",
  (now) => {
    expect(judge(now)).toEqual({
      is: "there",
      note: "it is 2026-01-02T18:00:00-05:00",
      output: { time: "2026-01-02T23:00:00Z" },
    });
  },
);

test("a moment beyond the deadline is refused at once; one at the deadline is not", () => {
  expect(judge("2026-01-02T00:00:00Z", "2026-01-02T22:00:00Z")).toMatchObject({
    is: "over",
    class: "config",
    permanent: true,
    note:
      "2026-01-02T18:00:00-05:00 is after the end of the wait, 2026-01-02T17:00:00-05:00: " +
      "want a longer timeout",
  });
  expect(judge("2026-01-02T00:00:00Z", "2026-01-02T23:00:00Z")).toMatchObject({ is: "not_yet" });
});

test("a delay counts from the run's logical time", () => {
  const delay = { untilMs: undefined, delayMs: 7_200_000, timezone: "UTC" };
  const settled = settleTime(delay, at("2026-01-02T05:00:00Z"));
  expect(momentOf(settled)).toBe("2026-01-02T07:00:00+00:00");
  expect(settleTime(config, 0)).toEqual(config);
});
