// Where assignments come from: one durable of CHASQUI_TASKS, read in one of two ways.
// Invariants:
//   I1. Each delivery is settled exactly once, with the verdict its handler returned; a handler that throws gives
//       the message back.
//   I2. At most `concurrency` deliveries are held. Up to EACH_MAX slots each ask for one message, so that no replica
//       hoards what another could begin; above, whole batches are taken, for throughput.
//   I3. stop() takes nothing new, waits for what is held, then aborts it and gives it back.
import { RejectError, RetryError } from "@chasqui/bus";
import type { BatchItem, BatchSource, Delivery } from "@chasqui/bus";
import type { RunnerBus, RunnerLog } from "./ports.ts";

export type Verdict =
  | { readonly do: "ack" }
  | { readonly do: "retry"; readonly delayMs: number }
  | { readonly do: "dead"; readonly reason: string };

export type Handle = (delivery: Delivery, signal: AbortSignal) => Promise<Verdict>;

export interface Intake {
  stop(deadlineMs: number): Promise<void>;
  readonly inFlight: number;
}

export const EACH_MAX = 128;
const BATCH_MAX = 500;
/** The bus keeps a held message for 10 minutes by itself; work may take longer. */
const WORKING_MS = 10_000;
const RETRY_MS = 1_000;

export interface IntakeOptions {
  readonly bus: Pick<RunnerBus, "consume" | "consumeBatches">;
  readonly durable: string;
  readonly concurrency: number;
  readonly handle: Handle;
  readonly log: RunnerLog;
}

export const ack: Verdict = { do: "ack" };

export function openIntake(options: IntakeOptions): Promise<Intake> {
  return options.concurrency > EACH_MAX ? openBatches(options) : openEach(options);
}

function openEach({ bus, durable, concurrency, handle }: IntakeOptions): Promise<Intake> {
  return bus.consume(durable, {
    concurrency,
    async handle(delivery, signal) {
      const verdict = await handle(delivery, signal);
      if (verdict.do === "dead") throw new RejectError(verdict.reason);
      if (verdict.do === "retry")
        throw new RetryError("not now", { retryAfterMs: verdict.delayMs });
    },
  });
}

async function openBatches(options: IntakeOptions): Promise<Intake> {
  const { bus, durable, concurrency } = options;
  const source = await bus.consumeBatches([durable], {
    batchMax: Math.min(concurrency, BATCH_MAX),
  });
  return new BatchIntake(source, options);
}

class BatchIntake implements Intake {
  readonly #source: BatchSource;
  readonly #options: IntakeOptions;
  readonly #held = new Set<BatchItem>();
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;
  readonly #keepAlive: NodeJS.Timeout;
  #room: (() => void) | undefined;
  #empty: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(source: BatchSource, options: IntakeOptions) {
    this.#source = source;
    this.#options = options;
    let before: BatchItem[] = [];
    this.#keepAlive = setInterval(() => {
      for (const item of before) if (this.#held.has(item)) item.working();
      before = [...this.#held];
    }, WORKING_MS).unref();
    this.#reading = this.#read();
  }

  get inFlight(): number {
    return this.#held.size;
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #read(): Promise<void> {
    for (;;) {
      const items = await this.#source.next();
      if (items.length === 0) return;
      for (const item of items) {
        this.#held.add(item);
        void this.#settle(item);
      }
      if (this.#held.size >= this.#options.concurrency)
        await new Promise<void>((resolve) => (this.#room = resolve));
    }
  }

  async #settle(item: BatchItem): Promise<void> {
    let verdict: Verdict;
    try {
      verdict = await this.#options.handle(item, this.#abort.signal);
    } catch (error) {
      if (!this.#abort.signal.aborted)
        this.#options.log.error({ subject: item.subject, error }, "an assignment was not handled");
      verdict = { do: "retry", delayMs: this.#abort.signal.aborted ? 0 : RETRY_MS };
    }
    if (!this.#held.delete(item)) return; // given back already
    if (verdict.do === "ack") item.ack();
    else if (verdict.do === "retry") item.retry(verdict.delayMs);
    else await item.dead(verdict.reason);
    if (this.#held.size < this.#options.concurrency) this.#room?.();
    if (this.#held.size === 0) this.#empty?.();
  }

  async #stop(deadlineMs: number): Promise<void> {
    await this.#source.stop();
    this.#room?.();
    const given = new Promise<void>((resolve) => setTimeout(resolve, deadlineMs).unref());
    if (this.#held.size > 0)
      await Promise.race([new Promise<void>((resolve) => (this.#empty = resolve)), given]);
    this.#abort.abort(new Error("the runner stops"));
    for (const item of this.#held) item.retry(0);
    this.#held.clear();
    clearInterval(this.#keepAlive);
    await this.#reading;
  }
}
