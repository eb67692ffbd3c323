// A world for deliver(): a ledger, a mail server and a clock in memory, and processes that can be killed at any point
// between two effects. What a killed process does afterwards has no effect, as in life.
import type { Delivery } from "../core/delivery.ts";
import type { Candidate } from "../core/recipients.ts";
import { sendResultOf } from "../core/send-result.ts";
import { deliver, type Delivering } from "../deliver.ts";

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

/** Ends a process: what it awaited never comes. */
class Killed extends Error {}

export interface Process {
  readonly delivering: Delivering;
  /** Effects so far. */
  readonly points: () => number;
}

/** A process that dies at its n-th point; undefined: it lives. */
export function processIn(
  w: World,
  { attemptId, killedAt }: { attemptId: string; killedAt: number | undefined },
  pause: (what: string) => Promise<void> = () => Promise.resolve(),
): Process {
  let points = 0;
  let dead = false;
  const point = async (what: string): Promise<void> => {
    await pause(what);
    if (!dead && points === killedAt) dead = true;
    points += 1;
    if (dead) throw new Killed();
  };
  const effect = async <T>(what: string, act: () => T): Promise<T> => {
    await point(`before ${what}`);
    const result = act();
    await point(`after ${what}`);
    return result;
  };
  const delivering: Delivering = {
    ledger: {
      load: (keys) => effect("load", () => load(w, keys)),
      put: (key, next) => effect("put", () => put(w, key, next)),
    },
    mailer: {
      send: async (mail, { untilMs }) => {
        await point("connect");
        // In one: the real mailer looks at the time with every piece of the body it hands over.
        return await effect("send", () => send(w, mail.messageId, w.nowMs >= untilMs));
      },
      close() {},
    },
    lookUp: w.canLookUp ? (id) => effect("look up", () => lookUp(w, id)) : undefined,
    clock: {
      monotonicMs: () => w.nowMs,
      sleep: async (ms) => {
        await point("sleep");
        w.nowMs += Math.max(0, ms);
      },
    },
    author: { runId: "run-1", taskId: "mail", attemptId },
    messageIdOf: (key) => `<${key}@example.com>`,
    compose: (recipient, messageId) =>
      Promise.resolve({
        messageId,
        to: { name: "", address: recipient.address },
        subject: "s",
        html: "h",
        text: "t",
        attachments: [],
        headers: {},
      }),
    leaseMs: LEASE_MS,
    brokenOff: () => false,
    signal: new AbortController().signal,
    onSent() {},
  };
  return { delivering, points: () => points };
}

export const recipient: Candidate = {
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
    await run(processIn(w, { attemptId: `att-${i}`, killedAt }).delivering);
}

export async function run(delivering: Delivering): Promise<void> {
  try {
    const stored = (await delivering.ledger.load(["k"])).get("k");
    await deliver(recipient, stored, delivering);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
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
