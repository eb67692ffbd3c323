// Limits of a run told as stories: how many at once, pools, and how long.
import { describe, expect, test } from "vitest";
import { stillWanted } from "./follow.ts";
import { story } from "../testing/story.ts";

test("never more tasks at work than max_active_tasks; the next starts when one ends", () => {
  const s = story({ a: {}, b: {}, c: {} }, { maxActiveTasks: 2 });
  expect(s.start().effects).toEqual([
    { kind: "assign", slot: 0, attempt: 1 },
    { kind: "assign", slot: 1, attempt: 1 },
  ]);
  expect(s.succeed("b").effects).toEqual([{ kind: "assign", slot: 2, attempt: 1 }]);
});

test("what is ready at once begins by priority: whoever has the room, and asks a pool first", () => {
  const tasks = { a: {}, b: { priority: 5 }, c: { priority: 9 }, d: { priority: 5 } };
  const s = story(tasks, { maxActiveTasks: 1 });
  const begins = ["c", "b", "d", "a"].map((id) => {
    const slot = ["a", "b", "c", "d"].indexOf(id);
    return { id, effects: [{ kind: "assign", slot, attempt: 1 }] };
  });
  expect(s.start().effects).toEqual(begins[0]?.effects);
  for (const [index, { id }] of begins.slice(0, -1).entries())
    expect(s.succeed(id).effects).toEqual(begins[index + 1]?.effects);
  const pooled = story({ a: { pools: ["db"] }, b: { pools: ["db"], priority: 1 } });
  expect(pooled.start().effects).toMatchObject([
    { kind: "acquire", slot: 1 },
    { kind: "acquire", slot: 0 },
  ]);
});

describe("pools", () => {
  const claim = (pool: string) => ({ pool, slots: 1 });

  test("an attempt asks for one pool after the other, in the order of their names, then it is assigned", () => {
    const s = story({ a: { pools: ["vertex", "db"] } });
    expect(s.start().effects).toEqual([
      { kind: "acquire", slot: 0, attempt: 1, claim: claim("db") },
    ]);
    expect(s.grant("a", "vertex").types).toEqual([]); // not its turn
    expect(s.grant("a", "db").effects).toEqual([
      { kind: "acquire", slot: 0, attempt: 1, claim: claim("vertex") },
    ]);
    expect(s.grant("a", "vertex").effects).toEqual([{ kind: "assign", slot: 0, attempt: 1 }]);
    expect(s.succeed("a").effects.map(({ kind }) => kind)).toEqual([
      "release",
      "release",
      "tell_dag",
    ]);
  });

  test("the message that gave the first slots asks the next pool again, should its saying be lost", () => {
    const s = story({ a: { pools: ["vertex", "db"] } });
    s.start();
    const granted = { kind: "granted", taskId: "a", mapIndex: -1, attempt: 1, pool: "db" } as const;
    const asked = [{ kind: "acquire", slot: 0, attempt: 1, claim: claim("vertex") }];
    expect(s.say(granted, "granted:db").effects).toEqual(asked);
    expect(stillWanted(s.state, "granted:db", granted)).toEqual(asked);
  });

  test("a repeat gives its slots back and asks anew", () => {
    const s = story({ a: { pools: ["db"], retries: 1 } });
    s.start();
    s.grant("a", "db");
    expect(s.fail("a").effects).toMatchObject([{ kind: "release", attempt: 1 }]);
    expect(s.wait(200).effects).toMatchObject([{ kind: "acquire", attempt: 2 }]);
  });

  test("an end that comes again after the repeat began gives back what its attempt held, and nothing else", () => {
    const s = story({ a: { pools: ["db"], retries: 1 }, b: { pools: ["db"] } });
    s.start();
    s.grant("a", "db");
    s.fail("a");
    s.wait(200);
    const released = [{ kind: "release", taskId: "a", mapIndex: -1, attempt: 1, pool: "db" }];
    const about = { taskId: "a", mapIndex: -1 };
    expect(stillWanted(s.state, "end", { ...about, attempt: 1 })).toEqual(released);
    expect(stillWanted(s.state, "end", { ...about, attempt: 2 })).toEqual([]);
    expect(stillWanted(s.state, "clear")).toEqual(released);
  });

  test("who is cancelled in line gives up its place", () => {
    const s = story({ a: { pools: ["db"] } });
    s.start();
    expect(s.cancel().effects).toEqual([
      { kind: "release", taskId: "a", mapIndex: -1, attempt: 1, pool: "db" },
      { kind: "tell_dag" },
    ]);
    expect(s.grant("a", "db").types).toEqual([]);
  });
});

describe("time", () => {
  test("all attempts together: the last one is cancelled, and none follows", () => {
    const s = story({ a: { retries: 9, timeoutMs: 60_000, totalTimeoutMs: 10_000 } });
    s.start();
    s.wait(8_000);
    s.report("a", 1, 2, { state: "running" });
    expect(s.wait(18_000).effects).toMatchObject([{ kind: "cancel", taskId: "a" }]);
    s.report("a", 1, 3, { state: "cancelled" });
    expect(s.task("a")).toMatchObject({
      status: "failed",
      failure: {
        class: "timeout",
        message: "all attempts together took longer than 10 s; this one was cancelled",
      },
    });
  });

  test("from its turn to its start: an assignment that nobody starts is cancelled and repeated", () => {
    const s = story({ a: { retries: 1, startTimeoutMs: 1_000 } });
    s.start();
    expect(s.wait(1_500).effects).toMatchObject([{ kind: "cancel" }]);
    s.report("a", 1, 1, { state: "cancelled" });
    expect(s.task("a")).toMatchObject({
      status: "retrying",
      failure: { message: "the attempt did not start within 1 s and was cancelled" },
    });
  });

  test("in line for a pool: the wait counts, too", () => {
    const s = story({ a: { startTimeoutMs: 1_000, pools: ["db"] } });
    s.start();
    const late = s.wait(1_500);
    expect(late.effects.map(({ kind }) => kind)).toEqual(["release", "tell_dag"]);
    expect(s.task("a")?.failure).toMatchObject({ class: "timeout" });
  });
});

test("a retry rule skips the task, and says why", () => {
  const rule = {
    when: () => ({ ok: true, value: true }) as const,
    outcome: "skip" as const,
    backoffMs: undefined,
    text: "failure.exit_code == 99",
  };
  const s = story({ a: { retries: 3, rules: [rule] } });
  s.start();
  s.fail("a");
  expect(s.task("a")).toMatchObject({
    status: "skipped",
    reason: "code: exit code 1 (retry rule `failure.exit_code == 99`)",
  });
});
