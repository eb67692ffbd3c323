// The tick ledger under a schedule of every second, while its schedulers are killed at random: two processes, each
// killed and started again, often both at once. When it is quiet, each second has one row and one run.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { ledgerOf, runsOf } from "../e2e/support/ledger.ts";
import { expectNothingLeft } from "../e2e/support/nothing-left.ts";
import { until } from "../e2e/support/until.ts";
import { useWorld } from "../e2e/support/world.ts";
import { randomFrom } from "../support/random.ts";

const seed = Number(process.env["CHASQUI_CHAOS_SEED"] ?? "1");
const killsMax = Number(process.env["CHASQUI_CHAOS_KILLS"] ?? "200");
const CALM_MS_MAX = 1_500;
const DOWN_MS_MAX = 1_000;
const BOTH = 0.3;
const DAG = `
id: every-second
owner: tests
schedule: { cron: "* * * * * *", catchup: all, overlap: allow }
max_active_runs: 1000
tasks: { nothing: { uses: noop } }
`;

const world = useWorld({
  services: ["state-machine", "scheduler", "console"],
  env: { scheduler: { CHASQUI_START_RESAY_MS: "2s" } },
  ackWaitMs: 2_000,
});

test(
  `seed ${seed}, ${killsMax} kills: every second has one row, and the run that it names`,
  { timeout: 120_000 + killsMax * 10_000 },
  async () => {
    const { clients, world: installation } = world();
    const schedulers = [
      installation.service("scheduler"),
      await installation.replica("scheduler"),
    ] as const;
    await schedulers[1].start();
    await world().apply("every-second.yaml", DAG);
    await until("the first tick", async () => (await ledgerOf(installation)).length > 0);
    const random = randomFrom(seed);
    for (let kills = 0; kills < killsMax;) {
      await delay(random.next() * CALM_MS_MAX);
      const struck = random.chance(BOTH) ? schedulers : [random.pick(schedulers)];
      await Promise.all(struck.map((scheduler) => scheduler.kill()));
      kills += struck.length;
      await delay(random.next() * DOWN_MS_MAX);
      await Promise.all(struck.map((scheduler) => scheduler.start()));
    }
    await clients.dags.setPaused({ dagId: "every-second", paused: true, reason: "it is over" });
    const ledger = await until("every row to have its outcome", async () => {
      const rows = await ledgerOf(installation);
      const isPaused = rows.at(-1)?.outcome === "suppressed";
      return isPaused && rows.every(({ outcome }) => outcome !== "firing") && rows;
    });
    await expectNothingLeft(world());
    const fired = ledger.filter(({ outcome }) => outcome !== "suppressed");
    expect(fired.length).toBeGreaterThan(killsMax / 2);
    expect(fired.map(({ outcome }) => outcome)).toEqual(fired.map(() => "fired"));
    const firstMs = ledger[0]?.dueMs ?? 0;
    expect(ledger.map(({ dueMs }) => dueMs)).toEqual(ledger.map((_, i) => firstMs + i * 1_000));
    // One run for each due time, and none beside them.
    expect(await runsOf(installation)).toEqual(
      fired.map(({ dueMs, runId }) => ({ runId, logicalMs: dueMs, state: "succeeded" })),
    );
    console.log(`${ledger.length} due times, ${fired.length} runs, ${killsMax} kills`);
  },
);
