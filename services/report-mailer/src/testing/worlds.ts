// A world for deliver(): a ledger, a mail server and a clock in memory, and processes in it.
import type { Delivery } from "../core/delivery.ts";
import type { DueRecipient } from "../core/recipients.ts";
import { sendResultOf } from "../core/send-result.ts";
import { deliver, type Delivering } from "../deliver.ts";
import type { Mail } from "../ports/mail.ts";
import { killable, untilKilled } from "./killable.ts";

/** What becomes of a send: the connection is lost at a point, or the server says "later". */
export type Fault = "lost_before_body" | "lost_in_body" | "lost_after_body" | "refused_now";

export interface WorldOptions {
  readonly canLookUp: boolean;
  readonly faults?: readonly Fault[];
  /** Planted: a ledger that does not compare versions and shows no claims. */
  readonly forgetful?: boolean;
  /** Planted: a catcher that never finds anything. */
  readonly blindLookUp?: boolean;
}

export interface World {
  readonly canLookUp: boolean;
  readonly rows: Map<string, Delivery & { leaseEndsMs: number }>;
  /** Mails that the server took, by Message-ID. */
  readonly taken: Map<string, number>;
  readonly options: WorldOptions;
  readonly faults: Fault[];
  nowMs: number;
}

export const LEASE_MS = 1_000;

export function world(options: WorldOptions): World {
  return {
    canLookUp: options.canLookUp,
    rows: new Map(),
    taken: new Map(),
    options,
    faults: [...(options.faults ?? [])],
    nowMs: 0,
  };
}

/** A process in a world, as whole as production's but for its neighbours. */
export function processIn(w: World, attemptId: string): Delivering {
  return {
    ledger: {
      load: (keys) => Promise.resolve(load(w, keys)),
      put: (key, next) => Promise.resolve(put(w, key, next)),
    },
    mailer: {
      // In one: the real mailer looks at the time with every piece of the body it hands over.
      send: (mail, { untilMs }) => Promise.resolve(send(w, mail.messageId, w.nowMs >= untilMs)),
      close() {},
    },
    lookUp: w.canLookUp ? (id) => Promise.resolve(lookUp(w, id)) : undefined,
    clock: {
      monotonicMs: () => w.nowMs,
      sleep: (ms) => {
        w.nowMs += Math.max(0, ms);
        return Promise.resolve();
      },
    },
    author: { runId: "run-1", taskId: "mail", attemptId },
    messageIdOf: (key) => `<${key}@example.com>`,
    compose: (to, messageId) => Promise.resolve(plainMail(to, messageId)),
    leaseMs: LEASE_MS,
    brokenOff: () => false,
    signal: new AbortController().signal,
    onSent() {},
  };
}

export function plainMail({ address }: DueRecipient, messageId: string): Mail {
  return {
    messageId,
    to: { name: "", address },
    subject: "s",
    html: "h",
    text: "t",
    attachments: [],
    headers: {},
  };
}

export const recipient: DueRecipient = {
  kind: "due",
  key: "k",
  address: "k@example.com",
  locale: "en",
  recipient: {},
  rows: [{ n: 1 }],
};

/** Processes one after another; each begins when the one before has ended or was killed. */
export async function history(w: World, kills: readonly (number | undefined)[]): Promise<void> {
  for (const [i, killedAt] of kills.entries())
    await untilKilled(run(killable(processIn(w, `att-${i}`), { killedAt })));
}

export async function run(delivering: Delivering): Promise<void> {
  const stored = (await delivering.ledger.load(["k"])).get("k");
  await deliver(recipient, stored, delivering);
}

function load(w: World, keys: readonly string[]): Map<string, Delivery> {
  const found = keys.flatMap((key): [string, Delivery][] => {
    const row = w.rows.get(key);
    if (row === undefined) return [];
    if (row.state !== "claimed") return [[key, row]];
    if (w.options.forgetful) return [];
    return [[key, { ...row, leaseLeftMs: Math.max(0, row.leaseEndsMs - w.nowMs) }]];
  });
  return new Map(found);
}

function put(w: World, key: string, next: Delivery): boolean {
  const stored = w.rows.get(key)?.version ?? 0;
  if (!w.options.forgetful && stored !== next.version - 1) return false;
  const leaseEndsMs = next.state === "claimed" ? w.nowMs + next.leaseLeftMs : 0;
  w.rows.set(key, { ...next, leaseEndsMs });
  return true;
}

function send(w: World, messageId: string, late: boolean): ReturnType<typeof sendResultOf> {
  const fault = w.faults.shift();
  const lost = (bodyBegun: boolean): ReturnType<typeof sendResultOf> =>
    sendResultOf({ bodyBegun, message: "connection lost", code: "ECONNECTION", command: "CONN" });
  if (late || fault === "lost_before_body") return lost(false);
  if (fault === "refused_now") {
    const response = "451 later";
    return sendResultOf({
      bodyBegun: true,
      message: "",
      code: "EMESSAGE",
      responseCode: 451,
      response,
    });
  }
  if (fault === "lost_in_body") return lost(true);
  w.taken.set(messageId, (w.taken.get(messageId) ?? 0) + 1);
  if (fault === "lost_after_body") return lost(true);
  return { kind: "accepted", evidence: { response: "250 ok" } };
}

function lookUp(w: World, messageId: string): boolean {
  return !w.options.blindLookUp && w.taken.has(messageId);
}
