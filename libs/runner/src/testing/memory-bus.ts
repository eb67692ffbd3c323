// A bus in memory, for tests of runners without a server: streams that remember message ids, assignments that are
// delivered by hand, and everything that was said, decoded.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RejectError, RetryError } from "@chasqui/bus";
import type { BatchItem, Delivery, OutMessage, PublishOutcome } from "@chasqui/bus";
import {
  AssignmentSchema,
  CancelAttemptSchema,
  InboxMessageSchema,
  InventorySchema,
  LogBatchSchema,
  attemptIdOf,
  kindDurable,
  runIdOf,
  subjects,
} from "@chasqui/contracts";
import type { AttemptUpdate, Inventory, KindAnnouncement, LogBatch } from "@chasqui/contracts";
import type { AttemptRef } from "../attempt.ts";
import type { RunnerBus } from "../ports.ts";

const INVENTORIES = subjects.inventories().replace("*", "");

/** What became of a delivery: "acked", "retry in <ms>", "dead: <reason>". */
export type Settled = string;

export interface Assign {
  readonly kind: string;
  readonly config?: unknown;
  readonly taskId?: string;
  readonly attempt?: number;
  readonly timeoutMs?: number;
  readonly deliveryCount?: number;
  /** Since it was stored. */
  readonly ageMs?: number;
  /** Since it was decided. */
  readonly decidedMsAgo?: number;
  readonly traceparent?: string;
  /** In place of a well-formed assignment. */
  readonly data?: Uint8Array;
}

export interface MemoryBus extends RunnerBus {
  assign(assign: Assign): Promise<Settled>;
  cancel(kind: string, ref: AttemptRef): void;
  /** Attempts whose assignment is still in the stream, with whomever. */
  readonly queued: Set<string>;
  /** The connection was lost for a moment. */
  reconnect(): void;
  /** Said so far; `stored` only, in order. */
  readonly updates: readonly AttemptUpdate[];
  readonly updateMessages: readonly OutMessage[];
  readonly logs: readonly LogBatch[];
  readonly inventories: readonly Inventory[];
  readonly kinds: readonly KindAnnouncement[];
  /** Sizes of the publishes, in order. */
  readonly publishes: readonly number[];
  /** Resolves once so many updates are stored. */
  updatesStored(count: number): Promise<void>;
  /** Decides what the next publishes answer; undefined: as a stream would. */
  answer: ((message: OutMessage) => PublishOutcome | undefined) | undefined;
}

const RUN_ID = runIdOf("tests", "1");

/** The attempt that `assign` makes of the same words. */
export function refOf(assign: Pick<Assign, "taskId" | "attempt" | "traceparent">): AttemptRef {
  const { taskId = "work", attempt = 1, traceparent } = assign;
  const key = { runId: RUN_ID, taskId, mapIndex: -1, attempt };
  return { ...key, attemptId: attemptIdOf(key), traceparent };
}

function assignmentOf(assign: Assign): Uint8Array {
  const { traceparent: _not, ...ref } = refOf(assign);
  const { kind, config = {}, timeoutMs = 0, decidedMsAgo = 0 } = assign;
  return toBinary(
    AssignmentSchema,
    create(AssignmentSchema, {
      ...ref,
      kind,
      timeoutMs,
      dagId: "tests",
      configJson: JSON.stringify(config),
      assignedMs: Date.now() - decidedMsAgo,
      environment: "local",
      logicalTime: "2026-01-02T00:00:00Z",
      runKey: "1",
      attemptsMax: 3,
    }),
  );
}

export function memoryBus(): MemoryBus {
  const seen = new Set<string>();
  const takers = new Map<string, (delivery: Delivery) => Promise<Settled>>();
  const listeners = new Map<string, (data: Uint8Array, subject: string) => void>();
  const reconnected: (() => void)[] = [];
  const queued = new Set<string>();
  const waiters: { count: number; resolve: () => void }[] = [];
  const updates: AttemptUpdate[] = [];
  const updateMessages: OutMessage[] = [];
  const logs: LogBatch[] = [];
  const inventories: Inventory[] = [];
  const kinds: KindAnnouncement[] = [];
  const publishes: number[] = [];

  const store = (message: OutMessage): PublishOutcome => {
    const forced = bus.answer?.(message);
    if (forced !== undefined) return forced;
    if (message.id !== undefined && seen.has(message.id)) return "duplicate";
    if (message.id !== undefined) seen.add(message.id);
    if (message.subject.startsWith("chasqui.log."))
      logs.push(fromBinary(LogBatchSchema, message.data));
    else {
      const { body } = fromBinary(InboxMessageSchema, message.data);
      if (body.case !== "update") throw new Error(`not an update: ${message.subject}`);
      updates.push(body.value);
      updateMessages.push(message);
      for (const waiter of waiters) if (updates.length >= waiter.count) waiter.resolve();
    }
    return "stored";
  };

  const bus: MemoryBus = {
    updates,
    updateMessages,
    logs,
    inventories,
    kinds,
    publishes,
    queued,
    hasMessage: async (_stream, subject) => queued.has(subject.split(".").at(-1) ?? ""),
    answer: undefined,
    async publish(messages) {
      publishes.push(messages.length);
      return messages.map(store);
    },
    publishPlain(subject, data) {
      if (subject.startsWith(INVENTORIES)) inventories.push(fromBinary(InventorySchema, data));
    },
    subscribePlain(subject, handle) {
      listeners.set(subject, handle);
      return {
        established: async () => undefined,
        unsubscribe: () => void listeners.delete(subject),
      };
    },
    onReconnect: (listener) => void reconnected.push(listener),
    reconnect() {
      for (const listener of reconnected) listener();
    },
    async consume(durable, { handle }) {
      const abort = new AbortController();
      const inFlight = new Set<Promise<Settled>>();
      takers.set(durable, (delivery) => {
        const settled = handle(delivery, abort.signal)
          .then(() => "acked", settledAs)
          .finally(() => inFlight.delete(settled));
        inFlight.add(settled);
        return settled;
      });
      return {
        get inFlight() {
          return inFlight.size;
        },
        lastMessageMs: 0,
        async stop(deadlineMs) {
          takers.delete(durable);
          const late = Promise.withResolvers<void>();
          const timer = setTimeout(() => {
            abort.abort(new Error("stopping"));
            setImmediate(late.resolve); // aborted, and given back whatever it does
          }, deadlineMs);
          await Promise.race([Promise.all(inFlight), late.promise]);
          clearTimeout(timer);
        },
      };
    },
    async consumeBatches([durable = ""], { batchMax }) {
      return batchesFrom((take) => takers.set(durable, take), batchMax);
    },
    async announceKind(kind) {
      kinds.push(kind);
    },
    assign(assign) {
      const take = takers.get(kindDurable(assign.kind));
      if (take === undefined) throw new Error(`nobody takes assignments of ${assign.kind}`);
      return take(deliveryOf(assign));
    },
    cancel(kind, { traceparent: _not, ...ref }) {
      const data = toBinary(
        CancelAttemptSchema,
        create(CancelAttemptSchema, { ...ref, reason: "the run was cancelled" }),
      );
      listeners.get(subjects.cancelsOfKind(kind))?.(data, subjects.cancel(kind, ref.attemptId));
    },
    updatesStored(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (updates.length >= count) resolve();
      else waiters.push({ count, resolve });
      return promise;
    },
  };
  return bus;
}

function settledAs(error: unknown): Settled {
  if (error instanceof RejectError) return `dead: ${error.message}`;
  if (error instanceof RetryError) return `retry in ${error.retryAfterMs}`;
  return `threw: ${String(error)}`;
}

function deliveryOf(assign: Assign): Delivery {
  const ref = refOf(assign);
  const { deliveryCount = 1, ageMs = 0 } = assign;
  return {
    subject: subjects.task(assign.kind, ref.attemptId),
    data: assign.data ?? assignmentOf(assign),
    id: ref.attemptId,
    header: () => undefined,
    deliveryCount,
    ageMs,
    streamSequence: 1,
    publishedMs: 1_000,
    traceparent: assign.traceparent,
    working: () => {},
  };
}

/** Batches of what was assigned since the last call. */
function batchesFrom(
  taker: (take: (delivery: Delivery) => Promise<Settled>) => void,
  batchMax: number,
): {
  next(): Promise<BatchItem[]>;
  stop(): Promise<void>;
  readonly waiting: number;
} {
  let waiting: BatchItem[] = [];
  let arrived = Promise.withResolvers<void>();
  let stopped = false;
  taker((delivery) => {
    const settled = Promise.withResolvers<Settled>();
    waiting.push({
      ...delivery,
      isRepeated: delivery.deliveryCount > 1,
      ack: () => settled.resolve("acked"),
      retry: (delayMs) => settled.resolve(`retry in ${delayMs}`),
      dead: async (reason) => settled.resolve(`dead: ${reason}`),
    });
    arrived.resolve();
    return settled.promise;
  });
  return {
    async next() {
      while (waiting.length === 0 && !stopped) {
        await arrived.promise;
        arrived = Promise.withResolvers();
      }
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      return batch;
    },
    async stop() {
      stopped = true;
      arrived.resolve();
    },
    get waiting() {
      return waiting.length;
    },
  };
}
