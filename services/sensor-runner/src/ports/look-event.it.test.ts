// Looks into the real stream of triggers, with the rights of sensor-runner.
import { triggerMessage } from "@chasqui/contracts";
import type { Json } from "../core/wait.ts";
import { startWorld } from "@chasqui/runner/testing/world";
import { expect, test } from "vitest";
import { parseEvent } from "../kinds/event.ts";
import { lookAt } from "../testing/look-at.ts";
import { eventLooker } from "./look-event.ts";

async function setup() {
  const world = await startWorld();
  const looker = eventLooker(await world.busOf("sensor-runner"));
  const admin = await world.busOf("admin");
  const nowMs = Date.now();
  let cursor: Json = null;
  return {
    nowMs,
    async publish(id: string, data: Record<string, Json> = {}, name = "routes.closed") {
      const { subject, headers, body } = triggerMessage({ source: "logistics", name, id, data });
      await admin.publishOne({ subject, data: body, headers });
    },
    /** As a source without our helper would. */
    publishRaw: (headers: Record<string, string>, body: string) =>
      admin.publishOne({
        subject: "chasqui.trigger.logistics.routes.closed",
        data: Buffer.from(body),
        headers,
      }),
    /** A look that goes on from where the last one left off. */
    async look(config: object = {}, sinceMs = nowMs - 60_000) {
      const { of } = parseEvent({ subject: "logistics.routes.closed", ...config });
      const progress = { polls: 0, silences: 0, note: "", cursor };
      const settled = { ...of, sinceMs: of.sinceMs ?? sinceMs };
      const seen = await looker.look(settled, lookAt({ progress, nowMs }));
      if (seen.is === "not_yet" && seen.cursor !== undefined) cursor = seen.cursor;
      return seen;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test("none, then one of another name, then one that fits", async () => {
  await using t = await setup();
  expect(await t.look()).toMatchObject({ is: "not_yet", evidence: { messages: 0 } });
  await t.publish("e1", {}, "routes.opened");
  expect(await t.look()).toMatchObject({ is: "not_yet", evidence: { messages: 0 } });
  await t.publish("e2", { country: "CO" });
  expect(await t.look()).toMatchObject({
    is: "there",
    note: "message e2 of logistics",
    output: {
      id: "e2",
      source: "logistics",
      subject: "logistics.routes.closed",
      data: { country: "CO" },
    },
  });
});

test("E1: each is read once, in order; the first that fits is the one", async () => {
  await using t = await setup();
  const when = "event.data.n >= 3";
  for (const n of [1, 2]) await t.publish(`e${n}`, { n });
  expect(await t.look({ when })).toMatchObject({
    is: "not_yet",
    note: expect.stringContaining("none fits: message e2 does not fit"),
    evidence: { messages: 2 },
  });
  expect(await t.look({ when })).toMatchObject({ evidence: { messages: 2 } });
  for (const n of [3, 4]) await t.publish(`e${n}`, { n });
  expect(await t.look({ when })).toMatchObject({ is: "there", output: { id: "e3" } });
});

test("E2: a hundred at a time, and the next look at once", async () => {
  await using t = await setup();
  for (let n = 0; n < 103; n++) await t.publish(`e${n}`, { n });
  const when = "event.data.n == 102";
  expect(await t.look({ when })).toMatchObject({ nextMs: t.nowMs, evidence: { messages: 100 } });
  expect(await t.look({ when })).toMatchObject({ is: "there" });
});

test("what was published before does not count", async () => {
  await using t = await setup();
  await t.publish("e1");
  const later = Date.now() + 3_600_000;
  expect(await t.look({}, later)).toMatchObject({ is: "not_yet", evidence: { messages: 0 } });
  await t.publish("e2");
  expect(await t.look({}, later)).toMatchObject({ is: "not_yet", evidence: { messages: 0 } });
});

test("what is no event of its source is passed over, and said", async () => {
  await using t = await setup();
  await t.publishRaw({}, "hello");
  expect(await t.look()).toMatchObject({ note: expect.stringContaining("want ce- headers") });
  const headers = { "ce-specversion": "1.0", "ce-id": "x", "ce-type": "t", "ce-source": "billing" };
  await t.publishRaw(headers, "{}");
  expect(await t.look()).toMatchObject({
    note: expect.stringContaining('the source is "billing": want logistics'),
    evidence: { messages: 2 },
  });
  await t.publishRaw({ ...headers, "ce-source": "/logistics/eu" }, "[]");
  expect(await t.look()).toMatchObject({ note: expect.stringContaining("no JSON object") });
  await t.publish("e4");
  expect(await t.look()).toMatchObject({ is: "there", output: { id: "e4" } });
});
