// Whoever is at work holds a slot of its DAG, also when what asked for it was lost.
import { fromBinary } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { AttemptState, InboxMessageSchema, runIdOf } from "@chasqui/contracts";
import type { Assignment } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { inboxMessage } from "./say/messages.ts";
import { dagOf, expectRowsEqualHistory, report, runner, setup, start } from "./testing.ts";
import type { World } from "./testing.ts";
import { until } from "./testing/children.ts";

const asks = ({ data }: OutMessage): boolean =>
  fromBinary(InboxMessageSchema, data).body.case === "reopenRun";

const slotsOf = async ({ sql, spec }: World) => {
  const [row] = await sql<{ active: string[] }[]>`
    select active from state_machine.dag where dag_id = ${spec.id}`;
  return row?.active;
};
const stateOf = async ({ sql }: World, runId: string) => {
  const [row] = await sql<{ state: string }[]>`
    select state from state_machine.run where run_id = ${runId}`;
  return row?.state;
};

test("a reopened run that works by an old admission, its request lost, gets its slot; the next run waits for its end", async () => {
  await using w = await setup(dagOf({ a: [] }, { maxActiveRuns: 1 }), { unheardMs: 300 });
  const isLost = { now: true };
  await w.engines(1, (message) => isLost.now && message.subject.includes(".dag.") && asks(message));
  const [first, second] = [runIdOf(w.spec.id, "k1"), runIdOf(w.spec.id, "k2")];
  const again = Promise.withResolvers<Assignment>();
  await runner(w, (a) => {
    if (a.runId !== first || a.attempt === 1) return [report(a, AttemptState.SUCCEEDED)];
    again.resolve(a);
    return [report(a, AttemptState.RUNNING)];
  });
  await w.bus.publishOne(start(w.spec, "k1"));
  await until(() => stateOf(w, first), "succeeded");
  await until(() => slotsOf(w), []);
  const clear = { runId: first, tasks: [{ taskId: "a", mapIndex: -1 }], by: "test", reason: "" };
  await w.bus.publishOne(inboxMessage("run", first, "clear", { case: "clearTasks", value: clear }));
  await until(() => stateOf(w, first), "queued");
  const value = { runId: first };
  await w.bus.publishOne(inboxMessage("run", first, "late", { case: "admitRun", value }));
  const attempt = await again.promise;
  expect(await slotsOf(w)).toEqual([]);

  isLost.now = false;
  await until(() => slotsOf(w), [first]);
  await w.bus.publishOne(start(w.spec, "k2"));
  await until(() => stateOf(w, second), "queued");
  await w.bus.publishOne(report(attempt, AttemptState.SUCCEEDED, 2));
  await until(() => stateOf(w, second), "succeeded");
  await until(() => slotsOf(w), []);
  await expectRowsEqualHistory(w);
});
