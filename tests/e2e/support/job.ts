// The main job for a day of a test's own, and what must be true of it whatever was killed meanwhile.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect } from "vitest";
import { DeliveryState, RunState, attemptIdOf } from "../../../libs/contracts/src/index.ts";
import type { Run, TaskState } from "../../../libs/contracts/src/index.ts";
import type { CaughtMail, LoggedRequest } from "../../../libs/sandbox/src/index.ts";
import { getJson } from "./http.ts";
import { mailSummariesOf, mailsOf } from "./outside.ts";
import { sampleCarriers } from "./sample.ts";
import { until } from "./until.ts";
import type { RunningWorld } from "./world.ts";

export const MAIN_JOB = "carrier-daily-costs";
const due = sampleCarriers().filter(({ deliveries }) => deliveries.length > 0);

/** Retries wait a second instead of half a minute. */
export const impatient = (text: string): string => text.replace("backoff: 30s", "backoff: 1s");

/** Starts the main job for this day. */
export const startJob = ({ startRun }: RunningWorld, day: string): Promise<Run> =>
  startRun(MAIN_JOB, { key: day, logicalMs: Date.parse(`${day}T17:00:00Z`) });

/** Resolves when the task is seen in that state. */
export const taskIs = (
  { clients }: RunningWorld,
  runId: string,
  taskId: string,
  state: TaskState,
): Promise<unknown> =>
  until(`task ${taskId} of ${runId} to be in state ${state}`, async () => {
    const { run } = await clients.runs.getRun({ runId }, { timeoutMs: 2_000 });
    return run?.tasks.some((task) => task.taskId === taskId && task.state === state);
  });

/** Resolves when so many of the run's mails are in the catcher. */
export const mailsAre = ({ world }: RunningWorld, runId: string, count: number): Promise<unknown> =>
  until(`${count} mails of ${runId}`, async () => {
    const mails = await mailSummariesOf(world, runId);
    return mails.length >= count;
  });

/** The run finished, nobody was mailed twice, everybody once or in doubt with a name, each pod created once. */
export async function expectJobDone(
  running: RunningWorld,
  runId: string,
  { struckMs = 0 }: { readonly struckMs?: number } = {},
): Promise<void> {
  const { clients, settled, world } = running;
  const run = await settled(runId);
  expect(run.state, run.reason).toBe(RunState.SUCCEEDED);
  const settledMs = run.settledTime === undefined ? 0 : timestampMs(run.settledTime);
  expect(settledMs, "the blow came in mid-run").toBeGreaterThan(struckMs);
  const mails = await mailsOf(world, runId);
  const recipients = mails.flatMap(({ envelope }) => envelope.to).toSorted();
  expect(recipients, "one mail for each carrier").toEqual(due.map(({ email }) => email).toSorted());
  const { deliveries } = await clients.reports.listDeliveries({ runId });
  const doubts = deliveries.filter(({ state }) => state === DeliveryState.UNCONFIRMED);
  expectDoubtsAreNamed(run, doubts, mails);
  const sent = deliveries.filter(({ state }) => state === DeliveryState.SENT);
  expect(sent.length + doubts.length).toBe(due.length);
  expect(deliveries.filter(({ state }) => state === DeliveryState.LEFT_OUT)).toHaveLength(2);
  await expectPodsOnce(running, run);
}

/** A doubt is in the task's output by its key, and its Message-ID is a mail in the catcher. */
function expectDoubtsAreNamed(
  run: Run,
  doubts: readonly { recipientKey: string; messageId: string }[],
  mails: readonly CaughtMail[],
): void {
  const output = run.tasks.find(({ taskId }) => taskId === "mail")?.outputJson ?? "{}";
  const { unconfirmed = [] } = JSON.parse(output) as { unconfirmed?: { key: string }[] };
  expect(unconfirmed.map(({ key }) => key)).toEqual(doubts.map(({ recipientKey }) => recipientKey));
  const known = mails.map(({ messageId }) => messageId);
  for (const { messageId } of doubts) expect(known).toContain(messageId);
}

/** No pod was created twice, and the attempt that did the work has one; the request log remembers every creation. */
async function expectPodsOnce({ world }: RunningWorld, run: Run): Promise<void> {
  const task = run.tasks.find(({ taskId }) => taskId === "aggregate");
  if (task === undefined) throw new Error(`${run.runId} has no task aggregate`);
  const url = `${world.sandbox.kubernetes}/sandbox/requests?method=POST&status=201&path=/pods`;
  const { requests } = await getJson<{ requests: LoggedRequest[] }>(url);
  for (let attempt = 1; attempt <= task.attempt; attempt++) {
    const { mapIndex, taskId } = task;
    const id = attemptIdOf({ runId: run.runId, taskId, mapIndex, attempt });
    const created = requests.filter(({ name }) => name?.includes(id));
    // An attempt that was declared lost before it began has none.
    const least = attempt === task.attempt ? 1 : 0;
    expect(created.length, `pods of attempt ${attempt}`).toBeOneOf([least, 1]);
  }
}
