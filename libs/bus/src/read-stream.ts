// A stream read in order, once, without acknowledgements: log tails, event history. The consumer has no name and
// ends with its reader; when a message is missing or the broker was away, another is created behind the last one.
// Invariants:
//   R1. Every message is yielded once, in stream order, also across reconnects.
//   R2. A slow reader slows the server down: flow control is answered when the queue is read, not when it grows.
//   R3. Leaving the loop, or the signal, ends the subscription; the server then drops the consumer.
import type { StreamName } from "@chasqui/contracts";
import type { Msg, Subscription } from "nats";
import { JetDelivery, type DeliveryOwner } from "./delivery.ts";
import { reasonOf } from "./errors.ts";
import { createEphemeral, streamInfo, type ConsumerState } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import type { Delivery, ReadOptions } from "./types.ts";
import { findHeader, headerText } from "./wire-headers.ts";

const HEARTBEAT_MS = 2_000;
const SILENCE_MS_MAX = 3 * HEARTBEAT_MS;
const INACTIVE_MS_MAX = 5_000;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MS_MAX = 5_000;

export interface ReadStreamOptions extends ReadOptions {
  readonly stream: StreamName;
  readonly filter: string;
}

/** A message, or a flow-control question to be answered once all before it is read. */
type Entry =
  | { readonly kind: "message"; readonly delivery: JetDelivery }
  | { readonly kind: "flow"; readonly reply: string }
  | { readonly kind: "end" };

export async function* readStream(
  link: Link,
  options: ReadStreamOptions,
): AsyncGenerator<Delivery, void, undefined> {
  const reader = new Reader(link, options);
  try {
    for (;;) {
      const entry = await reader.next();
      if (entry.kind === "end") return;
      if (entry.kind === "flow") link.nc.publish(entry.reply);
      else yield entry.delivery;
    }
  } finally {
    reader.stop();
  }
}

class Reader {
  readonly #link: Link;
  readonly #options: ReadStreamOptions;
  readonly #owner: DeliveryOwner;
  readonly #monitor: NodeJS.Timeout;
  readonly #unlisten: readonly (() => void)[];
  readonly #entries: Entry[] = [];
  readonly #onAbort = (): void => this.#push({ kind: "end" });
  #waiter: ((entry: Entry) => void) | undefined;
  #subscription: Subscription | undefined;
  #generation = 0; // of `renew`: a later one ends the earlier
  #streamSequence = 0; // of the last message queued
  #consumerSequence = 0;
  #heardMs = Date.now();
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(link: Link, options: ReadStreamOptions) {
    this.#link = link;
    this.#options = options;
    this.#owner = {
      say: () => false, // nothing is acknowledged
      isLate: () => false,
      leftQueue: () => undefined,
      settled: () => undefined,
      bury: () => Promise.resolve(),
    };
    this.#monitor = setInterval(() => this.#listen(), HEARTBEAT_MS).unref();
    this.#unlisten = [
      link.onDisconnect(() => {
        if (link.state === "closed") this.#push({ kind: "end" });
      }),
      link.onReconnect(() => void this.#renew()),
    ];
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    void this.#renew();
  }

  next(): Promise<Entry> {
    if (this.#options.signal.aborted) return Promise.resolve({ kind: "end" });
    const entry = this.#entries.shift();
    if (entry !== undefined) return Promise.resolve(entry);
    return new Promise((resolve) => (this.#waiter = resolve));
  }

  stop(): void {
    this.#isStopped = true;
    this.#generation++;
    clearTimeout(this.#retry);
    clearInterval(this.#monitor);
    for (const stopListening of this.#unlisten) stopListening();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#subscription?.unsubscribe();
  }

  #push(entry: Entry): void {
    if (this.#waiter === undefined) return void this.#entries.push(entry);
    const resolve = this.#waiter;
    this.#waiter = undefined;
    resolve(entry);
  }

  /** Where a new consumer begins: behind what was queued, else where the reader wants. */
  async #start(): Promise<object> {
    const { stream, startMs } = this.#options;
    // A stream that was lost and created again counts from the beginning.
    if (this.#streamSequence > 0) {
      const { lastSequence } = await streamInfo(this.#link, stream);
      if (lastSequence < this.#streamSequence) this.#streamSequence = 0;
    }
    if (this.#streamSequence > 0)
      return { deliver_policy: "by_start_sequence", opt_start_seq: this.#streamSequence + 1 };
    if (startMs === undefined) return { deliver_policy: "all" };
    return { deliver_policy: "by_start_time", opt_start_time: new Date(startMs).toISOString() };
  }

  async #renew(): Promise<void> {
    const { stream, filter, follow } = this.#options;
    const mine = ++this.#generation;
    clearTimeout(this.#retry);
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    if (this.#isStopped || this.#link.state !== "connected") return; // the reconnect calls again
    try {
      const start = await this.#start();
      if (mine !== this.#generation) return;
      const { pending } = await this.#create(start, mine);
      if (mine !== this.#generation) return;
      this.#failures = 0;
      if (!follow && pending === 0) this.#push({ kind: "end" });
    } catch (thrown) {
      if (mine !== this.#generation) return;
      const facts = { stream, filter, err: reasonOf(thrown) };
      this.#link.log.warn(facts, "bus: stream not read, trying again");
      const delayMs = Math.min(RETRY_DELAY_MS * 2 ** this.#failures++, RETRY_DELAY_MS_MAX);
      this.#retry = setTimeout(() => void this.#renew(), delayMs);
    }
  }

  #create(start: object, mine: number): Promise<ConsumerState> {
    const { stream, filter } = this.#options;
    const inbox = this.#link.inbox();
    this.#consumerSequence = 0;
    this.#heardMs = Date.now();
    this.#subscription = this.#link.subscribe(inbox, (message) => {
      if (mine === this.#generation) this.#onMessage(message);
    });
    return createEphemeral(this.#link, stream, {
      ...start,
      deliver_subject: inbox,
      filter_subject: filter,
      ack_policy: "none",
      replay_policy: "instant",
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: HEARTBEAT_MS * 1e6,
      inactive_threshold: INACTIVE_MS_MAX * 1e6,
      mem_storage: true,
      num_replicas: 1,
    });
  }

  #onMessage(message: Msg): void {
    this.#heardMs = Date.now();
    const reply = message.reply ?? "";
    if (reply.startsWith("$JS.ACK."))
      return this.#onDelivery(
        new JetDelivery(
          { message, data: message.data, ackSubject: reply, life: 1, sentSinceMs: Date.now() },
          this.#owner,
        ),
      );
    if (reply !== "") return this.#push({ kind: "flow", reply });
    // A heartbeat: the server has nothing more at the moment, or waits for our answer.
    const text = headerText(message);
    const stalled = findHeader(text, "Nats-Consumer-Stalled");
    if (stalled !== undefined) this.#push({ kind: "flow", reply: stalled });
    const last = findHeader(text, "Nats-Last-Consumer");
    if (last === undefined) return;
    if (Number(last) !== this.#consumerSequence) void this.#renew();
    else if (!this.#options.follow && stalled === undefined) this.#push({ kind: "end" });
  }

  #onDelivery(delivery: JetDelivery): void {
    const { consumerSequence, streamSequence, pending } = delivery.facts;
    if (consumerSequence !== this.#consumerSequence + 1) return void this.#renew();
    this.#consumerSequence = consumerSequence;
    this.#streamSequence = streamSequence;
    this.#push({ kind: "message", delivery });
    if (!this.#options.follow && pending === 0) this.#push({ kind: "end" });
  }

  #listen(): void {
    if (this.#subscription === undefined || this.#link.state !== "connected") return;
    if (Date.now() - this.#heardMs > SILENCE_MS_MAX) void this.#renew();
  }
}
