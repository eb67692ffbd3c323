import { describe, expect, test } from "vitest";
import { JITTER, SILENCE_MS_MAX, deadlineOf, decide } from "./decide.ts";
import type { Look } from "./decide.ts";
import type { Answer, SensorConfig } from "./wait.ts";

const NOW_MS = 1_000_000;
const config: SensorConfig = {
  url: "https://api.example/ready",
  method: "GET",
  headers: {},
  expectStatus: [],
  expectBody: undefined,
  intervalMs: 30_000,
  timeoutMs: undefined,
  softFail: false,
  connection: undefined,
};
const response = (status: number, body: string | number = "ok"): Answer => ({
  kind: "response",
  status,
  headers: {},
  body,
  cut: false,
});
const silence: Answer = { kind: "silence", message: "api.example: connect ECONNREFUSED" };
const refused: Answer = { kind: "refused", message: "10.0.0.1 is a private address" };

type Change = Partial<Omit<Look, "config">> & { readonly config?: Partial<SensorConfig> };
const look = ({ config: changed, ...rest }: Change = {}): Look => ({
  progress: { polls: 0, silences: 0, note: "" },
  deadlineMs: NOW_MS + 600_000,
  nowMs: NOW_MS,
  answer: response(200),
  bodyFits: undefined,
  chance: 0,
  ...rest,
  config: { ...config, ...changed },
});

function shown(change: Change): string {
  const decision = decide(look(change));
  if (decision.kind === "again") return `again in ${decision.nextPollMs - NOW_MS}`;
  const { outcome } = decision;
  return outcome.state === "failed" ? outcome.failure.class : outcome.state;
}

describe("a look", () => {
  const deadlineMs = NOW_MS;
  test.each([
    ["any 2xx will do", { answer: response(204) }, "succeeded"],
    ["anything else will not", { answer: response(302) }, "again in 30000"],
    [
      "a status that is expected",
      { answer: response(404), config: { expectStatus: [404] } },
      "succeeded",
    ],
    [
      "one that is not",
      { answer: response(200), config: { expectStatus: [404] } },
      "again in 30000",
    ],
    ["a body that fits", { bodyFits: true }, "succeeded"],
    ["a body that does not", { bodyFits: false }, "again in 30000"],
    ["a body that cannot be judged", { bodyFits: "no such key" }, "again in 30000"],
    ["nobody answers", { answer: silence }, "again in 30000"],
    ["it may not be asked", { answer: refused }, "config"],
    ["as expected at the deadline", { deadlineMs }, "succeeded"],
    ["too late", { answer: response(503), deadlineMs }, "timeout"],
    ["too late, and nobody answers", { answer: silence, deadlineMs }, "upstream"],
    ["too late, softly", { answer: silence, deadlineMs, config: { softFail: true } }, "skipped"],
    ["not later than its deadline", { answer: silence, deadlineMs: NOW_MS + 5 }, "again in 5"],
  ] satisfies [string, Change, string][])("%s", (_name, change, decision) => {
    expect(shown(change)).toBe(decision);
  });
});

test("W3: silences make it rarer, an answer makes it regular again", () => {
  const after = (silences: number, answer: Answer): string =>
    shown({ answer, progress: { polls: 9, silences, note: "" } });
  expect([0, 1, 2, 3, 4, 50].map((silences) => after(silences, silence))).toEqual([
    "again in 30000",
    "again in 60000",
    "again in 120000",
    "again in 240000",
    `again in ${SILENCE_MS_MAX}`,
    `again in ${SILENCE_MS_MAX}`,
  ]);
  expect(after(50, response(503))).toBe("again in 30000");
});

test("W2: chance only makes it later, by a tenth at most", () => {
  expect(shown({ answer: silence, chance: 1 })).toBe(`again in ${30_000 * (1 + JITTER)}`);
  expect(shown({ answer: silence, chance: 0.5 })).toBe("again in 31500");
});

test("progress says what was seen", () => {
  const before = { polls: 4, silences: 2, note: "" };
  const progress = (change: Change) => decide(look({ progress: before, ...change })).progress;
  expect(progress({ answer: silence })).toEqual({
    polls: 5,
    silences: 3,
    note: "api.example: connect ECONNREFUSED",
  });
  expect(progress({ answer: response(503) })).toEqual({
    polls: 5,
    silences: 0,
    note: "answered 503",
  });
  const expecting = { config: { expectBody: "response.body.ready" } };
  expect(progress({ ...expecting, bodyFits: false }).note).toBe(
    "answered 200; the body does not fit yet",
  );
  expect(progress({ ...expecting, bodyFits: "no such key: ready" }).note).toBe(
    "answered 200; no such key: ready",
  );
});

test("the output is the status and the body, within what a task may leave", () => {
  const outputOf = (body: string) => {
    const decision = decide(look({ answer: response(200, body) }));
    if (decision.kind !== "ended" || decision.outcome.state !== "succeeded") throw new Error("no");
    return decision.outcome.output;
  };
  expect(outputOf("fine")).toEqual({ status: 200, body: "fine" });
  const escaped = outputOf("\u0001".repeat(60_000));
  expect(Buffer.byteLength(JSON.stringify(escaped))).toBeLessThan(65_536);
  expect(escaped).toMatchObject({ status: 200, cut: true });
});

test("a failure says what was asked, how often, and what came of it", () => {
  const decision = decide(
    look({
      answer: response(503),
      deadlineMs: NOW_MS,
      progress: { polls: 6, silences: 0, note: "" },
    }),
  );
  expect(decision).toMatchObject({
    outcome: {
      failure: {
        message: "https://api.example/ready did not answer as expected in time: answered 503",
        evidence: { url: "https://api.example/ready", polls: 7, status: 503, note: "answered 503" },
      },
    },
  });
});

test("a wait is over at the nearest of its limits", () => {
  const of = (timeoutsMs: (number | undefined)[]): number =>
    deadlineOf({ nowMs: 100, timeoutsMs, longestMs: 1_000 });
  expect(of([undefined, undefined])).toBe(1_100);
  expect(of([500, undefined])).toBe(600);
  expect(of([500, 200])).toBe(300);
  expect(of([5_000, undefined])).toBe(1_100);
});
