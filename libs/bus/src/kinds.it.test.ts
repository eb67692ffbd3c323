// Kinds: announced by runners, read by whoever validates DAGs.
import type { KindAnnouncement } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { setup, starting } from "./testing.ts";

const announcement = (kind: string, description: string): KindAnnouncement => ({
  $typeName: "chasqui.task.v1.KindAnnouncement",
  kind,
  description,
  service: "bench-runner",
  schema: { type: "object", properties: { ms: { type: "integer" } } },
});

test("the last announcement of each kind is what is listed", async () => {
  await using t = await setup();
  const [reader, runner] = [await t.bus("console"), await t.bus("bench-runner")];
  expect(await reader.listKinds()).toEqual([]);
  await runner.announceKind(announcement("bench.sleep", "sleeps"));
  await runner.announceKind(announcement("bench.noop", "first words"));
  await runner.announceKind(announcement("bench.noop", "last words"));
  const kinds = await reader.listKinds();
  expect(kinds.map(({ kind, description }) => `${kind}: ${description}`)).toEqual([
    "bench.noop: last words",
    "bench.sleep: sleeps",
  ]);
  expect(kinds[0]?.schema).toEqual(announcement("", "").schema);
  // Any NATS client reads it as the key-value bucket that it is; a deleted key is gone.
  const bucket = await t.outside.jetstream().views.kv("CHASQUI_KINDS");
  expect((await bucket.get("bench_noop"))?.key).toBe("bench_noop");
  await bucket.delete("bench_noop");
  expect((await reader.listKinds()).map(({ kind }) => kind)).toEqual(["bench.sleep"]);
});

test("a runner may not announce the kind of another", async () => {
  await using t = await setup();
  const runner = await t.bus("bench-runner");
  await expect(runner.announceKind(announcement("k8s.pod", "mine now"))).rejects.toThrow(
    /failed: user bench-runner may not publish there/,
  );
});

test("a kind that is announced while the bucket is gone is said again once it is back", async () => {
  await using t = await setup();
  const [machine, runner] = [await t.bus("state-machine"), await t.bus("bench-runner")];
  await t.manager.streams.delete("KV_CHASQUI_KINDS");
  await runner.announceKind(announcement("bench.noop", "said once"));
  await t.log.until(1, ({ message }) => message === "bus: kinds not announced, trying again");
  await machine.ensureTopology({ durables: [], streams: [] }, starting());
  await expect.poll(() => machine.listKinds()).toMatchObject([{ description: "said once" }]);
});
