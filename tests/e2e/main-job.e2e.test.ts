// The main job through every service: who is mailed what, compared with sums made from the sample by other code;
// who is left out and why; how often anything was done outside.
import { expect, test } from "vitest";
import { DeliveryState, RunState, TaskState } from "../../libs/contracts/src/index.ts";
import { amountsInCsv, amountsInHtml, amountsInText } from "./support/mail-amounts.ts";
import { expectNothingLeft } from "./support/nothing-left.ts";
import { replayOfWorld, replayTest } from "./support/replay.ts";
import { attachmentOf, mailsOf, podCreates, slackCalls, slackMessages } from "./support/outside.ts";
import { sampleCarriers } from "./support/sample.ts";
import { until } from "./support/until.ts";
import { useWorld } from "./support/world.ts";

const DAY = "2026-11-20";
const world = useWorld({ dags: ["carrier-daily-costs.yaml", "example-failing.yaml"] });
const carriers = sampleCarriers();
const due = carriers.filter(({ deliveries }) => deliveries.length > 0);
const leftOut = carriers.filter(({ deliveries }) => deliveries.length === 0);
let runId = "";

test("the sample has twelve carriers, two of them without deliveries", () => {
  expect([due.length, leftOut.length]).toEqual([10, 2]);
});

test("the run succeeds, each of its tasks at the first attempt", async () => {
  const { startRun, settled } = world();
  const logicalMs = Date.parse(`${DAY}T17:00:00Z`); // noon in Bogotá
  ({ runId } = await startRun("carrier-daily-costs", { key: DAY, logicalMs }));
  const run = await settled(runId);
  expect(run.state, run.reason).toBe(RunState.SUCCEEDED);
  expect(run.tasks.map(({ taskId, state, attempt }) => [taskId, state, attempt])).toEqual([
    ["aggregate", TaskState.SUCCEEDED, 1],
    ["mail", TaskState.SUCCEEDED, 1],
  ]);
});

test("each carrier with deliveries gets one mail, nobody else any", async () => {
  const mails = await mailsOf(world().world, runId);
  const recipients = mails.flatMap(({ envelope }) => envelope.to);
  expect(recipients.toSorted()).toEqual(due.map(({ email }) => email).toSorted());
  for (const { envelope, to } of mails) expect(to).toContain(envelope.to[0]);
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(10);
});

test("HTML, text and CSV of each mail say the sample's amounts, to the cent", async () => {
  const mails = await mailsOf(world().world, runId);
  for (const { email, name, deliveries, totalCents } of due) {
    const mail = mails.find(({ envelope }) => envelope.to.includes(email));
    if (mail === undefined) throw new Error(`no mail to ${email}`);
    const want = {
      totalCents,
      deliveries: new Map(deliveries.map(({ id, cents }) => [id, cents])),
    };
    expect(amountsInHtml(mail.html), `HTML to ${email}`).toEqual(want);
    expect(amountsInText(mail.text), `text to ${email}`).toEqual(want);
    expect(mail.attachments.map(({ contentType }) => contentType)).toEqual(["text/csv"]);
    const csv = await attachmentOf(world().world, mail, 0);
    expect(amountsInCsv(csv), `CSV to ${email}`).toEqual(want);
    expect(mail.text).toContain(name);
    expect(mail.subject.replace(/\D/g, "")).toContain(String(totalCents));
  }
});

test("the two left out are named with the reason", async () => {
  const { deliveries } = await world().clients.reports.listDeliveries({ runId });
  const without = deliveries.filter(({ state }) => state !== DeliveryState.SENT);
  expect(without.map(({ recipientKey, state, reason }) => [recipientKey, state, reason])).toEqual(
    leftOut.map(({ key }) => [key, DeliveryState.LEFT_OUT, `no routes in ${DAY}`]).toSorted(),
  );
  expect(deliveries).toHaveLength(carriers.length);
});

test("the example fails after its one repeat, and what follows it is not run", async () => {
  const { startRun, settled } = world();
  const started = await startRun("example-failing", { key: DAY });
  const run = await settled(started.runId);
  expect(run.state).toBe(RunState.FAILED);
  const [task, follower] = run.tasks;
  expect([task?.state, task?.attempt]).toEqual([TaskState.FAILED, 2]);
  expect(task?.failure?.message).toBe("the command ended with exit code 3");
  expect(task?.failure?.logTail.join("\n")).toContain('price "12,5O"');
  expect([follower?.state, follower?.attempt]).toEqual([TaskState.UPSTREAM_FAILED, 0]);
});

test("Slack has one message about it, living: posted once, then edited", async () => {
  const messages = await until("the message about the settled run", async () => {
    const found = await slackMessages(world().world, "data-alerts");
    return found.some(({ text }) => text.includes("example-failing failed")) && found;
  });
  expect(messages).toHaveLength(1);
  const shown = JSON.stringify(messages[0]);
  for (const told of ["import-prices", "code", "exit code 3", "attempt 2 of 2", "12,5O"])
    expect(shown).toContain(told);
  expect(messages[0]?.edited).toBeDefined();
  const posts = (await slackCalls(world().world)).filter(
    ({ method, outcome }) => method === "chat.postMessage" && outcome === "ok",
  );
  expect(posts).toHaveLength(1);
  expect(await slackMessages(world().world, "logistics-alerts")).toEqual([]);
});

test("each pod was created once: one for the main job, two for the example's attempts", async () => {
  const creates = await podCreates(world().world);
  expect([...creates.values()]).toEqual([1, 1, 1]);
});

test("the same run asked for again is the run that was, and mails nobody", async () => {
  const { clients, startRun } = world();
  expect((await startRun("carrier-daily-costs", { key: DAY })).runId).toBe(runId);
  const { runs } = await clients.runs.listRuns({ dagId: "carrier-daily-costs" });
  expect(runs.map((run) => run.runId)).toEqual([runId]);
  expect(await mailsOf(world().world, runId)).toHaveLength(10);
});

test("nothing is left: no message unread, no dead letter", () => expectNothingLeft(world()));

replayTest(() => replayOfWorld(world()));
