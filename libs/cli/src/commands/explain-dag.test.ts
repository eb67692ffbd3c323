// `chasqui explain <dag>`: "why is there no run of it?", against a server of the test's own.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunSchema, RunState, TickOutcome } from "@chasqui/contracts";
import { compileDag } from "@chasqui/dag";
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const soon = Math.floor((Date.now() + 3_600_000) / 1_000) * 1_000;

function daily(more = "") {
  const text = `id: daily\nschedule: { cron: "0 19 * * *", timezone: America/Bogota }\n${more}tasks: { work: { uses: noop } }\n`;
  const compiled = compileDag({ file: "daily.yaml", text });
  if (!compiled.ok) throw new Error("daily does not compile");
  const { spec, fingerprint } = compiled;
  return { dagId: "daily", version: 1, fingerprint, spec };
}
const schedules = [{ dagId: "daily", nextTime: timestampFromMs(soon) }];
const runIn = (state: RunState) => [create(RunSchema, { runId: RUN, dagId: "daily", state })];

test("no run yet: when the clock starts the first", async () => {
  await using server = await startFakeServer({ dags: [daily()], schedules });
  const { code, out } = await invoke(["explain", "daily"], { server: server.url });
  expect(code).toBe(0);
  expect(out).toMatch(
    /^daily is active\n {2}the next run begins [-\d]+ [:\d]+ \(in [\dhms ]+\)\n {2}by the clock: at 19:00 every day, America\/Bogota\n\nit has no run yet\n$/,
  );
  const json = JSON.parse(
    (await invoke(["explain", "daily", "--json"], { server: server.url })).out,
  );
  expect(json).toEqual({
    ...{
      dag_id: "daily",
      state: "active",
      next_time: new Date(soon).toISOString().slice(0, 19) + "Z",
    },
    causes: [{ kind: "schedule", text: "by the clock: at 19:00 every day, America/Bogota" }],
  });
});

test("paused: by whom, why, and what became of its last due time; the newest run is named", async () => {
  await using server = await startFakeServer({
    dags: [{ ...daily(), paused: true, pausedBy: "user:ana", pauseReason: "flood" }],
    schedules,
    runs: [runIn(RunState.SUCCEEDED)],
    ticks: [
      {
        ...{ dagId: "daily", dueTime: timestampFromMs(0), outcome: TickOutcome.SUPPRESSED },
        reason: "the DAG is paused",
      },
    ],
  });
  const { out } = await invoke(["explain", "daily"], { server: server.url });
  expect(out.split("\n")).toEqual([
    "daily is paused",
    "  it is paused by user:ana: flood; until `chasqui resume daily` due times are recorded and not run, other runs wait",
    "  by the clock: at 19:00 every day, America/Bogota",
    "  its last due time, 1970-01-01T00:00:00Z, is `suppressed`: the DAG is paused",
    "",
    `its newest run, ${RUN}, is succeeded`,
    "",
  ]);
});

test("a run at work is in the way of the next: which, and why that is not done", async () => {
  const dags = [daily("max_active_runs: 1\n")];
  await using server = await startFakeServer({ dags, schedules, runs: [runIn(RunState.RUNNING)] });
  const { out } = await invoke(["explain", "daily"], { server: server.url });
  expect(out.split("\n")).toEqual([
    "daily is active",
    `  max_active_runs is 1, and at work is ${RUN}: the next one waits`,
    "  by the clock: at 19:00 every day, America/Bogota",
    "",
    `its newest run, ${RUN}, is running`,
    "",
    "work is running",
    "  work is at work",
    "",
  ]);
  const { out: json } = await invoke(["explain", "daily", "--json"], { server: server.url });
  expect(JSON.parse(json)).toMatchObject({
    causes: [{ kind: "admission", run_ids: [RUN] }, { kind: "schedule" }],
    newest_run: { run_id: RUN, explanations: [{ task: "work" }] },
  });
});

test("a run's id is a run; a name that is neither DAG nor run is none", async () => {
  await using server = await startFakeServer({ dags: [daily()], runs: [runIn(RunState.RUNNING)] });
  const { out } = await invoke(["explain", RUN.slice(0, 12)], { server: server.url });
  expect(out).toMatch(new RegExp(`^${RUN} is running\n`));
  expect(await invoke(["explain", "dayly"], { server: server.url })).toMatchObject({ code: 4 });
});
