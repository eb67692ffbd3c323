// kill -9 of each service, of the broker and of the database in the middle of the main job, and the loss of the whole
// JetStream store: the run finishes, nobody is mailed twice, each pod is created once.
// Moments are signals, not times: the pod runs; three mails are in the catcher and others are on their way.
import { afterEach, describe, expect, test } from "vitest";
import { RunState, TaskState, builtInKinds } from "../../libs/contracts/src/index.ts";
import type { ServiceName, ServiceProcess, SlackMessage } from "../../libs/sandbox/src/index.ts";
import { MAIN_JOB, expectJobDone, impatient, mailsAre, startJob, taskIs } from "./support/job.ts";
import { natsSocket } from "./support/nats-socket.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { ledgerStates, mailFault, mailWell, slackMessages } from "./support/outside.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const world = useWorld({
  dags: ["carrier-daily-costs.yaml", "example-failing.yaml"],
  // The example that fails waits for longer before it repeats: there is time for a blow in between.
  edit: (text) => impatient(text).replace("max: 1, backoff: 1s", "max: 1, backoff: 5s"),
  ackWaitMs: 2_000,
  env: {
    "state-machine": { CHASQUI_UNHEARD_MS: "1s" },
    "report-mailer": { CHASQUI_SEND_LEASE: "5s" },
    "alert-notifier": { CHASQUI_SLACK_TIMEOUT: "1s" }, // a claim of a dead process is taken over after three
  },
});

let days = 0;
/** A day of the test's own: its run, its report period, its mails. */
const nextDay = (): string => new Date(Date.UTC(2026, 0, (days += 1))).toISOString().slice(0, 10);

/** The job of a day, its pod running; it cannot end meanwhile, because its mails will be slow until the blow. */
async function podRuns(): Promise<string> {
  await mailFault(world().world, { mode: "slow", ms: 2_000 });
  const { runId } = await startJob(world(), nextDay());
  await taskIs(world(), runId, "aggregate", TaskState.RUNNING);
  return runId;
}

/** The job of a day, three mails kept by the catcher, whose answers are late. */
async function mailsHalfSent(): Promise<string> {
  await mailFault(world().world, { mode: "slow", ms: 700 });
  const { runId } = await startJob(world(), nextDay());
  await mailsAre(world(), runId, 3);
  return runId;
}

/** Calls `strike` and answers when it was over: the run must have ended later. Then mails are quick again. */
async function struck(strike: () => Promise<void>): Promise<{ struckMs: number }> {
  await strike();
  const struckMs = Date.now();
  await mailWell(world().world);
  return { struckMs };
}

const killed = (name: ServiceName): Promise<{ struckMs: number }> =>
  struck(() => world().world.service(name).kill());

const restarted = (name: ServiceName): Promise<void> => world().world.service(name).start();

/** What it says when it is asked whether it is ready. */
async function readinessOf({ healthPort }: ServiceProcess): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
  return answer.text();
}

afterEach(() => mailWell(world().world));

describe("kill -9 while the pod runs", () => {
  const runners = ["k8s-runner", "report-mailer", "sensor-runner", "vertex-runner"] as const;
  const others = ["scheduler", "alert-notifier", "console"] as const;
  test.each(["state-machine", ...runners, ...others] as const)("%s", async (name) => {
    const runId = await podRuns();
    const moment = await killed(name);
    await restarted(name);
    await expectJobDone(world(), runId, moment);
  });

  test("nats-server", async () => {
    const { nats } = world().world;
    const runId = await podRuns();
    const moment = await struck(() => nats.kill());
    await nats.restart();
    await expectJobDone(world(), runId, moment);
  });

  test("PostgreSQL, which is the pod's warehouse too", async () => {
    const { postgres } = world().world;
    const runId = await podRuns();
    const moment = await struck(() => postgres.kill());
    await postgres.restart();
    await expectJobDone(world(), runId, moment);
  });
});

describe("kill -9 when the mails are half sent", () => {
  test("state-machine", async () => {
    const runId = await mailsHalfSent();
    const moment = await killed("state-machine");
    await restarted("state-machine");
    await expectJobDone(world(), runId, moment);
  });

  test("report-mailer: what it left in doubt is looked up by its Message-ID", async () => {
    const runId = await mailsHalfSent();
    const moment = await killed("report-mailer");
    expect((await ledgerStates(world().world, runId))["claimed"]).toBeGreaterThan(0);
    await restarted("report-mailer");
    await expectJobDone(world(), runId, moment);
  });

  test("nats-server", async () => {
    const { nats } = world().world;
    const runId = await mailsHalfSent();
    const moment = await struck(() => nats.kill());
    await nats.restart();
    await expectJobDone(world(), runId, moment);
  });

  test("PostgreSQL", async () => {
    const { postgres } = world().world;
    const runId = await mailsHalfSent();
    const moment = await struck(() => postgres.kill());
    await postgres.restart();
    await expectJobDone(world(), runId, moment);
  });
});

test("alert-notifier, between its message and the end of the run: one message, up to date", async () => {
  const { startRun, settled } = world();
  const failing = await startRun("example-failing", { key: "killed" });
  const messages = (): Promise<SlackMessage[]> => slackMessages(world().world, "data-alerts");
  await until("the first message", async () => (await messages()).length > 0);
  await killed("alert-notifier");
  expect((await settled(failing.runId)).state).toBe(RunState.FAILED);
  expect((await messages())[0]?.text).not.toContain("example-failing failed");
  await restarted("alert-notifier");
  const isTold = async (): Promise<boolean> =>
    (await messages()).some(({ text }) => text.includes("example-failing failed"));
  await until("the message to tell the end", isTold);
  expect(await messages()).toHaveLength(1);
});

test("scheduler, as soon as the stream has a trigger: the run starts, once", async () => {
  const { nats, credentials } = world().world;
  const user = "source-logistics";
  await using socket = await natsSocket({ port: nats.port, user, password: credentials.of(user) });
  const day = nextDay();
  await socket.publish({
    subject: "chasqui.trigger.logistics.routes.closed",
    headers: {
      "ce-specversion": "1.0",
      "ce-id": `closed-${day}`,
      "ce-source": "logistics",
      "ce-type": "logistics.routes.closed.v1",
      "ce-time": `${day}T17:00:00Z`,
    },
    body: '{"country": "CO"}',
  });
  const moment = await killed("scheduler");
  await restarted("scheduler");
  const run = await until("the day's run", async () => {
    const { runs } = await world().clients.runs.listRuns({ dagId: MAIN_JOB });
    return runs.find(({ key }) => key === day);
  });
  await expectJobDone(world(), run.runId, moment);
});

describe("the whole JetStream store is lost", () => {
  const moments = { "while the pod runs": podRuns, "when the mails are half sent": mailsHalfSent };
  test.each(Object.entries(moments))("%s", async (_when, reach) => {
    const { nats } = world().world;
    const runId = await reach();
    const moment = await struck(() => nats.kill());
    await nats.wipeStore();
    await expectJobDone(world(), runId, moment);
  });

  test("with all services, which then start in the worst order: the state machine last", async () => {
    const { nats, services, service } = world().world;
    const runId = await podRuns();
    const moment = await struck(async () => {
      await Promise.all([nats.kill(), ...[...services.values()].map((one) => one.kill())]);
    });
    await nats.wipeStore();
    const others = [...services.values()].filter(({ name }) => name !== "state-machine");
    const starting = Promise.all(others.map((other) => other.start()));
    const waits = (): Promise<string[]> => Promise.all(others.map(readinessOf));
    const areWaiting = async (): Promise<boolean> =>
      (await waits()).every((text) => text.includes("state-machine makes it"));
    await until("all other services to wait for their streams", areWaiting);
    await service("state-machine").start();
    await starting; // none of them ended meanwhile
    await expectJobDone(world(), runId, moment);
  });

  test("the kinds that runners announced are there again", async () => {
    const { bus } = world();
    const own = Object.keys(builtInKinds).toSorted();
    const isAnnounced = async (): Promise<boolean> =>
      (await bus.kinds()).toSorted().join() === own.join();
    await until(`kinds ${own.join()} to be announced`, isAnnounced, { everyMs: 100 });
    expect((await bus.kinds()).toSorted()).toEqual(own);
  });
});

test("nothing is left, and no service ended that was not killed", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
