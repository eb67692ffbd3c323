import { expect, test } from "vitest";
import { triggerMessageIdOf } from "@chasqui/contracts";
import { all, any, asset, bound, dag, dagEnd, event, no, ok, rule, trigger } from "./testing.ts";
import type { BoundChanges } from "./testing.ts";
import { decideTrigger, eventsAsOne, identityKey, runEventOf } from "./triggers.ts";

const CLOSED = event("logistics.routes.closed");
const keyed = (changes: BoundChanges = {}) => bound(rule(CLOSED, { key: "${x}" }), changes);

test("G1: nobody bound, no verdict", () => {
  expect(decideTrigger(trigger(), [])).toEqual([]);
  expect(decideTrigger(trigger(), [dag("a", bound(rule(event("logistics.routes"))))])).toEqual([]);
});

test("a bound DAG starts with the key of its trigger, or with the event's identity", () => {
  expect(decideTrigger(trigger(), [dag("a", keyed())])).toMatchObject([
    { dagId: "a", outcome: "start", key: "2026-11-22" },
  ]);
  expect(decideTrigger(trigger(), [dag("a", bound(rule(CLOSED)))])).toMatchObject([
    { dagId: "a", outcome: "start", key: "logistics/7" },
  ]);
});

test("an identity too long for a key becomes its derived id", () => {
  const id = "x".repeat(256);
  expect(identityKey({ source: "logistics", id })).toBe(triggerMessageIdOf("logistics", id));
});

test("G2: the first trigger with a leaf that holds takes the event", () => {
  const first = bound(rule(CLOSED), { when: () => ok(false) });
  const second = bound(rule(CLOSED), { when: () => no("no such key: region") });
  const third = keyed({ key: () => ok("third") });
  const fourth = keyed({ key: () => ok("fourth") });
  expect(decideTrigger(trigger(), [dag("a", first, second, third, fourth)])).toMatchObject([
    { dagId: "a", outcome: "start", key: "third" },
  ]);
  expect(decideTrigger(trigger(), [dag("a", first, second, first)])).toEqual([
    { dagId: "a", outcome: "filtered", reason: "when is false; when: no such key: region" },
  ]);
});

test("G3: one DAG's broken key or parameters are its own trouble", () => {
  const key = keyed({ key: () => no("no such key: day") });
  const params = bound(rule(CLOSED), { params: () => no("parameter `n`: want an integer") });
  const dags = [dag("a", key), dag("b", params), dag("c", keyed())];
  expect(decideTrigger(trigger(), dags)).toMatchObject([
    { dagId: "a", outcome: "dead", reason: "key: no such key: day" },
    { dagId: "b", outcome: "dead", reason: "params: parameter `n`: want an integer" },
    { dagId: "c", outcome: "start", key: "2026-11-22" },
  ]);
});

test.each(["", "x".repeat(257), "two\nlines"])("a key no run can have: %j", (key) => {
  const [verdict] = decideTrigger(trigger(), [dag("a", keyed({ key: () => ok(key) }))]);
  expect(verdict).toMatchObject({
    outcome: "dead",
    reason: expect.stringMatching(/want 1 to 256/),
  });
});

test("what wants several events, or waits for more, collects them by key", () => {
  const both = all(CLOSED, asset("orders"), any(CLOSED, event("logistics.>")));
  const collects = bound(rule(both, { key: "${x}" }));
  expect(decideTrigger(trigger(), [dag("a", collects)])).toMatchObject([
    { outcome: "collect", key: "2026-11-22", leaves: [0, 2, 3] },
  ]);
  const batched = bound(rule(CLOSED, { batch: { windowMs: 1, eventsMax: 2 } }));
  expect(decideTrigger(trigger(), [dag("a", batched)])).toMatchObject([
    { outcome: "collect", key: "", leaves: [0] },
  ]);
});

test("the end of another DAG's run: only in the states that are wanted", () => {
  const ended = (state: string) =>
    trigger({ about: { kind: "dag", dagId: "load", state }, path: "chasqui.event.x" });
  const dags = [dag("a", bound(rule(dagEnd("load", "succeeded", "failed"))))];
  expect(decideTrigger(ended("failed"), dags)).toMatchObject([{ outcome: "start" }]);
  expect(decideTrigger(ended("cancelled"), dags)).toEqual([
    { dagId: "a", outcome: "filtered", reason: "the run cancelled: want succeeded or failed" },
  ]);
  const other = trigger({ about: { kind: "dag", dagId: "other", state: "failed" } });
  expect(decideTrigger(other, dags)).toEqual([]);
});

test("another service cannot pass for Chasqui's own event, nor the other way round", () => {
  const dags = [dag("a", bound(rule(asset("orders"))), bound(rule(event("a.>"))))];
  expect(decideTrigger(trigger({ path: "chasqui.asset.orders" }), dags)).toEqual([]);
  const own = trigger({ path: "a.b", about: { kind: "asset", name: "routes" } });
  expect(decideTrigger(own, dags)).toEqual([]);
});

test("one event is kept as it is, several as a list", () => {
  const one = runEventOf(trigger());
  expect(eventsAsOne([one])).toMatchObject({ id: "7", data: { country: "CO" } });
  expect(eventsAsOne([one, one])).toEqual({ events: [one.event, one.event] });
});
