// Messages of one durable, each handed to a handler and settled by its outcome. The acknowledgement is never the
// handler's to give: it follows from the handler having resolved.
// Invariants:
//   C1. At most `concurrency` messages are in this process; none waits in a queue while its ack-wait runs.
//   C2. A handler may take longer than the ack-wait: the server is told that the work goes on.
//   C3. After `stop` nothing new begins; what is not done at the deadline is aborted and given back.
import { JetDelivery, type Arrival, type DeliveryOwner } from "./delivery.ts";
import type { Undertaker } from "./dead.ts";
import { createFailureRecords } from "./failure-records.ts";
import { startKeepAlive, type KeepAlive } from "./keep-alive.ts";
import type { Link } from "./link.ts";
import { Pull } from "./pull.ts";
import { reasonOf } from "./errors.ts";
import { isOwnFailure, settlementOf } from "./settle.ts";
import type { Consuming, ConsumeOptions } from "./types.ts";

/** How long an aborted handler may take to notice. */
const ABORT_GRACE_MS = 1_000;
const RETRY_DELAY_MS = 1_000;

export interface ConsumeContext {
  readonly link: Link;
  readonly stream: string;
  readonly durable: string;
  readonly deliveriesMax: number;
  readonly undertaker: Undertaker;
  readonly recreate: () => Promise<void>;
  /** The harness switch: every message is handled twice, as after a lost ack. */
  readonly deliverTwice: boolean;
}

/** Resolves once the first messages were asked for, or the first attempt to do so failed. */
export async function consume(
  context: ConsumeContext,
  options: ConsumeOptions,
): Promise<Consuming> {
  const consumer = new Consumer(context, options);
  await consumer.started;
  return consumer;
}

class Consumer implements Consuming {
  readonly #context: ConsumeContext;
  readonly #options: ConsumeOptions;
  readonly #abort = new AbortController();
  readonly #records = createFailureRecords();
  readonly #work = new Map<JetDelivery, Promise<void>>();
  readonly #keepAlive: KeepAlive;
  readonly #owner: DeliveryOwner;
  readonly #pull: Pull;
  #lastMessageMs = 0;
  #stopping: Promise<void> | undefined;

  constructor(context: ConsumeContext, options: ConsumeOptions) {
    const { link, stream, durable, undertaker, recreate } = context;
    this.#context = context;
    this.#options = options;
    this.#keepAlive = startKeepAlive({
      ackWaitMs: () => this.#pull.ackWaitMs,
      holdMsMax: Number.POSITIVE_INFINITY, // its handler is at work
    });
    this.#owner = {
      say: (word) => this.#pull.say(word),
      isLate: (heard) => this.#pull.isLate(heard),
      leftQueue: () => undefined, // there is no queue
      settled: (delivery) => this.#keepAlive.delete(delivery),
      bury: async (delivery, reason) => void (await undertaker.bury(delivery, reason)),
    };
    this.#pull = new Pull({
      link,
      stream,
      durable,
      creditMax: options.concurrency,
      recreate,
      onMessage: (arrival) => this.#receive(arrival),
    });
  }

  get started(): Promise<void> {
    return this.#pull.started;
  }
  get inFlight(): number {
    return this.#work.size;
  }
  get lastMessageMs(): number {
    return this.#lastMessageMs;
  }

  stop(deadlineMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(deadlineMs));
  }

  #receive(arrival: Arrival): void {
    this.#lastMessageMs = Date.now();
    const delivery = new JetDelivery(arrival, this.#owner);
    this.#keepAlive.add(delivery);
    this.#work.set(delivery, this.#workOn(delivery));
  }

  async #workOn(delivery: JetDelivery): Promise<void> {
    const { link, durable } = this.#context;
    try {
      await this.#settle(delivery, await this.#handle(delivery));
    } catch (thrown) {
      const facts = { durable, id: delivery.id, err: reasonOf(thrown) };
      link.log.error(facts, "bus: message not settled, it comes again");
      delivery.retry(RETRY_DELAY_MS);
    }
    this.#work.delete(delivery);
    this.#pull.release(1, delivery.data.length);
  }

  /** What the handler threw; undefined when it resolved. */
  async #handle(delivery: JetDelivery): Promise<unknown> {
    const { signal } = this.#abort;
    try {
      await this.#options.handle(delivery, signal);
      if (this.#context.deliverTwice) await this.#options.handle(delivery.again(), signal);
      return undefined;
    } catch (thrown) {
      return thrown ?? new Error("the handler threw nothing");
    }
  }

  async #settle(delivery: JetDelivery, error: unknown): Promise<void> {
    const { link, durable, deliveriesMax, undertaker } = this.#context;
    if (error !== undefined && this.#abort.signal.aborted) {
      await this.#pull.stop(); // what is given back earlier may be forgotten for a while
      return delivery.retry(0); // interrupted: not the message's fault
    }
    const sequence = delivery.streamSequence;
    const isOwn = error !== undefined && isOwnFailure(error);
    const record = isOwn ? this.#records.failed(sequence) : undefined;
    const settlement = settlementOf(error, { record, deliveriesMax });
    switch (settlement.kind) {
      case "ack":
        this.#records.succeeded(sequence);
        return delivery.ack();
      case "retry": {
        const { delayMs } = settlement;
        const facts = { durable, subject: delivery.subject, id: delivery.id, delayMs };
        link.log.warn(
          { ...facts, err: reasonOf(error) },
          "bus: message not handled, it comes again",
        );
        return delivery.retry(delayMs);
      }
      case "dead":
        if (await undertaker.bury(delivery, settlement.reason)) this.#records.forget(sequence);
    }
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { link, durable } = this.#context;
    const { signal } = this.#abort;
    const deadline = setTimeout(() => this.#abort.abort(new Error("stopping")), deadlineMs);
    await this.#pull.stop();
    const done = Promise.allSettled(this.#work.values());
    await Promise.race([done, aborted(signal)]);
    clearTimeout(deadline);
    if (signal.aborted) await Promise.race([done, elapsed(ABORT_GRACE_MS)]);
    for (const delivery of this.#work.keys()) {
      const facts = { durable, id: delivery.id };
      link.log.warn(facts, "bus: handler did not end in time, its message is given back");
      delivery.retry(0);
    }
    this.#keepAlive.stop();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const elapsed = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref());
