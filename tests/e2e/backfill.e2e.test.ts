// A backfill of two months goes on while the scheduler and the state machine are killed: each date ends once,
// with one run under its tick's key.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { BackfillAction, RunState } from "../../libs/contracts/src/index.ts";
import { compileDag, formatProblem } from "../../libs/dag/src/index.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const world = useWorld({ services: ["state-machine", "scheduler", "console"], ackWaitMs: 2_000 });
const DATES = 61;
const VICTIMS = ["scheduler", "state-machine", "scheduler", "state-machine", "scheduler"] as const;

/** In Bogota, which is five hours behind; half a day from now, so that the clock starts nothing meanwhile. */
const HOUR = (new Date().getUTCHours() + 24 - 5 + 12) % 24;
const SCHEDULE = `schedule: { cron: "0 ${HOUR} * * *", timezone: America/Bogota }`;

async function apply(...lines: string[]): Promise<void> {
  const compiled = compileDag({ file: "dag.yaml", text: lines.join("\n") });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  await world().clients.dags.applyDags({ dags: [compiled.spec] });
}

const backfill = () =>
  until("the backfill to be made", async () => {
    const made = await world().clients.backfills.createBackfill(
      { dagId: "costs", from: "2024-03-01", to: "2024-04-30", maxActive: 3, requestId: "one" },
      { timeoutMs: 3_000 },
    );
    return made.backfill?.backfillId;
  });

test("killed again and again, a backfill gives each of its dates one run", async () => {
  await apply(
    "id: costs",
    SCHEDULE,
    "max_active_runs: 1",
    "tasks: { a: { uses: noop }, b: { uses: noop, needs: [a] } }",
  );
  const backfillId = await backfill();
  for (const victim of VICTIMS) {
    await delay(150); // the moment of the blow; not waited for anything
    const service = world().world.service(victim);
    await service.kill();
    await service.start();
  }
  const over = await until(
    "the backfill to be over",
    async () => {
      const { backfill: now } = await world().clients.backfills.getBackfill(
        { backfillId },
        { timeoutMs: 3_000 },
      );
      return now?.finishedTime === undefined ? undefined : now;
    },
    { timeoutMs: 120_000 },
  );
  expect(over).toMatchObject({ state: "done", counts: { succeeded: DATES } });
  const { runs } = await world().clients.runs.listRuns({ dagId: "costs", pageSize: 200 });
  expect(runs.every(({ state }) => state === RunState.SUCCEEDED)).toBe(true);
  expect(runs.map(({ key }) => key).sort()).toEqual(
    Array.from({ length: DATES }, (_, day) =>
      new Date(Date.UTC(2024, 2, 1 + day, HOUR + 5)).toISOString(),
    ),
  );
});

test("killed in the middle of a cancel, the scheduler leaves no run of the backfill at work", async () => {
  await apply("id: asks", SCHEDULE, "tasks: { go: { uses: approval, with: { message: Go? } } }");
  const request = { dagId: "asks", from: "2024-03-01", to: "2024-03-31", maxActive: 12 };
  const { backfill: made } = await world().clients.backfills.createBackfill(request);
  const backfillId = made?.backfillId ?? "";
  const now = async () =>
    (await world().clients.backfills.getBackfill({ backfillId }, { timeoutMs: 3_000 })).backfill;
  await until(
    "its runs to be at work",
    async () => (await now())?.counts["running"] === 12 || undefined,
  );
  const cancel = { backfillId, action: BackfillAction.CANCEL, reason: "wrong rates" };
  await world().clients.backfills.controlBackfill(cancel);
  const scheduler = world().world.service("scheduler");
  await scheduler.kill();
  await scheduler.start();
  const over = await until("the backfill to be over", async () => {
    const found = await now();
    return found?.finishedTime === undefined ? undefined : found;
  });
  expect(over).toMatchObject({ state: "cancelled", counts: { cancelled: 12, abandoned: 19 } });
  const { runs } = await world().clients.runs.listRuns({ dagId: "asks", pageSize: 200 });
  expect(runs.map(({ state }) => state)).toEqual(
    Array.from({ length: 12 }, () => RunState.CANCELLED),
  );
});

test("nothing is left", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
