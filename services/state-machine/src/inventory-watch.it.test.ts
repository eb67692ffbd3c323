// Inventories against the rows of a real PostgreSQL: what they lack again and again is declared lost.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { createLogger } from "@chasqui/chassis";
import {
  DagSpecSchema,
  InboxMessageSchema,
  InventorySchema,
  attemptIdOf,
  subjects,
} from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import { expect, test } from "vitest";
import { MISSES } from "./core/missing.ts";
import { watchInventories } from "./inventory-watch.ts";
import { testStore } from "./store/testing.ts";
import { openVersions } from "./store/versions.ts";

const spec = create(DagSpecSchema, {
  id: "costs",
  tasks: [
    { id: "pod", uses: "test.task" },
    { id: "mail", uses: "other.kind" },
    { id: "fresh", uses: "test.task" },
  ],
});
const NOW_MS = Date.parse("2026-11-22T10:00:00Z");
const attemptId = (taskId: string): string =>
  attemptIdOf({ runId: "run-1", taskId, mapIndex: -1, attempt: 1 });

async function setup() {
  const stack = new AsyncDisposableStack();
  const { database } = stack.use(await testStore({ connectionsMax: 4 }));
  const { sql } = database;
  const versions = openVersions(sql, {});
  await versions.put([spec]);
  await sql`
    insert into state_machine.run (run_id, dag_id, dag_number, fingerprint, key, state, version, format, cause_kind,
      cause_by, params, event, trace_id, traced, logical_at, interval_start_at, interval_end_at, created_at, last_at)
    values ('run-1', 'costs', 1, ${fingerprintOf(spec)}, 'k', 'running', 1, 1, 'manual', 'user:test', '{}', 'null',
      '', false, now(), now(), now(), now(), now())`;
  const accept = (taskId: string, acceptedMs: number) => sql`
    insert into state_machine.task (run_id, task_id, map_index, state, attempt, sequence, free_repeats, cause,
      assigned_at, accepted_at)
    values ('run-1', ${taskId}, -1, 'running', 1, 1, 0, 'start', to_timestamp(${acceptedMs / 1000}::float8),
      to_timestamp(${acceptedMs / 1000}::float8))`;
  const said: OutMessage[] = [];
  let hear: (data: Uint8Array) => void = () => undefined;
  const watch = watchInventories({
    sql,
    versions,
    log: createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "fatal" } }),
    bus: {
      publish: async (messages) => {
        said.push(...messages);
        return messages.map(() => "stored" as const);
      },
      subscribePlain: (subject, handle) => {
        expect(subject).toBe(subjects.inventories());
        hear = (data) => handle(data, "");
        return { established: async () => undefined, unsubscribe: () => undefined };
      },
    },
  });
  stack.defer(() => watch.stop());
  return {
    accept,
    lost: () =>
      said.map(({ data }) => {
        const { body } = fromBinary(InboxMessageSchema, data);
        return body.case === "loseAttempt" ? body.value.taskId : "?";
      }),
    async look(nth: number, attemptIds: string[], more: { isWhole?: boolean } = {}) {
      const inventory = {
        service: "tester",
        kind: "test.task",
        atMs: NOW_MS + nth * 30_000,
        attemptIds,
        part: 1,
        parts: 1,
        isWhole: true,
        ...more,
      };
      hear(toBinary(InventorySchema, create(InventorySchema, inventory)));
      await watch.idle();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("an attempt that whole inventories of its kind lack is lost; one just accepted, or of another kind, is not", async () => {
  await using t = await setup();
  await t.accept("pod", NOW_MS - 120_000);
  await t.accept("mail", NOW_MS - 120_000);
  await t.accept("fresh", NOW_MS + (MISSES - 1) * 30_000);
  for (let n = 0; n < MISSES - 1; n++) await t.look(n, []);
  expect(t.lost()).toEqual([]);
  await t.look(MISSES - 1, []);
  expect(t.lost()).toEqual(["pod"]);
});

test("what is shown is not lost, and what a single process holds proves nothing", async () => {
  await using t = await setup();
  await t.accept("pod", NOW_MS - 120_000);
  for (let n = 0; n < MISSES; n++) await t.look(n, [attemptId("pod")]);
  for (let n = 0; n < MISSES; n++) await t.look(n, [], { isWhole: false });
  expect(t.lost()).toEqual([]);
});
