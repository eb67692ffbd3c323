import { describe, expect, test } from "vitest";
import type { Json } from "../wait.ts";
import { cursorIn, judgeMessage, noneYet, settleEvent } from "./event.ts";
import type { Cursor, EventConfig, Message } from "./event.ts";

const stream = { created: "2026-01-01T00:00:00Z", lastSequence: 50 };
const cursor: Cursor = {
  created: stream.created,
  sequence: 7,
  seen: 2,
  why: "message b does not fit",
};
const config: EventConfig = {
  subject: "logistics.routes.closed",
  when: undefined,
  sinceMs: Date.parse("2026-01-02T03:04:05Z"),
};
const event = { id: "a", source: "logistics", type: "t", subject: "s", time: "…", data: { n: 1 } };

test("since: as the task says, else the run's logical time", () => {
  expect(settleEvent(config, 5)).toEqual(config);
  expect(settleEvent({ ...config, sinceMs: undefined }, 5).sinceMs).toBe(5);
});

describe("a cursor", () => {
  test("is taken up where it was put down", () => {
    expect(cursorIn({ ...cursor }, stream)).toEqual(cursor);
  });

  test.each<[string, Json, typeof stream]>([
    ["there was none", null, stream],
    ["the stream was made again", { ...cursor }, { ...stream, created: "2026-02-01T00:00:00Z" }],
    ["the stream went back", { ...cursor }, { ...stream, lastSequence: 6 }],
    ["it is something else", [1], stream],
    ["it is broken", { ...cursor, seen: "2" }, stream],
  ])("begins anew when %s", (_name, stored, at) => {
    expect(cursorIn(stored, at)).toEqual({ created: at.created, sequence: 0, seen: 0, why: "" });
  });
});

test.each<[string, Message, boolean | string | undefined, string]>([
  ["without a condition any will do", { is: "event", event }, undefined, "there"],
  ["one that fits", { is: "event", event }, true, "there"],
  ["one that does not", { is: "event", event }, false, "message a does not fit"],
  ["one that cannot be judged", { is: "event", event }, "no field `x`", "no field `x`"],
  ["no CloudEvent", { is: "malformed", why: "ce-id is missing" }, undefined, "ce-id is missing"],
])("%s", (_name, message, fits, wanted) => {
  const judged = judgeMessage(message, fits);
  expect(typeof judged === "string" ? judged : judged.is).toBe(wanted);
});

test("the output is the event", () => {
  expect(judgeMessage({ is: "event", event }, true)).toEqual({
    is: "there",
    note: "message a of logistics",
    output: event,
  });
});

test("none yet: how many there were, and why the last one did not fit", () => {
  expect(noneYet(config, cursor)).toMatchObject({
    is: "not_yet",
    note: "2 on logistics.routes.closed since 2026-01-02T03:04:05Z, none fits: message b does not fit",
    cursor,
  });
  expect(noneYet(config, { ...cursor, seen: 0 }, { nextMs: 9 })).toMatchObject({
    note: "no message on logistics.routes.closed since 2026-01-02T03:04:05Z",
    nextMs: 9,
  });
});
