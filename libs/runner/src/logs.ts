// Publishes the log of one attempt.
// Invariants:
//   G1. Batches leave in order, one at a time, every FLUSH_MS or when BATCH_BYTES_MAX are gathered.
//   G2. Secrets are masked before a line is kept anywhere.
//   G3. Memory is bounded: what the bus does not take is dropped from WAITING_BYTES_MAX on, and what one attempt
//       may publish ends at LOG_BYTES_MAX. Both leave a line that says so; counters show the gap.
//   G4. end() returns within END_MS: a log never holds back an outcome for long.
import { BATCH_BYTES_MAX, logLines } from "./core/log-lines.ts";
import type { Line, LogLines } from "./core/log-lines.ts";
import type { AttemptRef } from "./attempt.ts";
import type { RunnerBus, RunnerLog } from "./ports.ts";
import { sleep } from "./sleep.ts";
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
  return new LogPublisher(deps, ref, from);
}

class LogPublisher implements AttemptLog {
  readonly #deps: LogDeps;
  readonly #ref: AttemptRef;
  readonly #lines: LogLines;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  #giveUpMs = Number.POSITIVE_INFINITY;
  #saidBytes = 0;
  #full: "no" | "waiting" | "for good" = "no";

  constructor(deps: LogDeps, ref: AttemptRef, from: { readonly startCounter: number }) {
    this.#deps = deps;
    this.#ref = ref;
    this.#lines = logLines(from);
  }

  get counter(): number {
    return this.#lines.counter;
  }

  line(raw: string, atMs: number = this.#deps.now()): void {
    if (this.#ended !== undefined) return;
    const text = this.#deps.mask(raw);
    this.#saidBytes += text.length;
    if (this.#full === "no") this.#fill(atMs);
    if (this.#full === "no") this.#lines.add(text, atMs);
    else this.#lines.pass(text);
    if (this.#lines.bytes >= BATCH_BYTES_MAX) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  flush(): Promise<void> {
    return this.#flush({ last: false });
  }

  room(): Promise<void> | undefined {
    return this.#lines.bytes < ROOM_BYTES ? undefined : this.flush();
  }

  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    this.#giveUpMs = this.#deps.now() + END_MS;
    this.#ended = this.#flush({ last: true });
    return this.#ended;
  }

  tail(): string[] {
    return this.#lines.tail();
  }

  /** G3: judges whether one more line may still be kept. */
  #fill(atMs: number): void {
    if (this.#saidBytes > LOG_BYTES_MAX) {
      this.#full = "for good";
      const why = `over ${LOG_BYTES_MAX} bytes`;
      this.#lines.add(`[chasqui] the log goes on, but only its end is kept: ${why}`, atMs);
    } else if (this.#lines.bytes > WAITING_BYTES_MAX) this.#full = "waiting";
  }

  #flush(how: { readonly last: boolean }): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sending.then(() => this.#drain(how));
    return this.#sending;
  }

  async #drain({ last }: { readonly last: boolean }): Promise<void> {
    let said = false;
    while (this.#lines.waiting > 0) {
      const batch = this.#lines.take();
      said = last && this.#lines.waiting === 0;
      await this.#publish(batch, { complete: said });
    }
    if (last && !said) await this.#publish([], { complete: true });
    if (this.#full !== "waiting") return;
    this.#full = "no";
    const text = "[chasqui] lines are missing here: the bus did not take them in time";
    this.#lines.add(text, this.#deps.now());
  }

  async #publish(
    batch: readonly Line[],
    { complete }: { readonly complete: boolean },
  ): Promise<void> {
    const { bus, log, now } = this.#deps;
    const end = complete ? { lastCounter: this.#lines.counter } : undefined;
    const message = logMessage(this.#ref, batch, end);
    for (;;) {
      const [outcome] = await bus.publish([message]).catch(() => ["failed" as const]);
      if (outcome === "stored" || outcome === "duplicate") return;
      if (now() >= this.#giveUpMs) {
        const fields = { attempt_id: this.#ref.attemptId, lines: batch.length };
        return log.warn(fields, "log lines are lost");
      }
      await sleep(RETRY_MS);
    }
  }
}
