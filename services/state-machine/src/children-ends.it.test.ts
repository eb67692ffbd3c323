// Ends of runs that wait for others: a cancel at once reaches the last teardown, and a circle is not waited for.
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  AssignmentSchema,
  AttemptState,
  CancelAttemptSchema,
  DagSpecSchema,
  TaskRole,
  TriggerRule,
  runIdOf,
} from "@chasqui/contracts";
import type { Assignment } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import { expectRowsEqualHistory, report, runner, start } from "./testing.ts";
import { parentId, release, states, until, world } from "./testing/children.ts";

test("two runs that join each other by their keys: the second is told at once, and explain would name the circle", async () => {
  const joins = (id: string, dag: string, key: string) =>
    create(DagSpecSchema, {
      ...{ id, maxActiveRuns: 100 },
      tasks: [
        { id: "work", uses: "test.task" },
        { id: "child", uses: "dag.run", with: { dag, key }, needs: ["work"] },
      ],
    });
  const child = joins("prices", "release", "k1");
  await using w = await world(joins("release", "prices", "p1"), { child });
  const work = new Map(
    ["release", "prices"].map((id) => [id, Promise.withResolvers<Assignment>()]),
  );
  await runner(w, (a) => {
    work.get(a.dagId)?.resolve(a);
    return [report(a, AttemptState.RUNNING)];
  });
  await w.bus.publish([start(w.spec, "k1"), start(child, "p1")]);
  const ends = async (id: string) => {
    const a = await work.get(id)?.promise;
    if (a !== undefined) await w.bus.publishOne(report(a, AttemptState.SUCCEEDED, 2));
  };
  const childOf = async (runId: string) => {
    const [row] = await w.sql`
      select state, failure from state_machine.task where run_id = ${runId} and task_id = 'child'`;
    return row;
  };
  await ends("release");
  await until(() => childOf(parentId), { state: "running", failure: null });
  await ends("prices");
  const other = runIdOf("prices", "p1");
  const message = `run ${parentId} cannot be waited for: it waits for child of run ${other} itself`;
  await until(() => childOf(other), {
    ...{ state: "failed", failure: expect.objectContaining({ class: "config", message }) },
  });
  await until(async () => (await states(w)).toSorted(), ["prices failed", "release failed"]);
  await expectRowsEqualHistory(w);
});

test("a cancel leaves the child its teardown; a cancel now, of the run above, ends that as well", async () => {
  const last = { role: TaskRole.TEARDOWN, triggerRule: TriggerRule.ALL_DONE };
  const tidy = { id: "tidy", uses: "test.task", needs: ["work"], ...last };
  const tasks = [{ id: "work", uses: "test.task" }, tidy];
  const child = create(DagSpecSchema, { id: "prices", maxActiveRuns: 100, tasks });
  await using w = await world(release(), { child });
  const told = new Map<string, PromiseWithResolvers<Assignment>>(
    ["work", "tidy"].map((id) => [id, Promise.withResolvers<Assignment>()]),
  );
  await runner(w, (a) => {
    told.get(a.taskId)?.resolve(a);
    return [report(a, AttemptState.RUNNING)];
  });
  const cancelled = new Set<string>();
  w.bus.subscribePlain("chasqui.cancel.>", (data) =>
    cancelled.add(fromBinary(CancelAttemptSchema, data).taskId),
  );
  const ends = async (id: string) =>
    w.bus.publishOne(
      report((await told.get(id)?.promise) ?? create(AssignmentSchema), AttemptState.CANCELLED, 2),
    );
  await w.bus.publishOne(start(w.spec, "k1"));
  await told.get("work")?.promise;
  await w.bus.publishOne(w.cancel(parentId));
  await until(async () => [...cancelled], ["work"]);
  await ends("work");
  await told.get("tidy")?.promise;
  expect(await states(w)).toEqual(["release cancelling", "prices cancelling"]);
  const value = { runId: parentId, by: "user:test", reason: "at once", now: true };
  const now = (id: string) => inboxMessage("run", parentId, id, { case: "cancelRun", value });
  await w.bus.publish([now("now"), now("again")]);
  await until(async () => [...cancelled], ["work", "tidy"]);
  await ends("tidy");
  await until(() => states(w), ["release cancelled", "prices cancelled"]);
  await expectRowsEqualHistory(w);
});
