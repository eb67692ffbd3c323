// Runs the attempts of one call kind.
// Invariants:
//   K1. An assignment is acked only after its outcome is stored in the INBOX.
//   K2. Short work says one thing: its outcome, with all three times.
//   K3. No timer belongs to one attempt: one sweep serves all that are in hand, and rests when nothing is.
//   K4. Work that was given back because the process ends says nothing, unless it is done.
import type { Delivery } from "@chasqui/bus";
import type { Attempt, AttemptRef, Outcome } from "./attempt.ts";
import { DELIVERIES_MAX, admit, afterClaim, sinceDecided } from "./core/admission.ts";
import { recent } from "./core/recent.ts";
import { attemptOf } from "./deps.ts";
import type { Deps } from "./deps.ts";
import { InHand } from "./in-hand.ts";
import { ack } from "./intake.ts";
import type { Verdict } from "./intake.ts";
import type { CallKind } from "./kinds.ts";
import { errorOf } from "./traces.ts";
import { MalformedAssignment, translateAssignment } from "./translate.ts";
import type { Assigned } from "./translate.ts";

const SWEEP_MS = 50;
const REMEMBERED_MAX = 10_000;
/** The first delivery settles the attempt; the second one only has to wait. */
const TWICE_MS = 5_000;

/** One kind at work. */
export interface Shell {
  handle(delivery: Delivery, signal: AbortSignal): Promise<Verdict>;
  cancel(ref: AttemptRef, reason: string): void;
  stop(): void;
  /** Attempts in hand. */
  held(): string[];
}

export class CallShell implements Shell {
  readonly #kind: CallKind<unknown>;
  readonly #deps: Deps;
  readonly #inHand = new Map<string, InHand>();
  readonly #cancelled = recent({ max: REMEMBERED_MAX });
  readonly #dropped = recent({ max: REMEMBERED_MAX });
  readonly #signals = new WeakSet<AbortSignal>();
  #sweeping: NodeJS.Timeout | undefined;

  constructor(kind: CallKind<unknown>, deps: Deps) {
    this.#kind = kind;
    this.#deps = deps;
  }

  async handle(delivery: Delivery, signal: AbortSignal): Promise<Verdict> {
    const { deliveryCount } = delivery;
    let assigned: Assigned;
    try {
      assigned = translateAssignment(delivery.data, {
        kind: this.#kind.kind,
        traceparent: delivery.traceparent,
      });
    } catch (error) {
      if (error instanceof MalformedAssignment) return { do: "dead", reason: error.message };
      throw error;
    }
    if (this.#inHand.has(assigned.attemptId)) return { do: "retry", delayMs: TWICE_MS };
    const cancelled = this.#cancelled.has(assigned.attemptId);
    const clocks = { nowMs: this.#deps.now(), hearsSinceMs: this.#deps.hearsSinceMs() };
    const age = sinceDecided(delivery, assigned, clocks);
    const admission = admit({ shape: "call", deliveryCount, cancelled, ...age });
    if (admission === "cancelled")
      return this.#refuse(assigned, { state: "cancelled" }, deliveryCount);
    if (admission === "claim") {
      const verdict = await this.#claim(assigned, deliveryCount, signal);
      if (verdict !== "begin") return verdict;
    }
    const parsed = attemptOf(assigned, this.#kind.parseConfig, this.#deps.now());
    if ("refused" in parsed) return this.#refuse(assigned, parsed.refused, deliveryCount);
    return this.#run(parsed.attempt, deliveryCount, signal);
  }

  cancel(ref: AttemptRef, reason: string): void {
    const { attemptId } = ref;
    const held = this.#inHand.get(attemptId);
    if (held !== undefined) return held.cancel(reason);
    // Nobody has its message any more, and this replica let it go: nothing runs.
    if (this.#dropped.has(attemptId))
      void this.#refuse(ref, { state: "cancelled" }, 1).catch(() => undefined);
    else this.#cancelled.add(attemptId);
  }

  held(): string[] {
    return [...this.#inHand.keys()];
  }

  stop(): void {
    clearInterval(this.#sweeping);
    this.#sweeping = undefined;
  }

  async #claim(
    assigned: Assigned,
    deliveryCount: number,
    signal: AbortSignal,
  ): Promise<"begin" | Verdict> {
    const claim = await this.#deps.asking.untilAnswered(assigned, signal);
    switch (afterClaim({ shape: "call", deliveryCount }, claim)) {
      case "begin":
        return "begin";
      case "lost":
        return this.#refuse(assigned, lost(deliveryCount), deliveryCount);
      case "drop":
        this.#dropped.add(assigned.attemptId);
        return ack;
    }
  }

  /** Reports the outcome of an attempt that is not begun. */
  async #refuse(ref: AttemptRef, outcome: Outcome, deliveryCount: number): Promise<Verdict> {
    const endedMs = this.#deps.now();
    await this.#deps.say(this.#kind.kind, {
      ref,
      outcome,
      times: { acceptedMs: endedMs, endedMs },
      link: "",
      logTail: [],
      parentSpanId: this.#deps.tracing.deliverySpan(ref, deliveryCount),
    });
    this.#wroteSpan(ref, outcome, { deliveryCount, startMs: endedMs });
    return ack;
  }

  async #run(attempt: Attempt, deliveryCount: number, signal: AbortSignal): Promise<Verdict> {
    const held = new InHand(attempt, deliveryCount, this.#deps);
    this.#inHand.set(attempt.attemptId, held);
    this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    this.#watchStop(signal);
    try {
      const outcome = await held.run(this.#kind);
      if (signal.aborted && !isDone(outcome)) return { do: "retry", delayMs: 0 };
      await this.#report(held, outcome);
      return ack;
    } finally {
      this.#inHand.delete(attempt.attemptId);
    }
  }

  async #report(held: InHand, outcome: Outcome): Promise<void> {
    const { attempt: ref, acceptedMs, deliveryCount, link } = held;
    const endedMs = this.#deps.now();
    const logEnded = held.endLog();
    if (logEnded !== undefined) await logEnded;
    await this.#deps.say(this.#kind.kind, {
      ref,
      outcome,
      times: { acceptedMs, startedMs: acceptedMs, endedMs },
      link,
      logTail: held.logTail,
      parentSpanId: this.#deps.tracing.deliverySpan(ref, deliveryCount),
    });
    this.#wroteSpan(ref, outcome, { deliveryCount, startMs: acceptedMs });
  }

  #wroteSpan(
    ref: AttemptRef,
    outcome: Outcome,
    { deliveryCount, startMs }: { deliveryCount: number; startMs: number },
  ): void {
    const { tracing, now } = this.#deps;
    const error = errorOf(outcome);
    const { kind } = this.#kind;
    tracing.wroteDelivery({ ref, kind, deliveryCount, startMs, endMs: now(), error });
  }

  #sweep(): void {
    const nowMs = this.#deps.now();
    for (const held of this.#inHand.values()) held.sweep(nowMs);
    if (this.#inHand.size === 0) this.stop();
  }

  /** One listener for all attempts under a signal, not one for each. */
  #watchStop(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    const giveBack = (): void => {
      for (const held of this.#inHand.values()) held.giveBack();
    };
    signal.addEventListener("abort", giveBack, { once: true });
  }
}

const isDone = ({ state }: Outcome): boolean => state === "succeeded" || state === "skipped";

const lost = (deliveries: number): Outcome => ({
  state: "failed",
  failure: {
    class: "lost",
    message: `delivered ${deliveries} times without an outcome: its runner ended each time, so it is not begun again`,
    evidence: { deliveries, deliveriesMax: DELIVERIES_MAX },
  },
});
