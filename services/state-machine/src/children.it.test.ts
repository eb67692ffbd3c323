// Runs that tasks of other runs start, against a real nats-server and a real PostgreSQL: whoever waits hears the end,
// a cancel goes down, and no run is left behind, whatever comes late, twice or never.
import { create } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { AssignmentSchema, AttemptState, runIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import { expectRowsEqualHistory, report, runner, start, succeed } from "./testing.ts";
import {
  childId,
  ownKey,
  parentId,
  prices,
  release,
  runs,
  says,
  states,
  taskOf,
  until,
  works,
  world,
} from "./testing/children.ts";

test("a task starts a run with its parameters, waits for it and takes its end; everything is of one trace and one day", async () => {
  await using w = await world(release({ params: { day: "${run.date}" } }));
  await runner(w, succeed);
  await w.bus.publish([start(w.spec, "k1"), start(w.spec, "k1", 1)]);
  await until(() => states(w), ["release succeeded", "prices succeeded"]);
  const about = { run_id: childId, dag: "prices", key: ownKey, state: "succeeded" };
  expect(await taskOf(w)).toMatchObject({ state: "succeeded", attempt: 1, output: about });
  const [parent, child] = await w.sql`
    select trace_id, logical_at, params, cause_kind, cause_by, parents from state_machine.run order by dag_id desc`;
  expect(child).toMatchObject({
    trace_id: parent?.["trace_id"],
    logical_at: parent?.["logical_at"],
    params: { day: "1970-01-01", list: "all" },
    cause_kind: "parent",
    cause_by: "release/child",
    parents: [{ runId: parentId, taskId: "child", attempt: 1, depth: 1, waiting: [parentId] }],
  });
  await expectRowsEqualHistory(w);
});

test("wait: false: the task is done when the run exists, which goes on alone", async () => {
  await using w = await world(release({ wait: false }));
  const { begun } = await works(w);
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => states(w), ["release succeeded", "prices running"]);
  expect((await taskOf(w))?.output).toMatchObject({ run_id: childId });
  await w.bus.publishOne(report(await begun, AttemptState.SUCCEEDED, 2));
  await until(() => states(w), ["release succeeded", "prices succeeded"]);
  await expectRowsEqualHistory(w);
});

test.each([
  {
    allowed: ["succeeded", "failed"],
    ends: "release succeeded",
    task: { state: "succeeded", output: { state: "failed" } },
  },
  {
    allowed: ["succeeded"],
    ends: "release failed",
    task: {
      state: "failed",
      failure: {
        class: "upstream",
        message: `run ${childId} of DAG prices failed: task \`work\` failed`,
      },
    },
  },
])("a run that fails, where $allowed are allowed: $ends", async ({ allowed, ends, task }) => {
  await using w = await world(release({ allowed }));
  await runner(w, says(AttemptState.FAILED));
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => states(w), [ends, "prices failed"]);
  expect(await taskOf(w)).toMatchObject(task);
  await expectRowsEqualHistory(w);
});

test.each([
  { config: { dag: "pricess" }, why: "no DAG is called pricess" },
  { config: { params: { dya: "x" } }, why: /^DAG prices: parameter.* `dya`/ },
  { config: { key: "${params.missing}" }, why: /^with: / },
  {
    config: { dag: "release", key: "k1" },
    why: `run ${parentId} cannot be waited for: it waits for child of run ${parentId} itself`,
  },
])(
  "a task that cannot have its run fails at once, in class config: $why",
  async ({ config, why }) => {
    await using w = await world(release(config as JsonObject, { retries: { max: 3 } }));
    await w.bus.publishOne(start(w.spec, "k1"));
    await until(() => states(w), ["release failed"]);
    const { failure, attempt } = (await taskOf(w)) ?? {};
    expect(attempt).toBe(1);
    expect(failure).toMatchObject({
      class: "config",
      message: typeof why === "string" ? why : (expect.stringMatching(why) as string),
    });
    await expectRowsEqualHistory(w);
  },
);

test("a retired DAG starts no run for a task", async () => {
  await using w = await world();
  const value = { changes: [{ dagId: "prices" }], by: "test" }; // without a version: it is retired
  await w.bus.publishOne(inboxMessage("dag", "prices", "gone", { case: "changeDags", value }));
  await until(
    () => w.sql`select dag_id from state_machine.dag where retired`,
    [{ dag_id: "prices" }],
  );
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => states(w), ["release failed"]);
  expect((await taskOf(w))?.failure).toEqual({
    class: "config",
    message: "DAG prices is retired: apply it to bring it back",
  });
});

test("a mapped task starts a run for each item, and each instance takes the end of its own", async () => {
  const forEach = { lists: [{ in: "['a', 'b', 'c']" }], parallel: 2 };
  await using w = await world(release({ params: { list: "${item}" } }, { forEach }));
  await runner(w, (a) => [
    report(a, a.runKey.includes("[1]") ? AttemptState.FAILED : AttemptState.SUCCEEDED),
  ]);
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(async () => (await runs(w))[0]?.state, "failed");
  const children = await w.sql`
    select key, state, params->>'list' as list from state_machine.run where dag_id = 'prices' order by key`;
  expect(children).toEqual([
    { key: "release/k1/child[0]#1", state: "succeeded", list: "a" },
    { key: "release/k1/child[1]#1", state: "failed", list: "b" },
    { key: "release/k1/child[2]#1", state: "succeeded", list: "c" },
  ]);
  const tasks = await w.sql`
    select map_index, state from state_machine.task where run_id = ${parentId} and map_index >= 0 order by 1`;
  expect(tasks.map(({ state }) => String(state))).toEqual(["succeeded", "failed", "succeeded"]);
  await expectRowsEqualHistory(w);
});

test("a DAG that starts itself stops at the eleventh run, in words", async () => {
  await using w = await world(release({ dag: "release" }));
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(
    () => states(w),
    Array.from({ length: 11 }, () => "release failed"),
  );
  const [row] = await w.sql<{ message: string }[]>`
    select failure->>'message' as message from state_machine.task where failure->>'class' = 'config'`;
  expect(row?.message).toMatch(
    /^run run-\w+ is 10 runs below the first: want at most 10; do these DAGs/,
  );
  await expectRowsEqualHistory(w);
});

test("a key that names a run which exists: the task waits for that, says so, and its cancel leaves it alone", async () => {
  await using w = await world(release({ key: "monday" }));
  const { begun } = await works(w);
  await w.bus.publishOne(start(prices, "monday"));
  const work = await begun;
  await w.bus.publish([start(w.spec, "k1"), start(w.spec, "k2")]);
  await until(() => states(w), ["prices running", "release running", "release running"]);
  await until(async () => (await taskOf(w))?.state, "running");
  const other = runIdOf("release", "k2");
  await until(async () => (await taskOf(w, other))?.state, "running");
  await w.bus.publishOne(w.cancel(other));
  await until(async () => (await taskOf(w, other))?.state, "cancelled");
  expect(await states(w)).toContain("prices running");
  await w.bus.publishOne(report(work, AttemptState.SUCCEEDED, 2));
  await until(
    async () => (await taskOf(w))?.output,
    expect.objectContaining({
      joined: true,
      key: "monday",
      state: "succeeded",
    }),
  );
  await expectRowsEqualHistory(w);
});

test("a cancel goes down, and the task ends only when its run is seen ended", async () => {
  await using w = await world();
  const { begun } = await works(w);
  await w.bus.publishOne(start(w.spec, "k1"));
  const work = await begun;
  await w.bus.publishOne(w.cancel(parentId));
  await until(() => states(w), ["release cancelling", "prices cancelling"]);
  expect((await taskOf(w))?.state).toBe("cancelling");
  expect((await runs(w))[1]?.reason).toBe(
    `the run was cancelled (task child of run ${parentId}, which started it)`,
  );
  await w.bus.publishOne(report(work, AttemptState.CANCELLED, 2));
  await until(() => states(w), ["release cancelled", "prices cancelled"]);
  await expectRowsEqualHistory(w);
});

test("a cancel that overtakes the StartRun: the run is there only as cancelled, and nobody works for it", async () => {
  const held: OutMessage[] = [];
  const isStart = ({ id = "" }: OutMessage): boolean => /^start:att-\w+$/.test(id);
  await using w = await world(release(), {
    loses: (message) => isStart(message) && held.push(message) > 0,
  });
  const { seen } = await works(w);
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(async () => held.length, 1);
  await w.bus.publishOne(w.cancel(parentId));
  await until(() => states(w), ["release cancelled", "prices cancelled"]);
  await w.bus.publish([...held, start(prices, "after")]); // the DAG has its slots, and the late word starts nothing
  await until(async () => (await states(w)).length, 3);
  await until(() => states(w), ["release cancelled", "prices cancelled", "prices running"]);
  await until(async () => seen.size, 1);
  await expectRowsEqualHistory(w);
});

test("what was lost is said again: the request for the run, its answer, and its end", async () => {
  const lost = new Set<string>();
  const losesOnce = ({ id = "" }: OutMessage): boolean => {
    const what = /^start:att-\w+$|:child$|:u[12]$/.exec(id)?.[0].replace(/att-\w+/, "");
    if (what === undefined || lost.has(what)) return false;
    return lost.add(what).size > 0;
  };
  await using w = await world(release(), { unheardMs: 300, loses: losesOnce });
  await runner(w, succeed);
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => states(w), ["release succeeded", "prices succeeded"]);
  expect([...lost].sort()).toEqual([":child", ":u1", ":u2", "start:"]);
  await expectRowsEqualHistory(w);
});

test("a repeat and a clear start runs of their own; a timeout ends the run first", async () => {
  const retries = { max: 1, backoff: { nanos: 1_000_000 } };
  await using w = await world(release({}, { retries, timeout: { seconds: 2n } }));
  await runner(w, (a) =>
    a.runKey.endsWith("#1")
      ? [report(a, AttemptState.RUNNING)]
      : [report(a, AttemptState.SUCCEEDED)],
  );
  w.bus.subscribePlain("chasqui.cancel.test_task.*", (_, subject) => {
    const attemptId = subject.split(".").at(-1) ?? "";
    const gone = { attemptId, runId: childId, taskId: "work", mapIndex: -1, attempt: 1 };
    void w.bus.publish([report(create(AssignmentSchema, gone), AttemptState.CANCELLED, 2)]);
  });
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => states(w), ["release succeeded", "prices cancelled", "prices succeeded"]);
  const clear = { runId: parentId, tasks: [], by: "test", reason: "again" };
  await w.bus.publishOne(
    inboxMessage("run", parentId, "clear", { case: "clearTasks", value: clear }),
  );
  await until(async () => (await taskOf(w))?.attempt, 3);
  await until(
    async () => (await runs(w)).map(({ key, state }) => `${key} ${state}`),
    [
      "k1 succeeded",
      "release/k1/child#1 cancelled",
      "release/k1/child#2 succeeded",
      "release/k1/child#3 succeeded",
    ],
  );
  await expectRowsEqualHistory(w);
});

test("two replicas, thirty runs that want a run each, everything said twice: each has its one", async () => {
  await using w = await world(release(), { engines: 2 });
  await runner(w, (a) => [
    ...succeed(a),
    { ...report(a, AttemptState.SUCCEEDED), id: `${a.attemptId}-copy` },
  ]);
  const all = Array.from({ length: 30 }, (_, i) => [
    start(w.spec, `k${i}`),
    start(w.spec, `k${i}`, 1),
  ]);
  await w.bus.publish(all.flat());
  await until(
    async () => (await states(w)).sort(),
    [
      ...Array.from({ length: 30 }, () => "prices succeeded"),
      ...Array.from({ length: 30 }, () => "release succeeded"),
    ],
  );
  await expectRowsEqualHistory(w);
});
