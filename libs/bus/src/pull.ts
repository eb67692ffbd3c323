// One durable, pulled by credit: what we asked for and what we hold is never more than `creditMax` together.
// Our own, because the client's `consume` asks for more as soon as messages arrive, whether or not they are worked
// on: its queue has no bound but the consumer's max_ack_pending.
// Invariants:
//   U1. Asked + held ≤ creditMax (but for messages that were under way when the broker was lost). With `bytesMax` it asks
//       only while it holds fewer bytes, and for so many at most, or one message: together two to three times as many.
//   U2. It goes on by itself after a restart, a deleted consumer, a deleted stream; only `stop` ends it.
//   U3. A word about a message reaches the stream that it came from or none: one that was lost and created again
//       counts from the beginning, and an old ack would end another message with the same number.
//   U4. A word comes before the server's ack-wait is over, or not at all: then someone else may have the message, and
//       may have died over it.
//   U5. After `stop` resolved the server delivers nothing more to it; what came late was given back.
import { jetStreamSubjects } from "@chasqui/contracts";
import type { Msg, Subscription } from "nats";
import { WORKING, type Arrival, type Heard, type Word } from "./delivery.ts";
import { reasonOf } from "./errors.ts";
import {
  consumerInfo,
  isConsumerMissing,
  streamInfo,
  type ConsumerState,
} from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import { startReadClock, type ReadClock } from "./read-clock.ts";
import { seldom } from "./seldom.ts";
import { findHeader, headerText } from "./wire-headers.ts";

const EXPIRES_NS = 30_000 * 1e6;
const HEARTBEAT_MS = 5_000;
const HEARTBEAT_NS = HEARTBEAT_MS * 1e6;
const SILENCE_MS_MAX = 2 * HEARTBEAT_MS + 1_000;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MS_MAX = 5_000;
const STOP_MS_MAX = 1_000;
const SWEEP_NS = 20 * 1e6;
const ACK_WAIT_MS_ASSUMED = 30_000;
const PAYLOAD_BYTES_ASSUMED = 1024 * 1024;
/** Subject, reply and ack subject count for the server, too. */
const NAMES_BYTES = 8 * 1024;
const GIVE_BACK = Buffer.from("-NAK");

export interface PullOptions {
  readonly link: Link;
  readonly stream: string;
  readonly durable: string;
  readonly creditMax: number;
  readonly bytesMax?: number;
  /** A message; it counts as held until `release`. */
  onMessage(arrival: Arrival): void;
  /** The consumer is gone: creates it again, or throws when it cannot. */
  recreate(): Promise<void>;
}

export class Pull {
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #nextSubject: string;
  readonly #subscription: Subscription;
  readonly #monitor: NodeJS.Timeout;
  readonly #unlisten: readonly (() => void)[];
  /** Resolves after the first attempt to reach the consumer, successful or not. */
  readonly started: Promise<void>;
  #ackWaitMs = ACK_WAIT_MS_ASSUMED;
  #readClock: ReadClock | undefined; // since it knows the ack-wait
  #asked = 0;
  #held = 0;
  #heldBytes = 0;
  #heardMs = Date.now();
  readonly #mayComplain = seldom();
  #isLive = false;
  #stopping: Promise<void> | undefined;
  readonly #late: string[] = []; // came after `stop`
  #generation = 0; // of `resume`: a later one ends the earlier
  #epoch = 0; // of requests: answers to earlier ones are not for us
  #life = 1; // of the stream; a consumer's own date of creation changes with a restart of server 2.9
  #created: string | undefined; // when this life began
  #isSure = false; // that this life still lasts
  #unsaid: Word[] = []; // waits until that is sure again
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: PullOptions) {
    const { link, stream, durable } = options;
    this.#options = options;
    this.#inbox = link.inbox();
    this.#nextSubject = jetStreamSubjects.next(stream, durable);
    this.#subscription = link.subscribe(`${this.#inbox}.*`, (message) => this.#onMessage(message));
    this.#monitor = setInterval(() => this.#listen(), HEARTBEAT_MS).unref();
    this.#unlisten = [
      link.onDisconnect(() => this.#onDisconnect()),
      link.onReconnect(() => void this.#resume()),
    ];
    this.started = this.#resume();
  }

  /** As the server has it. */
  get ackWaitMs(): number {
    return this.#ackWaitMs;
  }

  /** Returns whether it was said now; a last word is kept until it may be. */
  say(word: Word): boolean {
    if (word.life !== this.#life) return false;
    if (this.isLate(word)) return this.#complain(word);
    if (this.#isSure) return this.#publish(word);
    if (word.word !== WORKING) this.#unsaid.push(word);
    return false;
  }

  isLate({ heardMs }: Heard): boolean {
    return Date.now() - heardMs > this.#ackWaitMs;
  }

  #complain({ heardMs }: Word): false {
    if (!this.#mayComplain()) return false;
    const { link, stream, durable } = this.#options;
    const heardMsAgo = Date.now() - heardMs;
    const facts = { stream, durable, heardMsAgo, ackWaitMs: this.#ackWaitMs };
    link.log.warn(facts, "bus: too late to settle a message, it comes again");
    return false;
  }

  /** So many messages, and bytes of them, are no longer held. */
  release(count: number, bytes: number): void {
    this.#held -= count;
    this.#heldBytes -= bytes;
    this.#ask();
  }

  /** Harmless if repeated. Messages may be given back once it has resolved, not before. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const { link } = this.#options;
    this.#isLive = false;
    this.#generation++;
    clearTimeout(this.#retry);
    clearInterval(this.#monitor);
    this.#readClock?.stop();
    for (const stopListening of this.#unlisten) stopListening();
    if (link.state !== "connected") return this.#subscription.unsubscribe();
    // The server answers the flush after it has dropped our subscription; until then messages may still come.
    await within(STOP_MS_MAX, this.#subscription.drain());
    await within(STOP_MS_MAX, this.#sweepRequests());
    for (const ackSubject of this.#late) this.#publish({ ackSubject, word: GIVE_BACK });
  }

  /**
   * Makes the server forget our requests, by a last one that is soon over. Else server 2.9, when a message is given
   * back, takes it from its queue, finds that only dead requests wait, and forgets the message until its ack-wait
   * is over, 30 s later (and delivers another one twice).
   */
  async #sweepRequests(): Promise<void> {
    const { link } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const inbox = link.inbox();
    const subscription = link.subscribe(inbox, (message) => {
      if (message.reply !== undefined && message.reply !== "") this.#late.push(message.reply);
      resolve();
    });
    const request = { batch: 1, expires: SWEEP_NS };
    link.nc.publish(this.#nextSubject, JSON.stringify(request), { reply: inbox });
    await within(STOP_MS_MAX, promise);
    subscription.unsubscribe();
  }

  #ask(): void {
    const { creditMax, bytesMax = Infinity, link } = this.#options;
    const missing = creditMax - this.#held - this.#asked;
    // One request for many: while some are still out, wait until a quarter is missing.
    if (!this.#isLive || missing <= 0 || (this.#asked > 0 && missing < creditMax / 4)) return;
    if (this.#heldBytes >= bytesMax) return;
    if (this.#asked === 0) this.#heardMs = Date.now();
    this.#asked += missing;
    const request = {
      ...{ batch: missing, expires: EXPIRES_NS, idle_heartbeat: HEARTBEAT_NS },
      ...(bytesMax === Infinity ? {} : { max_bytes: this.#share(missing / creditMax, bytesMax) }),
    };
    link.nc.publish(this.#nextSubject, JSON.stringify(request), {
      reply: `${this.#inbox}.${this.#epoch}`,
    });
  }

  /**
   * Never less than the largest message: the server would refuse it to every request. One that is used up to the very
   * byte ends without a word, once in ten thousand times; then what is missing is asked for with the next heartbeats.
   */
  #share(part: number, bytesMax: number): number {
    const largest = this.#options.link.nc.info?.max_payload ?? PAYLOAD_BYTES_ASSUMED;
    return Math.max(Math.ceil(part * bytesMax), largest + NAMES_BYTES);
  }

  /** Makes sure that the consumer is there, then starts anew. */
  async #resume(): Promise<void> {
    const { link, stream, durable } = this.#options;
    const mine = ++this.#generation;
    this.#forgetRequests();
    clearTimeout(this.#retry);
    if (this.#stopping !== undefined || link.state !== "connected") return; // the reconnect calls again
    try {
      const { ackWaitMs } = await this.#findOrRecreate();
      const { created } = await streamInfo(link, stream);
      if (mine !== this.#generation) return;
      this.#ackWaitMs = ackWaitMs;
      this.#readClock ??= startReadClock(link, () => this.#ackWaitMs);
      this.#enter(created);
      this.#failures = 0;
      this.#isLive = true;
      this.#ask();
    } catch (thrown) {
      if (mine !== this.#generation) return;
      const facts = { stream, durable, err: reasonOf(thrown) };
      link.log.warn(facts, "bus: consumer not reached, trying again");
      this.#later(() => void this.#resume());
    }
  }

  /** The life that began then goes on, or begins. */
  #enter(created: string): void {
    if (this.#created !== undefined && this.#created !== created) {
      this.#life++;
      this.#unsaid = [];
    }
    this.#created = created;
    this.#isSure = true;
    for (const word of this.#unsaid) this.say(word);
    this.#unsaid = [];
  }

  #publish({ ackSubject, word }: Pick<Word, "ackSubject" | "word">): boolean {
    try {
      this.#options.link.nc.publish(ackSubject, word);
      return true;
    } catch {
      return false; // the connection is closed; a lost word is harmless: the message comes again
    }
  }

  async #findOrRecreate(): Promise<ConsumerState> {
    const { link, stream, durable, recreate } = this.#options;
    try {
      return await consumerInfo(link, stream, durable);
    } catch (thrown) {
      if (!isConsumerMissing(thrown)) throw thrown;
      link.log.warn({ stream, durable }, "bus: consumer is gone, creating it again");
      await recreate();
      return consumerInfo(link, stream, durable);
    }
  }

  #forgetRequests(): void {
    this.#isLive = false;
    this.#isSure = false;
    this.#asked = 0;
    this.#epoch++;
  }

  #later(step: () => void): void {
    const delayMs = Math.min(RETRY_DELAY_MS * 2 ** this.#failures++, RETRY_DELAY_MS_MAX);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(step, delayMs);
  }

  #onMessage(message: Msg): void {
    this.#heardMs = Date.now();
    const ackSubject = message.reply ?? "";
    if (ackSubject === "") return this.#onStatus(message);
    if (this.#stopping !== undefined) return void this.#late.push(ackSubject);
    this.#failures = 0;
    const { data } = message;
    if (this.#asked > 0) this.#asked--;
    this.#held++;
    this.#heldBytes += data.length;
    const sentSinceMs = this.#readClock?.sentSinceMs ?? 0;
    this.#options.onMessage({ message, data, ackSubject, life: this.#life, sentSinceMs });
    this.#ask();
  }

  #onStatus(message: Msg): void {
    if (this.#stopping !== undefined || message.subject !== `${this.#inbox}.${this.#epoch}`) return;
    const text = headerText(message);
    const [, code = "", description = ""] = /^NATS\/1\.0 (\d{3}) ?([^\r]*)/.exec(text) ?? [];
    if (code === "100") return; // a heartbeat
    const left = findHeader(text, "Nats-Pending-Messages");
    if (code === "408" || left !== undefined) {
      // This request is over. Ask again: at once when its time or bytes were up, soon when the server was unwilling.
      this.#asked = left === undefined ? 0 : Math.max(0, this.#asked - Number(left));
      const isUsedUp = code === "408" || /maxbytes/i.test(description);
      return isUsedUp ? this.#ask() : this.#later(() => this.#ask());
    }
    // The consumer was deleted, nobody answers (503), or the request was not to the server's taste.
    const { link, stream, durable } = this.#options;
    link.log.warn({ stream, durable, code, description }, "bus: pull ended by the server");
    this.#forgetRequests();
    this.#later(() => void this.#resume());
  }

  #onDisconnect(): void {
    this.#generation++;
    this.#forgetRequests();
  }

  /** A server that does not know the consumer says nothing at all: no heartbeat is how we learn it. */
  #listen(): void {
    const { link, stream, durable } = this.#options;
    if (!this.#isLive || this.#asked === 0 || link.state !== "connected") return;
    if (Date.now() - this.#heardMs <= SILENCE_MS_MAX) return;
    link.log.warn({ stream, durable }, "bus: heartbeats missed, looking for the consumer");
    void this.#resume();
  }
}

/** Resolves when the work is done, well or badly, or the time is up. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
