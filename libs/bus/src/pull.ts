// One durable, pulled by credit: what we asked for and what we hold is never more than `creditMax` together.
// Our own, because the client's `consume` asks for more as soon as messages arrive, whether or not they are worked
// on: its queue has no bound but the consumer's max_ack_pending.
// Invariants:
//   U1. Asked + held ≤ creditMax (but for messages that were under way when the broker was lost).
//   U2. It goes on by itself after a restart, a deleted consumer, a deleted stream; only `stop` ends it.
//   U3. After `stop` resolved the server delivers nothing more to it; what came late was given back.
import { jetStreamSubjects } from "@chasqui/contracts";
import type { Msg } from "nats";
import { reasonOf } from "./errors.ts";
import { consumerInfo, isConsumerMissing } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import { findHeader, headerText } from "./wire-headers.ts";

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const HEARTBEATS_MISSED_MAX = 2;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MS_MAX = 5_000;
const STOP_MS_MAX = 1_000;
const ACK_WAIT_MS_ASSUMED = 30_000;
const GIVE_BACK = Buffer.from("-NAK");

export interface PullOptions {
  readonly link: Link;
  readonly stream: string;
  readonly durable: string;
  readonly creditMax: number;
  /** A message; it counts as held until `release`. */
  onMessage(message: Msg, ackSubject: string): void;
  /** The consumer is gone: creates it again, or throws when it cannot. */
  recreate(): Promise<void>;
}

export interface Pull {
  /** Resolves after the first attempt to reach the consumer, successful or not. */
  readonly started: Promise<void>;
  /** So many messages are no longer held. */
  release(count: number): void;
  /** As the server has it. */
  readonly ackWaitMs: number;
  stop(): Promise<void>;
}

export function openPull(options: PullOptions): Pull {
  const { link, stream, durable, creditMax } = options;
  const { nc, log } = link;
  const inbox = link.inbox();
  const nextSubject = jetStreamSubjects.next(stream, durable);
  let ackWaitMs = ACK_WAIT_MS_ASSUMED;
  let asked = 0;
  let held = 0;
  let heardMs = Date.now();
  let isLive = false;
  let isStopped = false;
  let generation = 0; // of `resume`: a later one ends the earlier
  let epoch = 0; // of requests: answers to earlier ones are not for us
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  function ask(): void {
    const missing = creditMax - held - asked;
    // One request for many: while some are still out, wait until a quarter is missing.
    if (!isLive || missing <= 0 || (asked > 0 && missing < creditMax / 4)) return;
    if (asked === 0) heardMs = Date.now();
    asked += missing;
    const request = {
      batch: missing,
      expires: EXPIRES_MS * 1e6,
      idle_heartbeat: HEARTBEAT_MS * 1e6,
    };
    nc.publish(nextSubject, JSON.stringify(request), { reply: `${inbox}.${epoch}` });
  }

  function retryLater(step: () => void): void {
    const delayMs = Math.min(RETRY_DELAY_MS * 2 ** failures++, RETRY_DELAY_MS_MAX);
    clearTimeout(retry);
    retry = setTimeout(step, delayMs);
  }

  /** Makes sure that the consumer is there, then starts anew. */
  async function resume(): Promise<void> {
    const mine = ++generation;
    isLive = false;
    asked = 0;
    epoch++;
    clearTimeout(retry);
    if (isStopped || link.state !== "connected") return; // the reconnect calls again
    try {
      const info = await consumerInfo(link, stream, durable).catch(async (thrown: unknown) => {
        if (!isConsumerMissing(thrown)) throw thrown;
        log.warn(
          { stream, durable, err: reasonOf(thrown) },
          "bus: consumer is gone, recreating it",
        );
        await options.recreate();
        return consumerInfo(link, stream, durable);
      });
      if (mine !== generation) return;
      ackWaitMs = info.ackWaitMs;
      failures = 0;
      isLive = true;
      ask();
    } catch (thrown) {
      if (mine !== generation) return;
      log.warn(
        { stream, durable, err: reasonOf(thrown) },
        "bus: consumer not reached, trying again",
      );
      retryLater(() => void resume());
    }
  }

  function onStatus(message: Msg): void {
    if (message.subject !== `${inbox}.${epoch}`) return;
    const text = headerText(message);
    const [, code = "", description = ""] = /^NATS\/1\.0 (\d{3}) ?([^\r]*)/.exec(text) ?? [];
    if (code === "100") return;
    const left = Number(findHeader(text, "Nats-Pending-Messages") ?? Number.NaN);
    if (code === "408" || Number.isFinite(left)) {
      asked = Number.isNaN(left) ? 0 : Math.max(0, asked - left);
      if (code === "408") return ask();
      return retryLater(ask);
    }
    // The consumer was deleted, nobody answers (503), or the request was not to its taste.
    log.warn({ stream, durable, code, description }, "bus: pull ended by the server");
    isLive = false;
    asked = 0;
    epoch++;
    retryLater(() => void resume());
  }

  const subscription = link.subscribe(`${inbox}.*`, (message) => {
    heardMs = Date.now();
    const ackSubject = message.reply ?? "";
    if (ackSubject === "") return onStatus(message);
    if (isStopped) return nc.publish(ackSubject, GIVE_BACK);
    failures = 0;
    if (asked > 0) asked--;
    held++;
    options.onMessage(message, ackSubject);
    ask();
  });
  const monitor = setInterval(() => {
    if (!isLive || asked === 0 || link.state !== "connected") return;
    if (Date.now() - heardMs <= HEARTBEATS_MISSED_MAX * HEARTBEAT_MS + 1_000) return;
    log.warn({ stream, durable }, "bus: heartbeats missed, looking for the consumer");
    heardMs = Date.now();
    void resume();
  }, HEARTBEAT_MS);
  const unlisten = [
    link.onDisconnect(() => {
      generation++;
      isLive = false;
      asked = 0;
    }),
    link.onReconnect(() => void resume()),
  ];

  return {
    started: resume(),
    release(count) {
      held -= count;
      ask();
    },
    get ackWaitMs() {
      return ackWaitMs;
    },
    async stop() {
      if (isStopped) return;
      isStopped = true;
      isLive = false;
      generation++;
      clearTimeout(retry);
      clearInterval(monitor);
      for (const stopListening of unlisten) stopListening();
      if (link.state !== "connected") return subscription.unsubscribe();
      // The server answers the flush after it has dropped our requests; until then messages may still come.
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_MS_MAX);
      subscription.drain().then(resolve, resolve);
      await promise;
      clearTimeout(timer);
    },
  };
}
