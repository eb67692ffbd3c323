// `chasqui backfill` and `backfills` against a server on loopback, its answers made up.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { BackfillAction, Reprocess } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const ID = "bf-0123456789abcdefghjkmnpqrs";
const RUN = "run-0123456789abcdefghjkmnpqrs";
const at = (day: number) => timestampFromMs(Date.UTC(2026, 9, day, 19));
const dags = [
  {
    dagId: "costs",
    spec: { id: "costs", params: { type: "object", properties: { day: { type: "string" } } } },
  },
];
const base = {
  backfillId: ID,
  dagId: "costs",
  maxActive: 2,
  reprocess: Reprocess.FAILED,
  createdBy: "user:ana",
  firstTime: at(1),
  lastTime: at(3),
};
const running = { ...base, state: "running", counts: { running: 2, waiting: 1 } };
const held = { ...running, waitsFor: "DAG costs is paused" };
const over = { ...base, state: "done", counts: { succeeded: 2, failed: 1 }, finishedTime: at(4) };
const backfillDates = [
  { logicalTime: at(1), dueTime: at(1), state: "waiting", runKey: "k1", reason: "it has no run" },
  {
    logicalTime: at(2),
    dueTime: at(2),
    state: "skipped",
    runKey: "k2",
    runId: RUN,
    reason: "its run succeeded",
  },
];

test("a dry run lists each date with what would happen and why", async () => {
  await using server = await startFakeServer({ dags, backfills: [running], backfillDates });
  const args = ["backfill", "costs", "--from", "2026-10-01", "--to", "2026-10-02", "--dry-run"];
  const { code, out } = await invoke([...args, "--reprocess", "failed", "--param", "day=7"], {
    server: server.url,
  });
  expect(code).toBe(0);
  expect(out).toMatch(/2026-10-01T19:00:00Z +waiting +k1 +it has no run\n/);
  expect(out).toMatch(/2026-10-02T19:00:00Z +skipped +k2 +run-01\S* +its run succeeded\n/);
  expect(out).toContain("nothing was started: this was a dry run");
  expect(server.calls).toMatchObject([
    {
      name: "createBackfill",
      request: {
        ...{ dagId: "costs", from: "2026-10-01", to: "2026-10-02", dryRun: true, maxActive: 4 },
        ...{ reprocess: Reprocess.FAILED, params: { day: "7" } },
      },
    },
  ]);
});

test("followed: a line per change, why it waits, and exit code 1 when a run failed", async () => {
  await using server = await startFakeServer({ dags, backfills: [running, held, over] });
  const args = ["backfill", "costs", "--date", "2026-10-01", "--date", "2026-10-03", "--follow"];
  const { code, out } = await invoke(args, { server: server.url });
  expect(code).toBe(1);
  expect(out).toBe(
    [
      `backfill ${ID} of costs`,
      "[░░░░░░░░░░░░░░░░░░░░░░░░] 0 of 3 · 1 waiting · 2 running",
      "running [░░░░░░░░░░░░░░░░░░░░░░░░] 0 of 3 · 1 waiting · 2 running",
      "waits: DAG costs is paused",
      "done [████████████████████████] 3 of 3 · 2 succeeded · 1 failed",
      "",
    ].join("\n"),
  );
  expect(server.calls).toMatchObject([{ request: { dates: ["2026-10-01", "2026-10-03"] } }]);
});

test("list and show, by the beginning of an id; as JSON with every date", async () => {
  await using server = await startFakeServer({ backfills: [running], backfillDates });
  const list = await invoke(["backfills"], { server: server.url });
  expect(list.out).toMatch(
    /bf-0123\S+ +costs +running +2026-10-01T19:00:00Z … 2026-10-03T19:00:00Z/,
  );
  const show = await invoke(["backfills", "show", "bf-01"], { server: server.url });
  expect(show.out).toContain(`backfill ${ID} of costs: running\n`);
  expect(show.out).toContain("reprocess failed, 2 at once, oldest first, current version\n");
  const json = await invoke(["backfills", "show", ID, "--json"], { server: server.url });
  expect(JSON.parse(json.out)).toMatchObject({
    backfill: { backfill_id: ID, reprocess: "failed", counts: { running: 2, waiting: 1 } },
    dates: [
      { state: "waiting", run_key: "k1" },
      { state: "skipped", run_id: RUN },
    ],
  });
  const none = await invoke(["backfills", "show", "bf-9"], { server: server.url });
  expect(none.code).toBe(4);
  expect(none.err).toContain('no backfill begins with "bf-9"');
});

test.each([
  ["pause", BackfillAction.PAUSE],
  ["resume", BackfillAction.RESUME],
  ["cancel", BackfillAction.CANCEL],
])("%s, with the reason", async (word, action) => {
  await using server = await startFakeServer({ backfills: [running] });
  const { code } = await invoke(["backfills", word, ID, "--reason", "later"], {
    server: server.url,
  });
  expect(code).toBe(0);
  expect(server.calls).toMatchObject([
    {
      name: "controlBackfill",
      principal: "user:ana",
      request: { backfillId: ID, action, reason: "later" },
    },
  ]);
});

const ending = [
  { logicalTime: at(1), dueTime: at(1), state: "cancelled", runKey: "k1", runId: RUN, reason: "" },
  { logicalTime: at(2), dueTime: at(2), state: "abandoned", runKey: "k2", reason: "" },
];

test("cancel says what it ends; a dry run only that; --keep-runs ends none", async () => {
  const cancelled = { ...base, state: "cancelled", endsRuns: true, counts: { running: 1 } };
  await using server = await startFakeServer({ backfills: [cancelled], backfillDates: ending });
  const told = async (...more: string[]) =>
    (await invoke(["backfills", "cancel", ID, ...more], { server: server.url })).out;
  const dry = await told("--dry-run");
  expect(dry).toMatch(/2026-10-01T19:00:00Z +cancelled +k1 +run-01/);
  expect(dry).toContain("nothing changed: this was a dry run");
  expect(await told()).toContain("its run at work is asked to end, until seen to\n");
  expect(JSON.parse(await told("--keep-runs", "--json"))).toMatchObject({
    backfill: { ends_runs: true },
    dates: [{ state: "cancelled" }, { state: "abandoned" }],
  });
  expect(server.calls.map(({ request }) => request)).toMatchObject([
    { dryRun: true, keepRuns: false },
    { dryRun: false, keepRuns: false },
    { dryRun: false, keepRuns: true },
  ]);
});

test("show says who told it what", async () => {
  const by = "user:ana";
  const backfillChanges = [
    { time: at(2), by, action: BackfillAction.PAUSE, reason: "night" },
    { time: at(3), by, action: BackfillAction.CANCEL, keepRuns: true },
  ];
  await using server = await startFakeServer({ backfills: [running], backfillChanges });
  const { out } = await invoke(["backfills", "show", ID], { server: server.url });
  expect(out).toContain(
    [
      "paused by user:ana at 2026-10-02T19:00:00Z: night",
      "cancelled by user:ana at 2026-10-03T19:00:00Z, its runs kept\n",
    ].join("\n"),
  );
});
