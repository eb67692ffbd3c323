// One attempt of a call runner while its work goes on.
// Invariants:
//   H1. Work that takes longer than SAY_RUNNING_MS says "running" once; progress only after that. Work that has ended
//       says nothing but its outcome, however long that takes to be stored: a slow bus gets no more to carry.
//   H2. Work that ignores its timeout is left behind after DEAF_MS. Work that ignores a cancel is waited for:
//       "cancelled" means that it has ended.
import type { Attempt, FailureInit, Outcome } from "./attempt.ts";
import { TaskFailure } from "./attempt.ts";
import { HeldContext } from "./context.ts";
import type { ContextDeps } from "./context.ts";
import { conclude } from "./core/conclude.ts";
import type { Ended } from "./core/conclude.ts";
import { PROGRESS_MAX, RUNNING_SEQUENCE, progressSequence } from "./core/sequence.ts";
import type { Deps } from "./deps.ts";
import type { CallKind } from "./kinds.ts";
import type { AttemptLog } from "./logs.ts";

export const SAY_RUNNING_MS = 100;
export const DEAF_MS = 10_000;

const NO_LINES: readonly string[] = [];

export class InHand implements ContextDeps {
  readonly attempt: Attempt;
  readonly deliveryCount: number;
  readonly acceptedMs: number;
  readonly #deps: Deps;
  readonly #context: HeldContext;
  readonly #deaf: PromiseWithResolvers<Ended> | undefined;
  #link = "";
  #saidRunning = false;
  #progress = 0;
  #ended = false;
  #cancelAsked = false;
  #timedOutAfterMs: number | undefined;

  constructor(attempt: Attempt, deliveryCount: number, deps: Deps) {
    this.attempt = attempt;
    this.deliveryCount = deliveryCount;
    this.acceptedMs = deps.now();
    this.#deps = deps;
    this.#deaf = attempt.deadlineMs === undefined ? undefined : Promise.withResolvers();
    this.#context = new HeldContext(this);
  }

  openLog(): AttemptLog {
    return this.#deps.openLog(this.attempt);
  }

  onLink(url: string): void {
    this.#link = url;
    this.onProgress();
  }

  onProgress(): void {
    if (this.#ended) return;
    if (!this.#saidRunning) return this.#sayRunning();
    if (this.#progress >= PROGRESS_MAX) return;
    this.#progress += 1;
    const { deliveryCount } = this;
    this.#say(progressSequence({ deliveryCount, n: this.#progress }));
  }

  traceparent(): string | undefined {
    const { tracing } = this.#deps;
    return tracing.under(this.attempt, tracing.deliverySpan(this.attempt, this.deliveryCount));
  }

  get link(): string {
    return this.#link;
  }

  get logTail(): readonly string[] {
    return this.#context.openedLog()?.tail() ?? NO_LINES;
  }

  /** Sends the rest of the log; undefined when there is none. */
  endLog(): Promise<void> | undefined {
    return this.#context.openedLog()?.end();
  }

  async run(kind: CallKind<unknown>): Promise<Outcome> {
    const running = this.#work(kind);
    const ended = await (this.#deaf === undefined
      ? running
      : Promise.race([running, this.#deaf.promise]));
    this.#ended = true;
    return conclude(ended, {
      cancelAsked: this.#cancelAsked,
      timedOutAfterMs: this.#timedOutAfterMs,
    });
  }

  cancel(reason: string): void {
    this.#cancelAsked = true;
    this.#context.abort(new Error(`cancelled: ${reason}`));
  }

  giveBack(): void {
    this.#context.abort(new Error("the runner stops"));
  }

  /** Called now and then. */
  sweep(nowMs: number): void {
    if (this.#ended) return;
    if (!this.#saidRunning && nowMs - this.acceptedMs >= SAY_RUNNING_MS) this.#sayRunning();
    const { deadlineMs, timeoutMs = 0 } = this.attempt;
    if (deadlineMs === undefined || nowMs < deadlineMs) return;
    if (this.#timedOutAfterMs === undefined) {
      this.#timedOutAfterMs = timeoutMs;
      this.#context.abort(new Error(`the timeout of ${timeoutMs} ms is over`));
    } else if (nowMs - deadlineMs >= DEAF_MS) this.#deaf?.resolve({ how: "deaf" });
  }

  async #work(kind: CallKind<unknown>): Promise<Ended> {
    try {
      return { how: "returned", outcome: await kind.run(this.attempt, this.#context) };
    } catch (error) {
      return { how: "failed", failure: failureOf(error) };
    }
  }

  #sayRunning(): void {
    this.#saidRunning = true;
    this.#say(RUNNING_SEQUENCE);
  }

  #say(sequence: number): void {
    const { attempt: ref, acceptedMs, deliveryCount } = this;
    const { tracing, updates } = this.#deps;
    const times = { acceptedMs, startedMs: acceptedMs };
    const update = { ref, sequence, said: { state: "running" as const }, times, link: this.#link };
    // What gets lost here, the outcome says again.
    updates.send(update, tracing.deliverySpan(ref, deliveryCount)).catch(() => undefined);
  }
}

function failureOf(thrown: unknown): FailureInit {
  if (thrown instanceof TaskFailure) return thrown.failure;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const stack = (error.stack ?? "").split("\n").slice(1, 6);
  return {
    class: "code",
    message: `${error.name}: ${error.message}`,
    evidence: { stack: stack.map((line) => line.trim()) },
  };
}
