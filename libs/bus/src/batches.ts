// Messages of several durables in one queue, taken in batches: the state machine's way to work. What arrives while
// one batch is being committed is the next batch; there is no timer, so an idle machine answers at once.
// Invariants:
//   B1. `next` resolves as soon as one message waits, with all that came in the same piece off the socket.
//   B2. The queue is bounded: each durable hands out at most `batchMax` messages that nobody has taken, and no more of
//       them while they have QUEUE_BYTES_MAX; a bundle is one of them, and taken when its last message is.
//   B3. A message that waits, here or in its receiver's hands, does not come again because of that.
import { JetDelivery, type Arrival, type DeliveryOwner } from "./delivery.ts";
import type { Undertaker } from "./dead.ts";
import { startKeepAlive, type KeepAlive } from "./keep-alive.ts";
import type { Link } from "./link.ts";
import { Pull } from "./pull.ts";
import type { BatchItem, BatchSource } from "./types.ts";
import { itemsOf, type Queued } from "./unbundle.ts";

/** Of each durable: full bundles would be 64 MiB. A few milliseconds' work; a bundle has 64 KiB at most. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Of one batch: some are in their receiver's hands at once. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** Above this a message in its receiver's hands is taken for lost, and the server delivers it again. */
const HOLD_MS_MAX = 600_000;

export interface BatchDurable {
  readonly stream: string;
  readonly durable: string;
  readonly undertaker: Undertaker;
  readonly recreate: () => Promise<void>;
}

export interface BatchesOptions {
  readonly link: Link;
  readonly durables: readonly BatchDurable[];
  readonly batchMax: number;
  readonly deliverTwice: boolean;
}

/** Resolves once the first messages were asked for, or the first attempt to do so failed. */
export async function openBatches(options: BatchesOptions): Promise<BatchSource> {
  const batches = new Batches(options);
  await batches.started;
  return batches;
}

interface Source {
  readonly pull: Pull;
  /** Taken since the source was last told. */
  takenCount: number;
  takenBytes: number;
}

class Batches implements BatchSource {
  readonly #options: BatchesOptions;
  readonly #sources: readonly Source[];
  readonly #keepAlive: KeepAlive;
  #queue: Queued[] = [];
  #head = 0;
  #waiter: ((items: BatchItem[]) => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: BatchesOptions) {
    this.#options = options;
    this.#keepAlive = startKeepAlive({
      ackWaitMs: () => Math.min(...this.#sources.map(({ pull }) => pull.ackWaitMs)),
      holdMsMax: HOLD_MS_MAX,
    });
    this.#sources = options.durables.map((durable) => this.#open(durable));
  }

  get started(): Promise<unknown> {
    return Promise.all(this.#sources.map(({ pull }) => pull.started));
  }
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  next(): Promise<BatchItem[]> {
    if (this.#stopping !== undefined) return Promise.resolve([]);
    if (this.#waiter !== undefined)
      return Promise.reject(new Error("next() was called while a next() waits: want one reader"));
    if (this.waiting > 0) return Promise.resolve(this.#take());
    return new Promise((resolve) => (this.#waiter = resolve));
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  #open({ stream, durable, undertaker, recreate }: BatchDurable): Source {
    const { link, batchMax } = this.#options;
    const owner: DeliveryOwner = {
      say: (word) => pull.say(word),
      isLate: (heard) => pull.isLate(heard),
      leftQueue: (bytes) => {
        source.takenCount++;
        source.takenBytes += bytes;
      },
      settled: (delivery) => this.#keepAlive.delete(delivery),
      bury: async (delivery, reason) => void (await undertaker.bury(delivery, reason)),
    };
    const pull = new Pull({
      link,
      stream,
      durable,
      creditMax: batchMax,
      bytesMax: QUEUE_BYTES_MAX,
      recreate,
      onMessage: (arrival) => this.#receive(arrival, owner),
    });
    const source: Source = { pull, takenCount: 0, takenBytes: 0 };
    return source;
  }

  #receive(arrival: Arrival, owner: DeliveryOwner): void {
    const delivery = new JetDelivery(arrival, owner);
    this.#keepAlive.add(delivery);
    // After the whole piece off the socket is read: one batch of many, not many of one.
    if (this.waiting === 0 && this.#waiter !== undefined) queueMicrotask(() => this.#handOver());
    this.#queue.push(...itemsOf(delivery, owner.bury));
    if (this.#options.deliverTwice) this.#queue.push(...itemsOf(delivery.again(), owner.bury));
  }

  #handOver(): void {
    if (this.#waiter === undefined || this.waiting === 0) return;
    const resolve = this.#waiter;
    this.#waiter = undefined;
    resolve(this.#take());
  }

  #take(): Queued[] {
    const { batchMax } = this.#options;
    const items: Queued[] = [];
    for (let bytes = 0; items.length < batchMax && bytes < BATCH_BYTES_MAX;) {
      const item = this.#queue[this.#head + items.length];
      if (item === undefined) break;
      bytes += item.data.length;
      items.push(item);
    }
    for (const item of items) item.leaveQueue();
    this.#head += items.length;
    if (this.waiting === 0 || this.#head > 4 * batchMax) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    for (const source of this.#sources) {
      if (source.takenCount > 0) source.pull.release(source.takenCount, source.takenBytes);
      source.takenCount = source.takenBytes = 0;
    }
    return items;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#sources.map(({ pull }) => pull.stop()));
    for (const delivery of this.#queue.slice(this.#head)) if (!delivery.isCopy) delivery.retry(0);
    this.#queue = [];
    this.#head = 0;
    this.#waiter?.([]);
    this.#waiter = undefined;
  }
}
