import { expect, test } from "vitest";
import { bindingsOf } from "./bindings.ts";
import { decideTrigger } from "./core/triggers.ts";
import { event, rule } from "./core/testing.ts";
import type { KnownDag } from "./core/learn.ts";
import type { TriggerRule } from "./core/rules.ts";
import type { Trigger, TriggerVerdict } from "./core/triggers.ts";

const timeMs = Date.parse("2026-11-23T02:30:00Z"); // 21:30 of the day before in Bogota
const trigger: Trigger = {
  source: "logistics",
  id: "routes-7",
  type: "routes.closed",
  path: "logistics.routes.closed",
  timeMs,
  logicalMs: timeMs,
  data: { country: "CO", routes: 12, depot: { id: "BOG-1" } },
  about: { kind: "event" },
};

function dagOf(of: TriggerRule, changes: Partial<KnownDag> = {}): KnownDag {
  return {
    dagId: "carrier-daily-costs",
    version: 1,
    appliedMs: 0,
    paused: false,
    pausedMs: undefined,
    retired: false,
    was: [],
    timezone: "America/Bogota",
    timing: undefined,
    policy: { catchup: "latest", runsFor: "tick" },
    dynamicMs: undefined,
    rules: [of],
    params: undefined,
    handledMs: 0,
    ...changes,
  };
}
const decided = (dag: KnownDag): TriggerVerdict | undefined =>
  decideTrigger(trigger, [bindingsOf(dag, { region: "andes" })])[0];

const verdict = (when: string, key: string): TriggerVerdict | undefined =>
  decided(dagOf(rule({ kind: "event", subject: trigger.path, when }, { key })));

test.each<[string, string, string]>([
  ["", "", "logistics/routes-7"],
  ["event.data.country == 'CO'", "${run.date}", "2026-11-22"],
  ["event.data.routes > 10", "${event.data.depot.id}:${run.date}", "BOG-1:2026-11-22"],
  ["event.source == 'logistics'", "${event.data.routes}", "12"],
  ["event.subject.startsWith('logistics.')", "${event.id}", "routes-7"],
  ["event.time < '2026-11-24'", "${vars.region}", "andes"],
])("when %s, key %s: starts %s", (when, key, expected) => {
  expect(verdict(when, key)).toMatchObject({ outcome: "start", key: expected });
});

test("run.date is the day in the DAG's zone, of the instant that the run is about", () => {
  const of = rule(event(trigger.path), { key: "${run.date}" });
  expect(decided(dagOf(of, { timezone: "UTC" }))).toMatchObject({ key: "2026-11-23" });
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

const schema = {
  type: "object",
  properties: {
    country: { type: "string" },
    count: { type: "integer" },
    mode: { type: "string", default: "full" },
  },
  required: ["country"],
} satisfies KnownDag["params"];
const withParams = (params: TriggerRule["params"]): TriggerVerdict | undefined =>
  decided(dagOf(rule(event(trigger.path), { params }), { params: schema }));

test("parameters are mapped from the event, keep their type, and get their defaults", () => {
  const params = { country: "${event.data.country}", count: "${size(events)}" };
  expect(withParams(params)).toMatchObject({
    outcome: "start",
    params: { country: "CO", count: 1, mode: "full" },
  });
});

test.each<[TriggerRule["params"], RegExp]>([
  [{}, /^params: .*country/],
  [{ country: "${event.data.nothing}" }, /^params: country: .*nothing/],
  [{ country: "CO", count: "${event.data.country}" }, /^params: .*count.*want an integer/],
])("parameters %j: dead", (params, reason) => {
  const wrong = withParams(params);
  expect(wrong).toMatchObject({ outcome: "dead", reason: expect.stringMatching(reason) });
});

test("of several events, `event` is the last and `events` are all", () => {
  const of = rule(event(trigger.path), {
    params: { country: "${event.data.n}", count: "${events.map(e, e.data.n)[0]}" },
  });
  const [bound] = bindingsOf(dagOf(of, { params: schema }), {}).rules;
  const eventWith = (n: string | number) => ({ event: { data: { n } }, logicalMs: 0 });
  expect(bound?.params([eventWith(7), eventWith("b")])).toMatchObject({
    ok: true,
    value: { country: "b", count: 7 },
  });
});
