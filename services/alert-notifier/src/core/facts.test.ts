// The life of an incident, as stories.
import { expect, test } from "vitest";
import { failed, failure, recovered, retrying, settled } from "../testing/notices.ts";
import { type Asked, type Facts, fold, type Notice, TASKS_MAX } from "./facts.ts";
import { stateOf, titleOf } from "./incident-state.ts";

const onFailed: Asked = { failed: true, retrying: false, succeeded: false };
const onAll: Asked = { failed: true, retrying: true, succeeded: true };

function story(asked: Asked, ...notices: Notice[]): string[] {
  let facts: Facts | undefined;
  return notices.map((notice) => {
    facts = fold(facts, notice, asked);
    return facts === undefined ? "-" : `${stateOf(facts)} | ${titleOf(facts)}`;
  });
}

test("a channel that asked for failures is told once, and the run's end concludes it", () => {
  const retry = failure({ taskId: "mail" });
  expect(story(onFailed, retrying(2), failed(5), retrying(6, retry), settled(7, "failed"))).toEqual(
    [
      "-",
      "open | carrier-daily-costs: aggregate failed",
      "open | carrier-daily-costs: aggregate failed",
      "failed | carrier-daily-costs failed: aggregate",
    ],
  );
});

test("a channel that asked for repeats sees them and the recovery in one incident", () => {
  expect(story(onAll, retrying(2), retrying(3), recovered(4), settled(5, "succeeded"))).toEqual([
    "open | carrier-daily-costs: aggregate failed and will be tried again",
    "open | carrier-daily-costs: aggregate failed and will be tried again",
    "recovered | carrier-daily-costs: recovered",
    "recovered | carrier-daily-costs: recovered",
  ]);
});

test("nothing that was not asked for opens one", () => {
  expect(story(onFailed, retrying(2), recovered(3), settled(4, "succeeded"))).toEqual([
    "-",
    "-",
    "-",
  ]);
  const none: Asked = { failed: false, retrying: false, succeeded: false };
  expect(story(none, failed(2), settled(3, "failed"))).toEqual(["-", "-"]);
  expect(story(onAll, settled(4, "cancelled"))).toEqual(["-"]);
  expect(story(onAll, settled(4, "succeeded"))).toEqual([
    "succeeded | carrier-daily-costs: succeeded",
  ]);
});

test("a run that failed without a failed task says why itself", () => {
  expect(story(onFailed, settled(4, "failed"))).toEqual([
    "failed | carrier-daily-costs failed: a task failed",
  ]);
});

test("a failure that was handled ends as recovered, one that was cancelled as cancelled", () => {
  expect(story(onFailed, failed(2), settled(3, "succeeded"))[1]).toMatch(/^recovered/);
  expect(story(onFailed, failed(2), settled(3, "cancelled"))[1]).toMatch(/^cancelled/);
});

test("ten thousand mapped failures are one incident of bounded size", () => {
  const many = Array.from({ length: 10_000 }, (_, mapIndex) => failure({ mapIndex }));
  const facts = fold(undefined, failed(2, ...many), onFailed);
  expect(facts?.tasks.map((task) => task.mapIndex)).toEqual(
    Array.from({ length: TASKS_MAX }, (_, i) => i),
  );
  expect(facts && titleOf(facts)).toBe(
    "carrier-daily-costs: aggregate[0] and more than 19 more failed",
  );
});

test("log lines are bounded and clean", () => {
  const logTail = Array.from(
    { length: 30 },
    (_, i) => `\u001b[31m${i}\u001b[0m\u0000${"x".repeat(900)}`,
  );
  const facts = fold(
    undefined,
    failed(2, failure({ logTail, message: "m".repeat(5_000) })),
    onFailed,
  );
  const told = facts?.tasks[0]?.failure;
  expect(told?.logTail).toHaveLength(10);
  expect(told?.logTail[0]).toBe(`20${"x".repeat(498)}`);
  expect(told?.message).toHaveLength(1_000);
});
