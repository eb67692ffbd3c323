// The hot statement against a real PostgreSQL: two replicas decide from the same rows, and one of them wins.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema, runIdOf } from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import type { AttemptReport } from "@chasqui/machine";
import { expect, test } from "vitest";
import type { Inbound } from "../core/inbound.ts";
import { commit } from "./commit.ts";
import { apply, dagId, inbound, setup, spec, start, update } from "./testing-replicas.ts";

const failed: AttemptReport = {
  state: "failed",
  failure: { class: "code", message: "exit code 1" },
};

test("of two replicas at one run the second changes nothing: neither run, task nor history", async () => {
  await using t = await setup();
  const runId = runIdOf(dagId, "k1");
  await commit(t.sql, await t.decideApart(start("k1")));
  const first = await t.decideApart(update("k1", { state: "succeeded" }));
  const second = await t.decideApart(update("k1", failed));

  expect([...(await commit(t.sql, first)).runs]).toEqual([runId]);
  const late = await commit(t.sql, second);
  expect([[...late.runs], [...late.refused]]).toEqual([[], []]);

  const [run] = await t.sql`select state, version from state_machine.run where run_id = ${runId}`;
  expect(run).toEqual({ state: "running", version: 2 });
  const tasks = await t.sql`
    select task_id, state from state_machine.task where run_id = ${runId} order by task_id`;
  expect(tasks.map((task) => `${task["task_id"]} ${task["state"]}`)).toEqual([
    "load succeeded",
    "sum assigned",
  ]);
  const history = await t.history("k1");
  expect(history.map(({ version }) => version)).toEqual([1, 2]);
  expect(history[1]?.events).not.toContain("attempt_failed");
});

test("of two replicas that give away the last slot one wins, and the other's run is not there", async () => {
  await using t = await setup();
  const first = await t.decideApart(start("k1"));
  const second = await t.decideApart(start("k2"));
  const won = await commit(t.sql, first);
  expect([[...won.dags], [...won.runs]]).toEqual([[dagId], [runIdOf(dagId, "k1")]]);
  const lost = await commit(t.sql, second);
  expect([[...lost.dags], [...lost.runs], [...lost.refused]]).toEqual([[], [], []]);

  const runs = await t.sql<{ key: string }[]>`select key from state_machine.run`;
  expect(runs.map(({ key }) => key)).toEqual(["k1"]);
  const [dag] = await t.sql`select active from state_machine.dag where dag_id = ${dagId}`;
  expect(dag).toEqual({ active: [runIdOf(dagId, "k1")] });
  expect(await t.history("k2")).toEqual([]);

  // Decided again from what is there now, it queues.
  const again = await commit(t.sql, await t.decideApart(start("k2")));
  expect([...again.runs]).toEqual([runIdOf(dagId, "k2")]);
  const states = await t.sql<{ state: string }[]>`select state from state_machine.run order by key`;
  expect(states.map(({ state }) => state)).toEqual(["running", "queued"]);
});

test("two replicas at one run at once: exactly one wins, however they race", async () => {
  await using t = await setup();
  await commit(t.sql, await t.decideApart(start("k1")));
  const batches = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      t.decideApart(update("k1", i % 2 === 0 ? { state: "accepted" } : { state: "running" })),
    ),
  );
  const winners = await Promise.all(batches.map((batch) => commit(t.sql, batch)));
  expect(winners.filter(({ runs }) => runs.size === 1)).toHaveLength(1);
  expect((await t.history("k1")).map(({ version }) => version)).toEqual([1, 2]);
});

/** Specifications of a folder, stored under their meanings; `n` makes another meaning of the same DAGs. */
async function folderOf(t: Awaited<ReturnType<typeof setup>>, n: number): Promise<Inbound> {
  const changes = [];
  for (const id of ["one", "two", "three"]) {
    const own = create(DagSpecSchema, { id, maxActiveRuns: n, tasks: spec.tasks });
    await t.versions.put([own]);
    changes.push({ dagId: id, fingerprint: fingerprintOf(own) });
  }
  return inbound(`folder-${n}`, { to: "folder", changes });
}

const numbers = (t: Awaited<ReturnType<typeof setup>>) =>
  t.sql<{ dag_id: string; number: number }[]>`
    select dag_id, number from state_machine.dag where dag_id <> ${dagId} order by dag_id`.then(
    (rows) => rows.map((row) => row.number),
  );

test("a change of a folder is written as a whole: of two at once one wins, and the other changes no DAG", async () => {
  await using t = await setup();
  const folders = [await folderOf(t, 2), await folderOf(t, 3)];
  const decided = await Promise.all(folders.map((folder) => t.decideFolderApart(folder)));
  const won = await Promise.all(decided.map((one) => one.commit()));
  expect(won.toSorted()).toEqual([false, true]);
  expect(await numbers(t)).toEqual([1, 1, 1]);
  const rows = await t.sql`
    select dag_id as "dagId", fingerprint from state_machine.dag where dag_id <> ${dagId}`;
  const { body } = folders[won.indexOf(true)] ?? apply;
  const byId = (a: { dagId: string }, b: { dagId: string }) => (a.dagId < b.dagId ? -1 : 1);
  expect([...rows.map((row) => ({ ...row, dagId: String(row["dagId"]) }))].sort(byId)).toEqual(
    body.to === "folder" ? [...body.changes].sort(byId) : [],
  );
});

test("one DAG of a folder that moved meanwhile, even one that stays as it is, holds up the whole", async () => {
  await using t = await setup();
  await (await t.decideFolderApart(await folderOf(t, 2))).commit();
  const folder = await folderOf(t, 3);
  if (folder.body.to !== "folder") throw new TypeError("want a change of a folder");
  const two = folder.body.changes[1]?.fingerprint;
  await t.sql`update state_machine.dag set fingerprint = ${two ?? ""} where dag_id = 'two'`;
  const late = await t.decideFolderApart(folder);
  await t.sql`update state_machine.dag set version = version + 1 where dag_id = 'two'`;
  expect(await late.commit()).toBe(false);
  expect(await numbers(t)).toEqual([1, 1, 1]);
});

test("PostgreSQL breaking off in the middle leaves every DAG of the folder as it was", async () => {
  await using t = await setup();
  await (await t.decideFolderApart(await folderOf(t, 2))).commit();
  await t.sql.unsafe(`
    create function state_machine.strike() returns trigger language plpgsql as
      $$ begin raise exception 'struck at %', new.dag_id; end $$;
    create trigger strike before insert on state_machine.dag_version for each row
      when (new.dag_id = 'two') execute function state_machine.strike()`);
  const next = await t.decideFolderApart(await folderOf(t, 3));
  await expect(next.commit()).rejects.toThrow("struck at two");
  expect(await numbers(t)).toEqual([1, 1, 1]);
  await t.sql`drop trigger strike on state_machine.dag_version`;
  expect(await (await t.decideFolderApart(await folderOf(t, 3))).commit()).toBe(true);
  expect(await numbers(t)).toEqual([2, 2, 2]);
});
