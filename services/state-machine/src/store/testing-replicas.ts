// Replicas of the state machine that decide apart from the same rows, for integration tests of what they commit.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import type { AttemptReport } from "@chasqui/machine";
import { Cache } from "../cache.ts";
import { type Batch, decideBatch } from "../core/batch.ts";
import { decideFolder } from "../core/folder.ts";
import type { Body, Inbound } from "../core/inbound.ts";
import { commitFolder } from "./commit-folder.ts";
import { testStore } from "./testing.ts";
import { openVersions } from "./versions.ts";

export const spec = create(DagSpecSchema, {
  id: "costs",
  maxActiveRuns: 1,
  tasks: [
    { id: "load", uses: "test.task" },
    { id: "sum", uses: "test.task", needs: ["load"] },
  ],
});
export const dagId = spec.id;

export const inbound = (id: string, body: Body): Inbound => ({
  id,
  body,
  redelivered: false,
  replyTo: "",
  by: "user:test",
  note: "",
});
export const apply = inbound("apply", {
  to: "folder",
  changes: [{ dagId, fingerprint: fingerprintOf(spec) }],
});
export function start(key: string): Inbound {
  const facts = { runId: runIdOf(dagId, key), dagId, key, logicalMs: 0, by: "user:test" };
  const rest = { causeKind: "manual", params: {}, event: null, traceparent: undefined } as const;
  return inbound(`start:${key}`, { to: "dag", kind: "start", dagId, start: { ...facts, ...rest } });
}
export const update = (key: string, report: AttemptReport): Inbound =>
  inbound(`update:${key}:${report.state}`, {
    to: "run",
    runId: runIdOf(dagId, key),
    message: { kind: "update", taskId: "load", mapIndex: -1, attempt: 1, sequence: 1, report },
  });
export async function setup() {
  const store = await testStore({ connectionsMax: 4 });
  const { sql } = store.database;
  const versions = openVersions(sql, {});
  await versions.put([spec]);

  /** A replica that has read what the messages are about, and decided; the batch is not committed yet. */
  const decideApart = async (...messages: readonly Inbound[]): Promise<Batch> => {
    const cache = new Cache(sql, versions, { tasksMax: 1_000 });
    await cache.load(messages);
    return decideBatch(cache.aggregates, messages, { nowMs: 1_000, isTraced: () => false });
  };
  /** The same for a change of a folder. */
  const decideFolderApart = async (message: Inbound) => {
    const cache = new Cache(sql, versions, { tasksMax: 1_000 });
    await cache.load([message]);
    if (message.body.to !== "folder") throw new TypeError("want a change of a folder");
    const read = new Map([...cache.aggregates.dags].map(([id, { version }]) => [id, version]));
    const decision = decideFolder(cache.aggregates, message, message.body, 1_000);
    if (decision.kind === "rejected") throw new Error(decision.why);
    return { kind: decision.kind, commit: () => commitFolder(sql, read, decision.dags) };
  };
  await (await decideFolderApart(apply)).commit();
  return {
    sql,
    versions,
    decideApart,
    decideFolderApart,
    history: (key: string) =>
      sql<{ version: number; events: string }[]>`
        select version, events from state_machine.run_event
        where run_id = ${runIdOf(dagId, key)} order by version`,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
