// Messages of one durable, each handed to a handler and settled by its outcome. The acknowledgement is never the
// handler's to give: it follows from the handler having resolved.
// Invariants:
//   C1. At most `concurrency` messages are in this process; none waits in a queue while its ack-wait runs.
//   C2. A handler may take longer than the ack-wait: the server is told that the work goes on.
//   C3. After `stop` nothing new begins; what is not done at the deadline is aborted and given back.
import { JetDelivery, type DeliveryOwner } from "./delivery.ts";
import type { Undertaker } from "./dead.ts";
import { createFailureRecords } from "./failure-records.ts";
import { startKeepAlive } from "./keep-alive.ts";
import type { Link } from "./link.ts";
import { openPull } from "./pull.ts";
import { reasonOf } from "./errors.ts";
import { isOwnFailure, settlementOf } from "./settle.ts";
import type { Consuming, ConsumeOptions } from "./types.ts";

/** How long an aborted handler may take to notice. */
const ABORT_GRACE_MS = 1_000;

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

export async function consume(
  context: ConsumeContext,
  options: ConsumeOptions,
): Promise<Consuming> {
  const { link, stream, durable, deliveriesMax, undertaker, deliverTwice } = context;
  const { log } = link;
  const abort = new AbortController();
  const records = createFailureRecords();
  const inFlight = new Map<JetDelivery, Promise<void>>();
  let lastMessageMs = 0;
  let stopping: Promise<void> | undefined;

  const keepAlive = startKeepAlive({
    ackWaitMs: () => pull.ackWaitMs,
    holdMsMax: Number.POSITIVE_INFINITY, // its handler is at work
  });
  const owner: DeliveryOwner = {
    nc: link.nc,
    settled: (delivery) => keepAlive.delete(delivery),
    leftQueue: () => undefined, // there is no queue
    bury: async (delivery, reason) => void (await undertaker.bury(delivery, reason)),
  };

  async function handle(delivery: JetDelivery): Promise<unknown> {
    try {
      await options.handle(delivery, abort.signal);
      if (deliverTwice) await options.handle(delivery.again(), abort.signal);
      return undefined;
    } catch (thrown) {
      return thrown ?? new Error("the handler threw nothing");
    }
  }

  async function work(delivery: JetDelivery): Promise<void> {
    const error = await handle(delivery);
    if (error !== undefined && abort.signal.aborted) return delivery.retry(0); // interrupted: not its fault
    const sequence = delivery.streamSequence;
    const record =
      error !== undefined && isOwnFailure(error) ? records.failed(sequence) : undefined;
    const settlement = settlementOf(error, { record, deliveriesMax });
    switch (settlement.kind) {
      case "ack":
        records.succeeded(sequence);
        return delivery.ack();
      case "retry": {
        const { delayMs } = settlement;
        const facts = { durable, subject: delivery.subject, id: delivery.id, delayMs };
        log.warn({ ...facts, err: reasonOf(error) }, "bus: message not handled, it comes again");
        return delivery.retry(delayMs);
      }
      case "dead":
        if (await undertaker.bury(delivery, settlement.reason)) records.forget(sequence);
    }
  }

  const pull = openPull({
    link,
    stream,
    durable,
    creditMax: options.concurrency,
    recreate: context.recreate,
    onMessage(message, ackSubject) {
      lastMessageMs = Date.now();
      const delivery = new JetDelivery(message, ackSubject, owner);
      keepAlive.add(delivery);
      const done = work(delivery)
        .catch((thrown: unknown) => {
          log.error({ durable, err: reasonOf(thrown) }, "bus: message not settled, it comes again");
          delivery.retry(ABORT_GRACE_MS);
        })
        .finally(() => {
          inFlight.delete(delivery);
          pull.release(1);
        });
      inFlight.set(delivery, done);
    },
  });

  await pull.started;

  async function stop(deadlineMs: number): Promise<void> {
    const deadline = setTimeout(() => abort.abort(new Error("stopping")), deadlineMs);
    await pull.stop();
    const done = Promise.allSettled(inFlight.values());
    await Promise.race([done, aborted(abort.signal)]);
    clearTimeout(deadline);
    if (abort.signal.aborted) await Promise.race([done, elapsed(ABORT_GRACE_MS)]);
    for (const delivery of inFlight.keys()) {
      log.warn(
        { durable, id: delivery.id },
        "bus: handler did not end in time, message given back",
      );
      delivery.retry(0);
    }
    keepAlive.stop();
  }

  return {
    stop: (deadlineMs) => (stopping ??= stop(deadlineMs)),
    get inFlight() {
      return inFlight.size;
    },
    get lastMessageMs() {
      return lastMessageMs;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const elapsed = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref());
