// Publishes the log of one attempt.
// Invariants:
//   G1. Batches leave in order, one at a time, every FLUSH_MS or when BATCH_BYTES_MAX are gathered.
//   G2. Secrets are masked before a line is kept anywhere.
//   G3. Memory is bounded: what the bus does not take is dropped from WAITING_BYTES_MAX on, and what one attempt
//       may publish ends at LOG_BYTES_MAX. Both leave a line that says so; counters show the gap.
//   G4. end() returns within END_MS: a log never holds back an outcome for long.
import { BATCH_BYTES_MAX, logLines } from "./core/log-lines.ts";
import type { Line } from "./core/log-lines.ts";
import type { AttemptRef } from "./attempt.ts";
import type { RunnerBus, RunnerLog } from "./ports.ts";
import { logMessage } from "./translate.ts";

export interface AttemptLog {
  line(text: string, atMs?: number): void;
  /** Resolves when what was said so far is stored, or given up. */
  flush(): Promise<void>;
  /** Undefined while more may be said; else resolves when the bus has taken what waits. */
  room(): Promise<void> | undefined;
  /** Sends what is left, marked as the end. Harmless if repeated. */
  end(): Promise<void>;
  /** The last lines, oldest first. */
  tail(): string[];
  /** The counter of the last line. */
  readonly counter: number;
}

export const FLUSH_MS = 200;
export const WAITING_BYTES_MAX = 4 * 1024 * 1024;
export const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Who can wait, waits from here on: half of what may wait at all. */
const ROOM_BYTES = WAITING_BYTES_MAX / 2;
const END_MS = 5_000;
const RETRY_MS = 250;

export interface LogDeps {
  readonly bus: Pick<RunnerBus, "publish">;
  readonly log: RunnerLog;
  readonly mask: (text: string) => string;
  readonly now: () => number;
}

export function openAttemptLog(
  deps: LogDeps,
  ref: AttemptRef,
  from: { readonly startCounter: number } = { startCounter: 0 },
): AttemptLog {
  const { bus, log, mask, now } = deps;
  const lines = logLines(from);
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let ended: Promise<void> | undefined;
  let giveUpMs = Number.POSITIVE_INFINITY;
  let publishedBytes = 0;
  let full: "no" | "waiting" | "for good" = "no";

  const publish = async (batch: readonly Line[], complete: boolean): Promise<void> => {
    const message = logMessage(ref, batch, complete ? { lastCounter: lines.counter } : undefined);
    for (;;) {
      const [outcome] = await bus.publish([message]).catch(() => ["failed" as const]);
      if (outcome === "stored" || outcome === "duplicate") return;
      if (now() >= giveUpMs) {
        log.warn({ attempt_id: ref.attemptId, lines: batch.length }, "log lines are lost");
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  };
  const drain = async (last: boolean): Promise<void> => {
    let said = false;
    while (lines.waiting > 0) {
      const batch = lines.take();
      said = last && lines.waiting === 0;
      await publish(batch, said);
    }
    if (last && !said) await publish([], true);
    if (full !== "waiting") return;
    full = "no";
    lines.add("[chasqui] lines are missing here: the bus did not take them in time", now());
  };
  const flush = (last: boolean): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    sending = sending.then(() => drain(last));
    return sending;
  };
  const end = (): Promise<void> => {
    giveUpMs = now() + END_MS;
    return flush(true);
  };

  return {
    line(raw, atMs = now()) {
      if (ended !== undefined) return;
      const text = mask(raw);
      publishedBytes += text.length;
      if (full === "no" && publishedBytes > LOG_BYTES_MAX) {
        full = "for good";
        lines.add(
          `[chasqui] the log goes on, but only its end is kept: over ${LOG_BYTES_MAX} bytes`,
          atMs,
        );
      } else if (full === "no" && lines.bytes > WAITING_BYTES_MAX) full = "waiting";
      if (full === "no") lines.add(text, atMs);
      else lines.pass(text);
      if (lines.bytes >= BATCH_BYTES_MAX) void flush(false);
      else timer ??= setTimeout(() => void flush(false), FLUSH_MS).unref();
    },
    flush: () => flush(false),
    room: () => (lines.bytes < ROOM_BYTES ? undefined : flush(false)),
    end: () => (ended ??= end()),
    tail: () => lines.tail(),
    get counter() {
      return lines.counter;
    },
  };
}
