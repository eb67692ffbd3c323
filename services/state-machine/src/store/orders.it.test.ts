// What people order of DAGs and pools, and what is heard of runs, comes again after it was overtaken.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import { expect, test } from "vitest";
import { Cache } from "../cache.ts";
import { decideBatch } from "../core/batch.ts";
import type { Body, Inbound } from "../core/inbound.ts";
import { commit } from "./commit.ts";
import { dagId, inbound, setup, spec, start, update } from "./testing-replicas.ts";

type Replicas = Awaited<ReturnType<typeof setup>>;
type Said = Extract<Body, { kind: "other" }>["message"];

const toDag = (id: string, message: Said): Inbound =>
  inbound(id, { to: "dag", kind: "other", dagId, message });
const pause = (id: string, paused: boolean): Inbound =>
  toDag(id, { kind: "set_paused", paused, by: "user:test", reason: "" });
const resize = (id: string, size: number): Inbound =>
  inbound(id, { to: "pool", pool: "lake", message: { kind: "set", size, declared: false } });
const again = (message: Inbound): Inbound => ({ ...message, redelivered: true });

async function decided(t: Replicas, message: Inbound): Promise<string | undefined> {
  const batch = await t.decideApart(message);
  await commit(t.sql, batch);
  return batch.said[0]?.outcome.kind;
}
const dagRow = async ({ sql }: Replicas) =>
  (await sql`select paused, active, fingerprint from state_machine.dag where dag_id = ${dagId}`)[0];

test("a pause that comes again after somebody resumed pauses nothing; one that was never decided does", async () => {
  await using t = await setup();
  expect(await decided(t, pause("p1", true))).toBe("moved");
  expect(await decided(t, pause("r1", false))).toBe("moved");
  expect(await decided(t, again(pause("p1", true)))).toBe("nothing");
  expect(await dagRow(t)).toMatchObject({ paused: false });
  expect(await decided(t, again(pause("p2", true)))).toBe("moved");
  expect(await decided(t, again(pause("r1", false)))).toBe("nothing");
  expect(await dagRow(t)).toMatchObject({ paused: true });
});

test("an apply that comes again after it was rolled back applies nothing", async () => {
  await using t = await setup();
  const next = create(DagSpecSchema, { ...spec, maxActiveRuns: 2 });
  await t.versions.put([next]);
  const applied = (id: string, fingerprint: string): Inbound =>
    inbound(id, { to: "folder", changes: [{ dagId, fingerprint }] });
  const folder = async (message: Inbound): Promise<string> => {
    const decision = await t.decideFolderApart(message);
    await decision.commit();
    return decision.kind;
  };
  const forward = applied("a2", fingerprintOf(next));
  expect(await folder(forward)).toBe("moved");
  expect(await folder(applied("a3", fingerprintOf(spec)))).toBe("moved");
  expect(await folder(again(forward))).toBe("nothing");
  expect(await dagRow(t)).toMatchObject({ fingerprint: fingerprintOf(spec) });
});

test("a StartRun that comes again to a replica with an old state of its run assigns nothing that has ended since", async () => {
  await using t = await setup();
  const old = new Cache(t.sql, t.versions, { tasksMax: 100 });
  const saidBy = async (message: Inbound): Promise<string[]> => {
    await old.load([message]);
    const batch = decideBatch(old.aggregates, [message], { nowMs: 1_000, isTraced: () => false });
    await commit(t.sql, batch);
    for (const { run } of batch.runs.values()) run.version += 1;
    old.endRound();
    return batch.said.flatMap(({ runEffects }) => runEffects.map(({ effect }) => effect.kind));
  };
  expect(await saidBy(start("k1"))).toEqual(["assign"]);
  expect(await saidBy(again(start("k1")))).toEqual(["assign"]); // its first saying may be lost
  const message = { kind: "cancel" as const, by: "user:test", reason: "" };
  await decided(t, inbound("cancel", { to: "run", runId: runIdOf(dagId, "k1"), message }));
  await decided(t, update("k1", { state: "cancelled" }));
  expect(await saidBy(again(start("k1")))).not.toContain("assign");
});

test("a pool's size that comes again after somebody said another one changes nothing", async () => {
  await using t = await setup();
  expect(await decided(t, resize("s1", 2))).toBe("moved");
  expect(await decided(t, resize("s2", 5))).toBe("moved");
  expect(await decided(t, again(resize("s1", 2)))).toBe("nothing");
  expect(await t.sql`select size from state_machine.pool where pool = 'lake'`).toEqual([
    { size: 5 },
  ]);
});

test("the end of a run that comes again after the run was reopened takes no slot away", async () => {
  await using t = await setup();
  const [first, second] = [runIdOf(dagId, "k1"), runIdOf(dagId, "k2")];
  const end = (settledMs: number): Inbound =>
    toDag(`settled:${settledMs}`, { kind: "settled", runId: first, settledMs });
  await decided(t, start("k1"));
  await decided(t, start("k2"));
  await decided(t, toDag("reopened", { kind: "reopened", runId: first, reopenedMs: 5_001 }));
  expect(await decided(t, end(5_000))).toBe("nothing");
  expect(await decided(t, again(end(5_000)))).toBe("nothing");
  expect(await dagRow(t)).toMatchObject({ active: [first] });
  expect(await decided(t, end(6_000))).toBe("moved");
  expect(await dagRow(t)).toMatchObject({ active: [second] });
});
