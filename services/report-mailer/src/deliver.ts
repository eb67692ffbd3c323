// One recipient, from whatever the ledger says to the last word about it: decide, store, act, store.
// Invariants:
//   D1. A mail is offered to the server only under a claim of ours that was stored before, and only while its lease runs.
//   D2. Whatever ends this process in the middle leaves a claim behind, never a mail that nobody knows of.
import { decide } from "./core/decide.ts";
import {
  type Author,
  claim,
  type Claimed,
  type Delivery,
  doubtClaim,
  leaveOut,
  resolveDoubt,
  settleClaim,
  type Unconfirmed,
} from "./core/delivery.ts";
import type { Candidate, DueRecipient } from "./core/recipients.ts";
import type { SendResult } from "./core/send-result.ts";
import type { Clock, Ledger } from "./ports/ledger.ts";
import type { LookUpMail, Mail, Mailer } from "./ports/mail.ts";

export interface Delivering {
  readonly ledger: Ledger;
  readonly mailer: Mailer;
  readonly lookUp: LookUpMail | undefined;
  readonly clock: Clock;
  readonly author: Author;
  readonly messageIdOf: (key: string) => string;
  readonly compose: (recipient: DueRecipient, messageId: string) => Promise<Mail>;
  /** A claim is ours alone for so long. */
  readonly leaseMs: number;
  /** True once nobody else shall be sent anything: cancelled, or the server refuses everyone. */
  readonly brokenOff: () => boolean;
  readonly signal: AbortSignal;
  /** Told about each send. */
  readonly onSent: (recipient: DueRecipient, result: SendResult) => void;
}

/** The lease's end is left to clocks that differ and to a body that is on its way. */
const LEASE_MARGIN = 0.2;
/** Steps one recipient may take; each is caused by somebody else's write, so more means that the rules are broken. */
const STEPS_MAX = 50;

/** Undefined when it was not its turn any more: nothing was stored or sent. */
export async function deliver(
  candidate: Candidate,
  stored: Delivery | undefined,
  d: Delivering,
): Promise<Delivery | undefined> {
  let row = stored;
  let asked = false;
  for (let step = 0; step < STEPS_MAX; step++) {
    const canLookUp = d.lookUp !== undefined && !asked;
    const decision = decide(candidate, row, { runId: d.author.runId, canLookUp });
    switch (decision.do) {
      case "count":
        return row;
      case "leave_out":
        row = await write(candidate.key, leaveOut(row, d.author, decision.reason), d);
        break;
      case "wait":
        if (d.signal.aborted) return row;
        await d.clock.sleep(decision.waitMs, d.signal);
        row = await reload(candidate.key, d);
        break;
      case "doubt":
        if (row?.state === "claimed")
          row = await write(candidate.key, doubtClaim(row, d.author), d);
        break;
      case "look_up":
        asked = true;
        if (row?.state === "unconfirmed") row = await askAbout(candidate.key, row, d);
        break;
      case "claim": {
        if (candidate.kind === "left_out" || d.brokenOff()) return row;
        const attempted = await claimAndSend(candidate, row, d);
        if (attempted.settled && !canAskLater(attempted.row, d)) return attempted.row;
        row = attempted.row;
        break;
      }
    }
  }
  throw new Error(`recipient ${candidate.key}: no end after ${STEPS_MAX} steps, now ${row?.state}`);
}

const canAskLater = (row: Delivery | undefined, d: Delivering): boolean =>
  row?.state === "unconfirmed" && d.lookUp !== undefined && !d.signal.aborted;

interface Attempted {
  readonly row: Delivery | undefined;
  /** False: somebody else was first, and nothing was sent. */
  readonly settled: boolean;
}

async function claimAndSend(
  recipient: DueRecipient,
  row: Delivery | undefined,
  d: Delivering,
): Promise<Attempted> {
  const { key, address } = recipient;
  const messageId = d.messageIdOf(key);
  const mail = await d.compose(recipient, messageId);
  if (d.brokenOff()) return { settled: true, row };
  const claimedMs = d.clock.monotonicMs();
  const claimed = claim(row, d.author, { address, messageId, leaseMs: d.leaseMs });
  if (!(await d.ledger.put(key, claimed))) return { settled: false, row: await reload(key, d) };
  const untilMs = claimedMs + d.leaseMs * (1 - LEASE_MARGIN);
  const result = await d.mailer.send(mail, { untilMs });
  d.onSent(recipient, result);
  const settled = settleClaim(claimed, result);
  if (!(await d.ledger.put(key, settled)))
    return { settled: false, row: await correct(key, { claimed, result }, d) };
  // Whoever keeps the mails is asked only when a body on its way must have arrived.
  if (canAskLater(settled, d))
    await d.clock.sleep(claimedMs + d.leaseMs - d.clock.monotonicMs(), d.signal);
  return { settled: true, row: settled };
}

/** Our claim was declared in doubt before we could say what became of it; what we know ends the doubt. */
async function correct(
  key: string,
  { claimed, result }: { claimed: Claimed; result: SendResult },
  d: Delivering,
): Promise<Delivery | undefined> {
  const now = await reload(key, d);
  const isOurDoubt = now?.state === "unconfirmed" && now.version === claimed.version + 1;
  if (!isOurDoubt || result.kind === "doubt") return now;
  return await write(key, settleClaim({ ...claimed, version: now.version }, result), d);
}

async function askAbout(
  key: string,
  row: Unconfirmed,
  d: Delivering,
): Promise<Delivery | undefined> {
  const found = await d.lookUp?.(row.messageId);
  return found === undefined ? row : await write(key, resolveDoubt(row, d.author, found), d);
}

async function write(key: string, next: Delivery, d: Delivering): Promise<Delivery | undefined> {
  return (await d.ledger.put(key, next)) ? next : await reload(key, d);
}

async function reload(key: string, d: Delivering): Promise<Delivery | undefined> {
  return (await d.ledger.load([key])).get(key);
}
