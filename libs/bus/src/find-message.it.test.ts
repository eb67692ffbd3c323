// Messages of a real stream, found without a consumer.
import { subjects, triggerMessage } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { setup, text } from "./testing.ts";

const CLOSED = subjects.trigger("logistics.routes.closed");

async function withTriggers() {
  const t = await setup();
  const [source, reader] = [await t.bus("source-logistics"), await t.bus("sensor-runner")];
  let count = 0;
  return {
    ...t,
    reader,
    /** Answers what the stream noted. */
    async publish(name: string) {
      const id = `e${(count += 1)}`;
      const { subject, headers, body } = triggerMessage({
        source: "logistics",
        name,
        id,
        data: { id },
      });
      await source.publishOne({ subject, data: body, headers, id });
      const { lastSequence } = await reader.streamPosition("CHASQUI_TRIGGERS");
      const stored = await t.manager.streams.getMessage("CHASQUI_TRIGGERS", { seq: lastSequence });
      return { id, sequence: lastSequence, atMs: stored.time.getTime() };
    },
    async find(from: { afterSequence: number } | { sinceMs: number }, filter = CLOSED) {
      const found = await reader.findMessage("CHASQUI_TRIGGERS", filter, from);
      return found === undefined ? undefined : (JSON.parse(text(found.data)) as { id: string }).id;
    },
    [Symbol.asyncDispose]: () => t[Symbol.asyncDispose](),
  };
}

test("an empty stream has none", async () => {
  await using t = await withTriggers();
  expect(await t.find({ afterSequence: 0 })).toBeUndefined();
  expect(await t.find({ sinceMs: 0 })).toBeUndefined();
});

test("M1: the first of its subject behind a place, with its headers and its time", async () => {
  await using t = await withTriggers();
  const first = await t.publish("routes.closed");
  await t.publish("routes.opened");
  const third = await t.publish("routes.closed");
  expect(await t.find({ afterSequence: 0 })).toBe("e1");
  expect(await t.find({ afterSequence: first.sequence })).toBe("e3");
  expect(await t.find({ afterSequence: third.sequence })).toBeUndefined();
  expect(await t.find({ afterSequence: 0 }, subjects.trigger("logistics.routes.opened"))).toBe(
    "e2",
  );
  const found = await t.reader.findMessage("CHASQUI_TRIGGERS", CLOSED, { afterSequence: 1 });
  expect(found).toMatchObject({ subject: CLOSED, streamSequence: 3, publishedMs: third.atMs });
  expect(found?.header("ce-id")).toBe("e3");
  expect(found?.header("ce-none")).toBeUndefined();
});

test("M2: the first since a time, also where messages are gone", async () => {
  await using t = await withTriggers();
  const stored = [];
  for (let n = 0; n < 40; n++) stored.push(await t.publish("routes.closed"));
  for (const { sequence } of stored.filter((_, index) => index % 3 === 0 || index < 5))
    await t.manager.streams.deleteMessage("CHASQUI_TRIGGERS", sequence);
  const kept = stored.filter((_, index) => index % 3 !== 0 && index >= 5);
  for (const { atMs } of stored) {
    const wanted = kept.find((one) => one.atMs >= atMs)?.id;
    expect(await t.find({ sinceMs: atMs }), String(atMs)).toBe(wanted);
  }
  expect(await t.find({ sinceMs: 0 })).toBe(kept[0]?.id);
  expect(await t.find({ sinceMs: Date.now() + 60_000 })).toBeUndefined();
});

test("nobody else may look so", async () => {
  await using t = await withTriggers();
  const other = await t.bus("alert-notifier");
  const looking = other.findMessage("CHASQUI_TRIGGERS", CLOSED, { afterSequence: 0 });
  await expect(looking).rejects.toThrow("user alert-notifier may not ask it");
});
