// `chasqui admin topology` and the check of the services, against a real nats-server.
import { consumersOf, streams, type StreamName } from "@chasqui/contracts";
import { RetentionPolicy, StorageType } from "nats";
import { expect, test } from "vitest";
import { applyTopology } from "./index.ts";
import { adminOptions, installation, setup, starting } from "./testing.ts";

const streamNames = Object.keys(streams).map((name) => name as StreamName);
const MIB = 1024 * 1024;

test("the first time everything is created, the second time nothing changes", async () => {
  await using t = await setup({ topology: false });
  const options = { ...adminOptions(t.nats.url), installation };
  const changes = await applyTopology(options);
  const consumers = consumersOf(installation);
  expect(changes.map(({ action, thing }) => `${action} ${thing}`)).toEqual([
    ...streamNames.map((name) => `created stream ${name}`),
    "created bucket CHASQUI_KINDS",
    ...Object.entries(consumers).map(
      ([durable, { stream }]) => `created consumer ${durable} of ${stream}`,
    ),
  ]);
  expect(await applyTopology(options)).toEqual([]);
  const { config: tasks } = await t.manager.streams.info("CHASQUI_TASKS");
  expect(tasks).toMatchObject({
    subjects: ["chasqui.task.>"],
    retention: "workqueue",
    max_msgs_per_subject: 1,
    discard: "new",
    discard_new_per_subject: true,
  });
  const { config: inbox } = await t.manager.consumers.info("CHASQUI_INBOX", "state-machine-3");
  expect(inbox).toMatchObject({
    filter_subject: "chasqui.inbox.3.>",
    ack_policy: "explicit",
    max_ack_pending: 20_000,
  });
});

test("what differs is updated, what ops own is kept, what is unknown is named", async () => {
  await using t = await setup();
  await t.manager.streams.update("CHASQUI_LOGS", { max_bytes: 99 * MIB, max_age: 3_600e9 });
  await t.manager.consumers.update("CHASQUI_TASKS", "kind-k8s_pod", { max_ack_pending: 7 });
  await t.manager.consumers.delete("CHASQUI_TASKS", "kind-sensor_http");
  const changes = await applyTopology({
    ...adminOptions(t.nats.url),
    installation: { ...installation, runners: { "bench-runner": ["bench.noop"] } },
  });
  expect(changes).toEqual([
    {
      action: "updated",
      thing: "stream CHASQUI_LOGS",
      detail: `max_age is 3600000000000, want ${streams.CHASQUI_LOGS.maxAgeMs * 1e6}`,
    },
    {
      action: "updated",
      thing: "consumer kind-k8s_pod of CHASQUI_TASKS",
      detail: "max_ack_pending is 7, want 20000",
    },
    { action: "created", thing: "consumer kind-sensor_http of CHASQUI_TASKS", detail: "" },
    ...["kind-bench_sleep", "kind-other_thing"].map((durable) => ({
      action: "left alone",
      thing: `consumer ${durable} of CHASQUI_TASKS`,
      detail: "not in the topology; it holds 0 messages",
    })),
  ]);
  const { config } = await t.manager.streams.info("CHASQUI_LOGS");
  expect(config.max_bytes).toBe(99 * MIB);
});

test("a change that the server does not allow is refused with what to do", async () => {
  await using t = await setup({ topology: false });
  await t.manager.streams.add({
    name: "CHASQUI_INBOX",
    subjects: ["chasqui.inbox.>"],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
  });
  await expect(applyTopology({ ...adminOptions(t.nats.url), installation })).rejects.toThrow(
    /stream CHASQUI_INBOX: the server does not allow the change \(retention is "limits", want "workqueue".*deleted by hand/,
  );
});

test("a server with little room gets smaller streams", async () => {
  const room = 3_000 * MIB;
  await using t = await setup({ topology: false, storeBytesMax: room });
  const changes = await applyTopology({ ...adminOptions(t.nats.url), installation });
  const events = changes.find(({ thing }) => thing === "stream CHASQUI_EVENTS");
  expect(events?.detail).toMatch(/^with \d+ bytes: the server has no room for 2147483648$/);
  expect(await applyTopology({ ...adminOptions(t.nats.url), installation })).toEqual([]);
});

test("a service checks what it needs and nothing else", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await t.manager.streams.update("CHASQUI_LOGS", { subjects: ["chasqui.log.>", "other.>"] });
  await t.manager.consumers.delete("CHASQUI_TASKS", "kind-k8s_pod");
  await t.manager.streams.update("CHASQUI_INBOX", { max_bytes: 10 * MIB, num_replicas: 1 }); // ops may
  const needs = {
    durables: ["state-machine-0", "state-machine-7"],
    streams: ["CHASQUI_INBOX", "CHASQUI_TASKS"],
  } as const;
  const start = starting();
  await machine.ensureTopology(needs, start);
  expect(start.waits.all).toEqual(["nothing"]);
});

test("drift is refused with what differs and what to run", async () => {
  await using t = await setup();
  const runner = await t.bus("bench-runner");
  await t.manager.streams.update("CHASQUI_TASKS", { subjects: ["chasqui.task.>", "other.>"] });
  await t.manager.streams.update("CHASQUI_TASKS", {
    max_msgs_per_subject: 5,
    discard_new_per_subject: true,
  });
  await t.manager.streams.delete("CHASQUI_LOGS");
  await t.manager.consumers.delete("CHASQUI_TASKS", "kind-bench_sleep");
  const needs = {
    durables: ["kind-bench_noop", "kind-bench_sleep", "kind-nobody"],
    streams: ["CHASQUI_TASKS", "CHASQUI_LOGS"],
  } as const;
  const start = starting();
  const message = await runner.ensureTopology(needs, start).then(
    () => "accepted",
    (error: Error) => error.message,
  );
  expect(message.split("\n")).toEqual([
    "the bus is not what this service needs; run `chasqui admin topology`:",
    '  stream CHASQUI_TASKS: subjects is ["chasqui.task.>","other.>"], want ["chasqui.task.>"]',
    "  stream CHASQUI_TASKS: max_msgs_per_subject is 5, want 1",
    "  stream CHASQUI_LOGS: does not exist",
    "  consumer kind-bench_sleep of CHASQUI_TASKS: does not exist",
    "  consumer kind-nobody: not in the topology",
  ]);
  expect(start.waits.all).toEqual([]); // at once, and nothing was made
  await expect(t.manager.consumers.info("CHASQUI_TASKS", "kind-bench_sleep")).rejects.toThrow(
    "consumer not found",
  );
});

test("positions tell when a stream began and how far it is", async () => {
  await using t = await setup();
  const machine = await t.bus("state-machine");
  await machine.publishOne({ subject: "chasqui.inbox.0.run.run-1", data: new Uint8Array() });
  const positions = await machine.streamPositions();
  expect(Object.keys(positions).sort()).toEqual([...streamNames].sort());
  expect(positions.CHASQUI_INBOX.lastSequence).toBe(1);
  expect(positions.CHASQUI_TASKS.lastSequence).toBe(0);
  expect(Date.parse(positions.CHASQUI_INBOX.created)).toBeGreaterThan(Date.now() - 86_400_000); // by some test of this run
});
