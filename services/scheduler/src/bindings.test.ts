import { expect, test } from "vitest";
import { bindingsOf } from "./bindings.ts";
import { decideTrigger } from "./core/triggers.ts";
import type { KnownDag } from "./core/learn.ts";
import type { Trigger, TriggerVerdict } from "./core/triggers.ts";

const trigger: Trigger = {
  source: "logistics",
  id: "routes-7",
  type: "routes.closed",
  path: "logistics.routes.closed",
  timeMs: Date.parse("2026-11-23T02:30:00Z"), // 21:30 of the day before in Bogota
  data: { country: "CO", routes: 12, depot: { id: "BOG-1" } },
};

function verdict(
  when: string,
  key: string,
  timezone = "America/Bogota",
): TriggerVerdict | undefined {
  const dag: KnownDag = {
    dagId: "carrier-daily-costs",
    version: 1,
    appliedMs: 0,
    paused: false,
    pausedMs: undefined,
    timezone,
    timing: undefined,
    policy: { catchup: "latest" },
    dynamicMs: undefined,
    triggers: [{ subject: "logistics.routes.closed", when, key }],
    handledMs: 0,
  };
  return decideTrigger(trigger, [bindingsOf(dag)])[0];
}

test.each<[string, string, string]>([
  ["", "", "logistics/routes-7"],
  ["event.data.country == 'CO'", "${run.date}", "2026-11-22"],
  ["event.data.routes > 10", "${event.data.depot.id}:${run.date}", "BOG-1:2026-11-22"],
  ["event.source == 'logistics'", "${event.data.routes}", "12"],
  ["event.subject.startsWith('logistics.')", "${event.id}", "routes-7"],
])("when %s, key %s: starts %s", (when, key, expected) => {
  expect(verdict(when, key)).toMatchObject({ outcome: "start", key: expected });
});

test("run.date is the day in the DAG's zone", () => {
  expect(verdict("", "${run.date}", "UTC")).toMatchObject({ key: "2026-11-23" });
});

test.each<[string, string, string, RegExp]>([
  ["event.data.country == 'MX'", "", "filtered", /^when is false$/],
  ["event.data.region == 'x'", "", "filtered", /^when: .*region/],
  ["event.data.country", "", "filtered", /^when: .*want true or false/],
  ["event.data.", "", "filtered", /^when: .*at character/],
  ["", "${event.data.day}", "dead", /^key: .*day/],
  ["", "${event.data.depot}", "dead", /^key: .*want a text or a number/],
])("when %s, key %s: %s", (when, key, outcome, reason) => {
  expect(verdict(when, key)).toMatchObject({ outcome, reason: expect.stringMatching(reason) });
});
