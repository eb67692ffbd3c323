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
import { createEphemeral, streamInfo } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import type { Delivery, ReadOptions } from "./types.ts";
import { findHeader, headerText } from "./wire-headers.ts";

const HEARTBEAT_MS = 2_000;
const HEARTBEATS_MISSED_MAX = 3;
const INACTIVE_MS_MAX = 30_000;
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
  const reader = startReader(link, options);
  try {
    for (;;) {
      const entry = reader.take() ?? (await reader.next());
      if (entry.kind === "end") return;
      if (entry.kind === "flow") link.nc.publish(entry.reply);
      else yield entry.delivery;
    }
  } finally {
    reader.stop();
  }
}

interface Reader {
  take(): Entry | undefined;
  next(): Promise<Entry>;
  stop(): void;
}

function startReader(link: Link, options: ReadStreamOptions): Reader {
  const { stream, filter, follow, signal, startMs } = options;
  const owner: DeliveryOwner = {
    nc: link.nc,
    leftQueue: () => undefined,
    settled: () => undefined,
    bury: () => Promise.resolve(),
  };
  const entries: Entry[] = [];
  let waiter: ((entry: Entry) => void) | undefined;
  let subscription: Subscription | undefined;
  let generation = 0;
  let streamSequence = 0; // of the last message queued
  let consumerSequence = 0;
  let heardMs = Date.now();
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;

  function push(entry: Entry): void {
    if (waiter === undefined) return void entries.push(entry);
    const resolve = waiter;
    waiter = undefined;
    resolve(entry);
  }

  /** Where a new consumer begins: behind what was queued, else where the reader wants. */
  function start(): object {
    if (streamSequence > 0)
      return { deliver_policy: "by_start_sequence", opt_start_seq: streamSequence + 1 };
    if (startMs === undefined) return { deliver_policy: "all" };
    return {
      deliver_policy: "by_start_time",
      opt_start_time: new Date(startMs).toISOString(),
    };
  }

  async function renew(): Promise<void> {
    const mine = ++generation;
    clearTimeout(retry);
    subscription?.unsubscribe();
    subscription = undefined;
    if (isStopped || link.state !== "connected") return; // the reconnect calls again
    const inbox = link.inbox();
    consumerSequence = 0;
    heardMs = Date.now();
    subscription = link.subscribe(inbox, (message) => {
      if (mine === generation) onMessage(message);
    });
    try {
      // A stream that was lost and created again counts from the beginning.
      if (streamSequence > 0 && (await streamInfo(link, stream)).lastSequence < streamSequence)
        streamSequence = 0;
      const { pending } = await createEphemeral(link, stream, {
        ...start(),
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
      if (mine !== generation) return;
      failures = 0;
      if (!follow && pending === 0) push({ kind: "end" });
    } catch (thrown) {
      if (mine !== generation) return;
      link.log.warn(
        { stream, filter, err: reasonOf(thrown) },
        "bus: stream not read, trying again",
      );
      const delayMs = Math.min(RETRY_DELAY_MS * 2 ** failures++, RETRY_DELAY_MS_MAX);
      retry = setTimeout(() => void renew(), delayMs);
    }
  }

  function onMessage(message: Msg): void {
    heardMs = Date.now();
    const reply = message.reply ?? "";
    if (reply.startsWith("$JS.ACK.")) return onDelivery(new JetDelivery(message, reply, owner));
    if (reply !== "") return push({ kind: "flow", reply });
    // A heartbeat: the server has nothing more at the moment.
    const text = headerText(message);
    const stalled = findHeader(text, "Nats-Consumer-Stalled");
    if (stalled !== undefined) push({ kind: "flow", reply: stalled });
    const last = findHeader(text, "Nats-Last-Consumer");
    if (last !== undefined && Number(last) !== consumerSequence) return void renew();
    if (last !== undefined && !follow && stalled === undefined) push({ kind: "end" });
  }

  function onDelivery(delivery: JetDelivery): void {
    const { facts } = delivery;
    if (facts.consumerSequence !== consumerSequence + 1) return void renew();
    consumerSequence = facts.consumerSequence;
    streamSequence = facts.streamSequence;
    push({ kind: "message", delivery });
    if (!follow && facts.pending === 0) push({ kind: "end" });
  }

  const monitor = setInterval(() => {
    if (subscription === undefined || link.state !== "connected") return;
    if (Date.now() - heardMs > HEARTBEATS_MISSED_MAX * HEARTBEAT_MS) void renew();
  }, HEARTBEAT_MS);
  const unlisten = [
    link.onDisconnect(() => {
      if (link.state === "closed") push({ kind: "end" });
    }),
    link.onReconnect(() => void renew()),
  ];
  const onAbort = (): void => push({ kind: "end" });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) push({ kind: "end" });
  void renew();

  return {
    take: () => (signal.aborted ? { kind: "end" } : entries.shift()),
    next: () => new Promise((resolve) => (waiter = resolve)),
    stop() {
      isStopped = true;
      generation++;
      clearTimeout(retry);
      clearInterval(monitor);
      for (const stopListening of unlisten) stopListening();
      signal.removeEventListener("abort", onAbort);
      subscription?.unsubscribe();
    },
  };
}
