// The crash matrix again, on a real ledger and a real mail catcher: killed at every point, then run by another process.
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliver, type Delivering } from "./deliver.ts";
import { lookUpMailAt } from "./ports/look-up-mail.ts";
import { smtpMailer } from "./ports/smtp-mail.ts";
import { killable, untilKilled } from "./testing/killable.ts";
import { realClock, testMailer, type TestMailer } from "./testing/test-mailer.ts";
import { plainMail, recipient } from "./testing/worlds.ts";

/** Long enough for a catcher on a busy machine to answer: a lookup before it has stored a mail proves nothing. */
const LEASE_MS = 3_000;
/** An undisturbed delivery has 9 points: load, claim, connect, send, settle. */
const POINTS_MAX = 9;

let t: TestMailer;
beforeAll(async () => {
  t = await testMailer();
  await run(processOf("warm-up", "att-0", false)); // the catcher loads its parser with the first mail
});
afterAll(async () => await t[Symbol.asyncDispose]());

function processOf(name: string, attemptId: string, canLookUp: boolean): Delivering {
  return {
    ledger: t.ports.ledger({ report: "matrix", period: name }),
    mailer: smtpMailer(t.connection, { connectionsMax: 1 }),
    lookUp: canLookUp ? lookUpMailAt(`${t.smtp.url}/api/mails`) : undefined,
    clock: realClock,
    author: { runId: "run-1", taskId: "mail", attemptId },
    messageIdOf: (key) => `<${name}.${key}@chasqui.example>`,
    compose: (to, messageId) => Promise.resolve(plainMail(to, messageId)),
    leaseMs: LEASE_MS,
    brokenOff: () => false,
    signal: new AbortController().signal,
    onSent() {},
  };
}

async function run(delivering: Delivering): Promise<void> {
  const stored = (await delivering.ledger.load(["k"])).get("k");
  try {
    await deliver(recipient, stored, delivering);
  } finally {
    delivering.mailer.close();
  }
}

async function history(name: string, killedAt: number, canLookUp: boolean): Promise<string> {
  const first = processOf(name, "att-1", canLookUp);
  const ended = await untilKilled(run(killable(first, { killedAt })));
  await run(processOf(name, "att-2", canLookUp));
  const row = (await first.ledger.load(["k"])).get("k");
  const count = t.smtp.byMessageId(`<${name}.k@chasqui.example>`).length;
  return `${ended}, ${row?.state}, mails: ${count}`;
}

const points = Array.from({ length: POINTS_MAX + 2 }, (_, i) => i);

test("with a lookup everybody has one mail", async () => {
  const ends = await Promise.all(points.map((point) => history(`asked-${point}`, point, true)));
  expect(ends.map((end) => end.replace(/^\w+, /, ""))).toEqual(points.map(() => "sent, mails: 1"));
  expect(new Set(ends.map((end) => end.split(",")[0]))).toEqual(new Set(["killed", "ended"]));
});

test("without one nobody has two, and who is in doubt is shown", async () => {
  const ends = await Promise.all(points.map((point) => history(`unasked-${point}`, point, false)));
  expect(ends).toEqual([
    "killed, sent, mails: 1", // before and after the first look
    "killed, sent, mails: 1",
    "killed, sent, mails: 1", // before the claim
    "killed, unconfirmed, mails: 0", // after the claim
    "killed, unconfirmed, mails: 0",
    "killed, unconfirmed, mails: 0", // before the send
    "killed, unconfirmed, mails: 1", // after it
    "killed, unconfirmed, mails: 1",
    "killed, sent, mails: 1", // after it was settled
    "ended, sent, mails: 1",
    "ended, sent, mails: 1",
  ]);
});
