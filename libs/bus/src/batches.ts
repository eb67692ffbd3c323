// Messages of several durables in one queue, taken in batches: the state machine's way to work. What arrives while
// one batch is being committed is the next batch; there is no timer, so an idle machine answers at once.
// Invariants:
//   B1. `next` resolves as soon as one message waits, with all that came in the same piece off the socket.
//   B2. The queue is bounded: each durable hands out at most `batchMax` messages that nobody has taken.
//   B3. A message that waits, here or in its receiver's hands, does not come again because of that.
import type { Msg } from "nats";
import { JetDelivery, type DeliveryOwner } from "./delivery.ts";
import type { Undertaker } from "./dead.ts";
import { startKeepAlive } from "./keep-alive.ts";
import type { Link } from "./link.ts";
import { openPull, type Pull } from "./pull.ts";
import type { BatchItem, BatchSource } from "./types.ts";

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

interface Source {
  readonly pull: Pull;
  /** For as many messages as were taken since the last call. */
  askForMore(): void;
}

export async function openBatches(options: BatchesOptions): Promise<BatchSource> {
  const { link, batchMax, deliverTwice } = options;
  let queue: JetDelivery[] = [];
  let head = 0;
  let waiter: ((items: BatchItem[]) => void) | undefined;
  let isStopped = false;
  let stopping: Promise<void> | undefined;

  const keepAlive = startKeepAlive({
    ackWaitMs: () => Math.min(...sources.map(({ pull }) => pull.ackWaitMs)),
    holdMsMax: HOLD_MS_MAX,
  });

  function take(): JetDelivery[] {
    const items = queue.slice(head, head + batchMax).map((delivery) => delivery.leaveQueue());
    head += items.length;
    if (head === queue.length) {
      queue = [];
      head = 0;
    } else if (head > 4 * batchMax) {
      queue = queue.slice(head);
      head = 0;
    }
    for (const source of sources) source.askForMore();
    return items;
  }

  function handOver(): void {
    if (waiter === undefined || head === queue.length) return;
    const resolve = waiter;
    waiter = undefined;
    resolve(take());
  }

  function receive(message: Msg, ackSubject: string, owner: DeliveryOwner): void {
    const delivery = new JetDelivery(message, ackSubject, owner);
    keepAlive.add(delivery);
    // After the whole piece off the socket is read: one batch of many, not many of one.
    if (head === queue.length && waiter !== undefined) queueMicrotask(handOver);
    queue.push(delivery);
    if (deliverTwice) queue.push(delivery.again());
  }

  function open({ stream, durable, undertaker, recreate }: BatchDurable): Source {
    let takenCount = 0;
    const owner: DeliveryOwner = {
      nc: link.nc,
      leftQueue: () => void takenCount++,
      settled: (delivery) => keepAlive.delete(delivery),
      bury: async (delivery, reason) => void (await undertaker.bury(delivery, reason)),
    };
    const pull = openPull({
      link,
      stream,
      durable,
      creditMax: batchMax,
      recreate,
      onMessage: (message, ackSubject) => receive(message, ackSubject, owner),
    });
    return {
      pull,
      askForMore() {
        if (takenCount > 0) pull.release(takenCount);
        takenCount = 0;
      },
    };
  }

  const sources = options.durables.map(open);
  await Promise.all(sources.map(({ pull }) => pull.started));

  async function stop(): Promise<void> {
    isStopped = true;
    await Promise.all(sources.map(({ pull }) => pull.stop()));
    for (const delivery of queue.slice(head)) if (!delivery.isCopy) delivery.retry(0);
    queue = [];
    head = 0;
    waiter?.([]);
    waiter = undefined;
  }

  return {
    next() {
      if (isStopped) return Promise.resolve([]);
      if (waiter !== undefined)
        return Promise.reject(new Error("next() was called while a next() waits: want one reader"));
      if (head < queue.length) return Promise.resolve(take());
      return new Promise((resolve) => (waiter = resolve));
    },
    stop: () => (stopping ??= stop()),
    get waiting() {
      return queue.length - head;
    },
  };
}
