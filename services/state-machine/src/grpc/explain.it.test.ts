// explain on real servers, by gRPC and by the command line: past waits, estimates, runners that are silent, pools.
import { create } from "@bufbuild/protobuf";
import { AttemptState, DagSpecSchema, KindAnnouncementSchema, runIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { openDoors } from "../testing/doors.ts";
import { report, runner, setup, start, succeed } from "../testing.ts";

const SECOND = 1_000;
const spec = create(DagSpecSchema, {
  id: "costs",
  maxActiveRuns: 100,
  tasks: [
    { id: "load", uses: "test.task" },
    { id: "sum", uses: "test.task", needs: ["load"] },
    { id: "mail", uses: "test.task", needs: ["sum"] },
  ],
});
const LENGTHS: Readonly<Record<string, number>> = { load: 30, sum: 60, mail: 5 };

async function world() {
  const t = await setup(spec);
  await t.engines(1);
  const doors = await openDoors(t);
  const states = async (key: string) => {
    const { run } = await doors.runs.getRun({ runId: runIdOf(spec.id, key) });
    return run?.tasks.map(({ taskId, state }) => `${taskId} ${state}`).join();
  };
  return { t, ...doors, states };
}

test("what it waited for, and when it is expected, an estimate from earlier runs: by gRPC and by chasqui explain", async () => {
  const { t, explain, cli, states } = await world();
  await using _ = t;
  let works = true;
  await runner(t, (a) => (works ? succeed(a) : [report(a, AttemptState.RUNNING)]));
  for (const key of ["k1", "k2", "k3"]) await t.bus.publishOne(start(spec, key));
  for (const key of ["k1", "k2", "k3"])
    await expect.poll(() => states(key)).toBe("load 8,sum 8,mail 8");
  // Three runs of known lengths: what the runner of this test says of itself are milliseconds of 1970.
  for (const [task, seconds] of Object.entries(LENGTHS))
    await t.sql`update state_machine.task set ended_at = started_at + ${`${seconds} s`}::interval where task_id = ${task}`;
  works = false;
  await t.bus.publishOne(start(spec, "k4"));
  await expect.poll(() => states("k4")).toContain("load 4");
  const runId = runIdOf(spec.id, "k4");

  const mail = (await explain.explainRun({ runId, task: "mail" })).explanations[0];
  expect(mail?.causes.map(({ kind }) => kind)).toEqual(["upstream", "upstream", "working"]);
  expect([mail?.expectedBy, mail?.expectedRuns]).toEqual(["estimate", 3]);
  expect(mail?.waits.map(({ kind, untilTime }) => [kind, untilTime])).toEqual([
    ["upstream", undefined],
  ]);
  const load = (await explain.explainRun({ runId, task: "load" })).explanations[0];
  expect(load?.waits.map(({ kind }) => kind)).not.toContain("upstream");
  const text = (await cli("explain", runId, "mail")).out;
  expect(text).toMatch(/mail waits for sum\n\s+sum waits for load\n\s+load is at work/);
  expect(text).toContain("an estimate: the median of 3 earlier runs");
  expect(text).toMatch(/has waited .* so far for what it needs/);
  const { out } = await cli("explain", runId, "mail", "--json");
  expect(JSON.parse(out)).toMatchObject({
    explanations: [{ expected_by: "estimate", expected_runs: 3, waits: [{ kind: "upstream" }] }],
  });
});

test("a runner that was announced and is silent: since when, by gRPC and by chasqui explain", async () => {
  const t = await setup(spec);
  await using _ = t;
  await t.engines(1);
  await t.bus.announceKind(
    create(KindAnnouncementSchema, { kind: "test.task", service: "tester" }),
  );
  let silentMs = 0;
  const heard = () => ({ lastMs: Date.now() - silentMs, listeningSinceMs: 0 });
  const { runs, explain, cli } = await openDoors(t, { heard });
  await t.bus.publishOne(start(spec, "k1"));
  const runId = runIdOf(spec.id, "k1");
  const assigned = async () =>
    (await runs.getRun({ runId }).catch(() => ({ run: undefined }))).run?.tasks[0]?.attempt;
  await expect.poll(assigned).toBe(1);
  const kinds = async () =>
    (await explain.explainRun({ runId, task: "load" })).explanations[0]?.causes.map(
      ({ kind }) => kind,
    );
  expect(await kinds()).toEqual(["not_accepted"]);
  silentMs = 120 * SECOND;
  expect(await kinds()).toEqual(["no_runner"]);
  expect((await cli("explain", runId)).out).toContain(
    "load: no runner of test.task is alive: none was heard for 120 s",
  );
});
