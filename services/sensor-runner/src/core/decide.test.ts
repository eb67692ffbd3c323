import { describe, expect, test } from "vitest";
import { deadlineOf, decide } from "./decide.ts";
import type { Look } from "./decide.ts";
import type { Progress, Seen, WaitSpec } from "./wait.ts";

const NOW_MS = 1_000_000;
const before: Progress = { polls: 4, silences: 2, note: "", cursor: 7 };
const spec: WaitSpec = {
  pace: { intervalMs: 30_000, factor: 1, intervalMsMax: 600_000 },
  timeoutMs: undefined,
  softFail: false,
  of: {},
};
const there: Seen = { is: "there", note: "answered 200", output: { status: 200 } };
const notYet: Seen = { is: "not_yet", note: "answered 503", evidence: { status: 503 } };
const silent: Seen = { is: "silent", note: "connect ECONNREFUSED" };
const over: Seen = { is: "over", class: "config", permanent: true, note: "10.0.0.1 is private" };
const skip: Seen = { is: "skip", note: "the task was skipped" };

type Change = Partial<Omit<Look, "spec">> & { readonly spec?: Partial<WaitSpec> };
const look = ({ spec: changed, ...rest }: Change = {}): Look => ({
  attemptId: "att-1",
  what: "https://api.example/ready to answer as expected",
  progress: before,
  acceptedMs: NOW_MS - 5_400_000,
  deadlineMs: NOW_MS + 600_000,
  nowMs: NOW_MS,
  seen: there,
  ...rest,
  spec: { ...spec, ...changed },
});

function shown(change: Change): string {
  const decision = decide(look(change));
  if (decision.kind === "again") {
    const waitMs = decision.nextPollMs - NOW_MS;
    return waitMs >= 30_000 && waitMs <= 33_000 ? "again" : `again in ${waitMs}`;
  }
  const { outcome } = decision;
  if (outcome.state !== "failed") return outcome.state;
  return `${outcome.failure.class}${outcome.failure.permanent === true ? ", for good" : ""}`;
}

describe("a look", () => {
  const deadlineMs = NOW_MS;
  const own = { timeoutMs: 5_400_000 };
  test.each([
    ["it is there", { seen: there }, "succeeded"],
    ["it is not there yet", { seen: notYet }, "again"],
    ["nobody answers", { seen: silent, progress: { ...before, silences: 0 } }, "again"],
    ["it may not be asked", { seen: over }, "config, for good"],
    ["it ended badly", { seen: { ...over, class: "upstream", permanent: false } }, "upstream"],
    ["it will not come, and that is as well", { seen: skip }, "skipped"],
    ["it says when to look", { seen: { ...notYet, nextMs: NOW_MS + 7 } }, "again in 7"],
    ["it says to look at once", { seen: { ...notYet, nextMs: 0 } }, "again in 0"],
    ["not later than the deadline", { seen: notYet, deadlineMs: NOW_MS + 5 }, "again in 5"],
    [
      "nor when it says so",
      { seen: { ...notYet, nextMs: NOW_MS + 9 }, deadlineMs: NOW_MS + 5 },
      "again in 5",
    ],
    ["W2: there at the deadline", { seen: there, deadlineMs }, "succeeded"],
    ["too late", { seen: notYet, deadlineMs }, "timeout"],
    ["too late, and nobody answers", { seen: silent, deadlineMs }, "upstream"],
    ["too late, softly", { seen: silent, deadlineMs, spec: { softFail: true } }, "skipped"],
    ["W3: its own patience is over", { seen: notYet, deadlineMs, spec: own }, "timeout, for good"],
    [
      "W3: that of its attempt is over sooner",
      { seen: notYet, deadlineMs, spec: { timeoutMs: 5_400_001 } },
      "timeout",
    ],
  ] satisfies [string, Change, string][])("%s", (_name, change, decision) => {
    expect(shown(change)).toBe(decision);
  });
});

test("progress says what was seen, and keeps the cursor until there is a later one", () => {
  const progress = (seen: Seen) => decide(look({ seen })).progress;
  expect(progress(silent)).toEqual({ polls: 5, silences: 3, note: silent.note, cursor: 7 });
  expect(progress(notYet)).toEqual({ polls: 5, silences: 0, note: "answered 503", cursor: 7 });
  expect(progress({ ...notYet, cursor: 9 })).toMatchObject({ cursor: 9 });
});

test("a failure says what was waited for, how long, how often, and what was seen last", () => {
  expect(decide(look({ seen: notYet, deadlineMs: NOW_MS }))).toMatchObject({
    outcome: {
      failure: {
        message:
          "waited 1h30m in vain for https://api.example/ready to answer as expected: answered 503",
        evidence: {
          waited_for: "https://api.example/ready to answer as expected",
          polls: 5,
          silences: 0,
          status: 503,
          note: "answered 503",
        },
      },
    },
  });
});

test.each([
  [0, "0s"],
  [250, "250ms"],
  [90_000, "1m30s"],
  [86_400_000 * 7 + 3_600_000 * 2 + 60_000, "7d2h"],
])("%d ms are said as %s", (ms, words) => {
  const decision = decide(look({ seen: notYet, acceptedMs: NOW_MS - ms, deadlineMs: NOW_MS }));
  expect(JSON.stringify(decision)).toContain(`waited ${words} in vain`);
});

test("a wait is over at the nearest of its limits", () => {
  const of = (timeoutsMs: (number | undefined)[]): number =>
    deadlineOf({ nowMs: 100, timeoutsMs, longestMs: 1_000 });
  expect(of([undefined, undefined])).toBe(1_100);
  expect(of([500, undefined])).toBe(600);
  expect(of([500, 200])).toBe(300);
  expect(of([5_000, undefined])).toBe(1_100);
});
