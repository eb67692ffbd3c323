// The end-to-end world and a monkey. A seed says what it strikes and when; it only constrains the history, since the
// processes are real. Jobs are started all the while; then it is quiet, and every job must be done, once.
//   npm run chaos -- --seed 7 --strikes 100
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { expectJobDone, impatient, startJob } from "../e2e/support/job.ts";
import { expectNothingLeft } from "../e2e/support/nothing-left.ts";
import { expectReplayed, replayOfWorld } from "../e2e/support/replay.ts";
import { mailWell } from "../e2e/support/outside.ts";
import { until } from "../e2e/support/until.ts";
import { useWorld } from "../e2e/support/world.ts";
import { randomFrom } from "../support/random.ts";
import { pickStrike } from "./strikes.ts";

const seed = Number(process.env["CHASQUI_CHAOS_SEED"] ?? "1");
const strikesMax = Number(process.env["CHASQUI_CHAOS_STRIKES"] ?? "30");
const STRIKES_PER_JOB = 3;
const CALM_MS_MAX = 700;
const TIMEOUT_MS = 60_000 + strikesMax * 20_000;

const world = useWorld({
  dags: ["carrier-daily-costs.yaml"],
  edit: (text) => impatient(text).replace("max: 3", "max: 50"), // each strike may cost an attempt
  ackWaitMs: 2_000,
  env: {
    "state-machine": { CHASQUI_UNHEARD_MS: "1s" },
    "report-mailer": { CHASQUI_SEND_LEASE: "5s" },
  },
});

test(
  `seed ${seed}, ${strikesMax} strikes: every job is done, once`,
  { timeout: TIMEOUT_MS },
  async () => {
    const random = randomFrom(seed);
    const runIds: string[] = [];
    for (let strike = 0; strike < strikesMax; strike++) {
      if (strike % STRIKES_PER_JOB === 0) {
        const day = new Date(Date.UTC(2026, 0, runIds.length + 1)).toISOString().slice(0, 10);
        // The same start asked for until it is answered is one run.
        const run = await until(`the run of ${day}`, () => startJob(world(), day));
        runIds.push(run.runId);
      }
      await delay(random.next() * CALM_MS_MAX);
      const { name, act } = pickStrike(random);
      console.log(`seed ${seed}, strike ${strike + 1}: ${name}`);
      await act(world().world, random);
    }
    await mailWell(world().world);
    expect(runIds.length).toBeGreaterThan(0);
    for (const runId of runIds) await expectJobDone(world(), runId);
    await expectNothingLeft(world());
    expectReplayed(await replayOfWorld(world()), console.log);
  },
);
