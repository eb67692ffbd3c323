// `was:` on real servers: a renamed DAG goes on with the runs, versions and past of its earlier name.
import { create } from "@bufbuild/protobuf";
import { DagSpecSchema, TaskState } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { openDoors } from "../testing/doors.ts";
import { expectRowsEqualHistory, runner, setup, start, succeed } from "../testing.ts";

const specOf = (id: string, task: string, more: { was?: string[]; taskWas?: string[] } = {}) =>
  create(DagSpecSchema, {
    id,
    was: more.was ?? [],
    maxActiveRuns: 100,
    tasks: [{ id: task, uses: "test.task", dependsOnPast: true, was: more.taskWas ?? [] }],
  });

async function world() {
  const t = await setup(specOf("old", "load"));
  await t.engines(1);
  const doors = await openDoors(t);
  const applyAll = (...dags: DagSpec[]) => doors.dags.applyDags({ dags, note: "a rename" });
  const statesOf = async (name: string) => {
    const { run } = await doors.runs.getRun({ runId: name });
    return run?.tasks.map(({ taskId, state }) => [taskId, state]);
  };
  const startAt = (dagId: string, key: string, second: number) =>
    doors.runs.startRun({ dagId, key, logicalTime: { seconds: BigInt(second), nanos: 0 } });
  return {
    ...t,
    ...doors,
    applyAll,
    statesOf,
    startAt,
    [Symbol.asyncDispose]: () => t[Symbol.asyncDispose](),
  };
}

const renamed = specOf("new", "fetch", { was: ["old"], taskWas: ["load"] });

test("runs, versions and names of the earlier DAG are the new one's history; the old one is retired with the apply", async () => {
  await using t = await world();
  await runner(t, succeed);
  await t.bus.publishOne(start(t.spec, "k1"));
  await expect
    .poll(() => t.statesOf("old/k1").catch(() => []))
    .toEqual([["load", TaskState.SUCCEEDED]]);

  const answer = await t.applyAll(renamed);
  expect(answer).toMatchObject({ retiredDagIds: ["old"], dags: [{ dagId: "new", version: 1 }] });
  const { dags } = await t.dags.listDags({});
  expect(dags.map(({ dagId, retired }) => [dagId, retired])).toEqual([
    ["new", false],
    ["old", true],
  ]);
  const page = (pageToken: string) => t.dags.listDags({ pageSize: 1, pageToken, startsOnly: true });
  const [first, second, none] = [await page(""), await page("new"), await page("old")];
  expect(first).toMatchObject({ dags: [{ dagId: "new" }], nextPageToken: "new" });
  expect(first.dags[0]?.spec).toMatchObject({ was: ["old"], tasks: [] });
  expect(second).toMatchObject({ dags: [{ dagId: "old" }], nextPageToken: "old" });
  expect(none).toMatchObject({ dags: [], nextPageToken: "" });
  const [now, then] = await Promise.all(["new", "old"].map((dagId) => t.dags.getDag({ dagId })));
  expect(then?.dag).toMatchObject({ retired: true, retiredTime: now?.dag?.appliedTime }); // one change, one moment
  expect(now?.dag?.retiredTime).toBeUndefined();
  await t.startAt("new", "k2", 2_000);
  const { runs } = await t.runs.listRuns({ dagId: "new" });
  expect(runs.map(({ dagId, key }) => [dagId, key])).toEqual([
    ["new", "k2"],
    ["old", "k1"],
  ]);
  const { runs: olds } = await t.runs.listRuns({ dagId: "old" });
  expect(olds.map(({ key }) => key)).toEqual(["k1"]);
  expect((await t.runs.getRun({ runId: "new/k1" })).run).toMatchObject({ dagId: "old", key: "k1" });
  const { versions } = await t.dags.listDagVersions({ dagId: "new" });
  expect(versions.map(({ dagId, version }) => [dagId, version])).toEqual([
    ["new", 1],
    ["old", 1],
  ]);
  await expect(t.startAt("old", "k3", 3_000)).rejects.toThrow("DAG old is retired");
});

test("depends_on_past reaches over the rename of the DAG and of the task: it waits for the old run's task", async () => {
  await using t = await world();
  await t.startAt("old", "k1", 1_000);
  await expect.poll(() => t.statesOf("old/k1")).toEqual([["load", TaskState.ASSIGNED]]);
  await t.applyAll(renamed);
  await t.startAt("new", "k2", 2_000);
  await expect.poll(() => t.statesOf("new/k2")).toEqual([["fetch", TaskState.QUEUED]]);
  await runner(t, succeed); // now there is somebody for the old run's task
  await expect.poll(() => t.statesOf("new/k2")).toEqual([["fetch", TaskState.SUCCEEDED]]);
  expect(await t.statesOf("old/k1")).toEqual([["load", TaskState.SUCCEEDED]]);
  await expectRowsEqualHistory(t);
});

test("two heirs, a name that is there too, an old name applied again: refused, and nothing changes", async () => {
  await using t = await world();
  const twice = t.applyAll(renamed, specOf("other", "load", { was: ["old"] }));
  await expect(twice).rejects.toThrow("other: was old, and so was new: want one heir of a name");
  await expect(t.applyAll(renamed, specOf("old", "load"))).rejects.toThrow(
    "new: was old, which is there",
  );
  expect((await t.dags.listDags({})).dags.map(({ dagId }) => dagId)).toEqual(["old"]);
  await t.applyAll(renamed);
  await expect(t.applyAll(specOf("old", "load"))).rejects.toThrow(
    "new: was old, which is there too",
  );
  const heir = t.applyAll(specOf("other", "load", { was: ["old"] }));
  await expect(heir).rejects.toThrow("other: was old, and so was new");
  await t.applyAll(specOf("old", "load", { was: ["new"] })); // back again
  const { runs } = await t.runs.listRuns({ dagId: "old" });
  expect(runs).toEqual([]);
});
