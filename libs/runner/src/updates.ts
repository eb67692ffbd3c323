// Sends updates to the state machine.
// Invariants:
//   U1. What is said in one turn of the event loop goes out as one publish, in a bundle for each partition; order is
//       kept.
//   U2. send() resolves only when the INBOX has stored the update, or had it already. It is tried again with the
//       same id for as long as it takes: who acks an assignment after send() loses nothing.
//   U3. After stop() nothing waits for ever: what is not stored by then is rejected, its assignment is given back.
import type { OutMessage, PublishOutcome } from "@chasqui/bus";
import type { RunnerBus, RunnerLog } from "./ports.ts";
import type { Tracing } from "./traces.ts";
import { updateMessage } from "./translate.ts";
import type { Update } from "./translate.ts";

export interface UpdateSender {
  /** "duplicate": somebody said it before. */
  send(update: Update, parentSpanId?: string): Promise<"stored" | "duplicate">;
  stop(): void;
  readonly waiting: number;
}

interface Entry {
  readonly message: OutMessage;
  readonly startMs: number;
  stored(startMs: number): void;
  resolve(outcome: "stored" | "duplicate"): void;
  reject(error: Error): void;
}

const RETRY_MS = 100;
const RETRY_MS_MAX = 5_000;

export function startUpdateSender(options: {
  readonly bus: Pick<RunnerBus, "publish">;
  readonly tracing: Tracing;
  readonly log: RunnerLog;
  readonly now: () => number;
}): UpdateSender {
  const { bus, tracing, log, now } = options;
  const open = new Set<Entry>();
  let queue: Entry[] = [];
  let scheduled = false;
  let stopped = false;
  let failures = 0;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  const flush = (): void => {
    scheduled = false;
    const batch = queue;
    queue = [];
    if (batch.length > 0) void publish(batch);
  };
  const publish = async (batch: readonly Entry[]): Promise<void> => {
    const outcomes = await publishOf(bus, batch);
    const again = batch.filter((entry, index) => !settle(entry, outcomes[index] ?? "failed"));
    if (again.length === 0) failures = 0;
    else retryLater(again, outcomes);
  };
  const settle = (entry: Entry, outcome: PublishOutcome): boolean => {
    if (outcome !== "stored" && outcome !== "duplicate") return false;
    open.delete(entry);
    if (outcome === "stored") entry.stored(entry.startMs);
    entry.resolve(outcome);
    return true;
  };
  const retryLater = (again: readonly Entry[], outcomes: readonly PublishOutcome[]): void => {
    const delayMs = Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX);
    failures = Math.min(failures + 1, 16);
    const full = outcomes.includes("refused");
    const why = full ? "CHASQUI_INBOX refuses them: it is full" : "the bus did not confirm them";
    log.warn({ updates: again.length, delay_ms: delayMs }, `updates are not stored: ${why}`);
    setTimeout(() => {
      queue = [...again.filter((entry) => open.has(entry)), ...queue];
      schedule();
    }, delayMs).unref();
  };

  return {
    send(update, parentSpanId) {
      if (stopped) return Promise.reject(notStored());
      const said = updateMessage(update);
      const span = tracing.update(update.ref, { parentSpanId, sequence: update.sequence });
      const message = { ...said, traceparent: span.traceparent };
      return new Promise((resolve, reject) => {
        const entry = { message, startMs: now(), stored: span.stored, resolve, reject };
        open.add(entry);
        queue.push(entry);
        schedule();
      });
    },
    stop() {
      stopped = true;
      for (const entry of open) entry.reject(notStored());
      open.clear();
      queue = [];
    },
    get waiting() {
      return open.size;
    },
  };
}

const notStored = (): Error => new Error("the runner stopped before the bus stored the update");

async function publishOf(
  bus: Pick<RunnerBus, "publish">,
  batch: readonly Entry[],
): Promise<PublishOutcome[]> {
  try {
    return await bus.publish(batch.map((entry) => entry.message));
  } catch {
    return batch.map(() => "failed" as const); // no connection: the same as no confirmation
  }
}
