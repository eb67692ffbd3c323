// Hands the attempts of one job kind to the outside, and cancels them there.
// Invariants:
//   J1. An assignment is acked only after the job exists outside and "accepted" is stored: from then on the outside
//       and its watch answer for the attempt, not this process.
//   J2. A cancel waits for a submit in hand, and one for an attempt without anything outside is answered
//       "cancelled" only when it was looked for twice while nobody had the assignment.
//   J3. What was cancelled before it was submitted is not submitted.
import type { Delivery } from "@chasqui/bus";
import { subjects } from "@chasqui/contracts";
import { TaskFailure } from "./attempt.ts";
import type { Attempt, AttemptRef, Outcome } from "./attempt.ts";
import type { Shell } from "./call-shell.ts";
import { admit, afterClaim, sinceDecided } from "./core/admission.ts";
import { recent } from "./core/recent.ts";
import { ACCEPTED_SEQUENCE } from "./core/sequence.ts";
import { attemptOf } from "./deps.ts";
import type { Deps } from "./deps.ts";
import { ack } from "./intake.ts";
import type { Verdict } from "./intake.ts";
import type { JobKind, Submission } from "./kinds.ts";
import { sleep } from "./sleep.ts";
import { errorOf } from "./traces.ts";
import { MalformedAssignment, translateAssignment } from "./translate.ts";
import type { Assigned } from "./translate.ts";

const REMEMBERED_MAX = 10_000;
/** What was just created may not be seen yet. */
const UNSEEN_MS = 2_000;
/** Then the cancel will have been said again. */
const LOOKS_MAX = 30;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;

export class JobShell implements Shell {
  readonly #kind: JobKind<unknown>;
  readonly #deps: Deps;
  readonly #submitting = new Map<string, Promise<unknown>>();
  readonly #cancelling = new Set<string>();
  readonly #cancelled = recent({ max: REMEMBERED_MAX });
  /** Given back by this process, and until when nobody gets it. */
  readonly #resting = new Map<string, number>();

  constructor(kind: JobKind<unknown>, deps: Deps) {
    this.#kind = kind;
    this.#deps = deps;
  }

  async handle(delivery: Delivery, signal: AbortSignal): Promise<Verdict> {
    const { deliveryCount, traceparent } = delivery;
    const startMs = this.#deps.now();
    let assigned: Assigned;
    try {
      assigned = translateAssignment(delivery.data, { kind: this.#kind.kind, traceparent });
    } catch (error) {
      if (error instanceof MalformedAssignment) return { do: "dead", reason: error.message };
      throw error;
    }
    const { attemptId } = assigned;
    this.#resting.delete(attemptId);
    const arrival = {
      shape: "job",
      deliveryCount,
      ...sinceDecided(delivery, assigned, {
        nowMs: startMs,
        hearsSinceMs: this.#deps.hearsSinceMs(),
      }),
      cancelled: this.#cancelled.has(attemptId),
    } as const;
    const admission = admit(arrival);
    if (admission === "cancelled") return ack; // whoever heard the cancel answers it, see #cancelOutside
    if (admission === "claim") {
      const claim = await this.#deps.asking.untilAnswered(assigned, signal);
      if (afterClaim(arrival, claim) === "drop" || this.#cancelled.has(attemptId)) return ack;
    }
    const parsed = attemptOf(assigned, this.#kind.parseConfig, startMs);
    if ("refused" in parsed) return this.#refuse(assigned, parsed.refused, delivery);
    const again = admission === "claim"; // whatever made it ask may have hidden an earlier submission
    return this.#submit(parsed.attempt, delivery, { startMs, signal, again });
  }

  cancel(ref: AttemptRef, reason: string): void {
    this.#cancelled.add(ref.attemptId);
    if (this.#cancelling.has(ref.attemptId)) return; // it is said again until the attempt has ended
    this.#cancelling.add(ref.attemptId);
    this.#cancelOutside(ref, reason)
      .catch((error: unknown) => {
        const fields = { attempt_id: ref.attemptId, error };
        this.#deps.log.warn(fields, "a cancel did not get through; it will be said again");
      })
      .finally(() => this.#cancelling.delete(ref.attemptId));
  }

  held(): string[] {
    return [...this.#submitting.keys()];
  }

  stop(): void {}

  async #submit(
    attempt: Attempt,
    delivery: Delivery,
    { startMs, ...how }: Submission & { readonly startMs: number },
  ): Promise<Verdict> {
    const { attemptId } = attempt;
    const { tracing, updates, log } = this.#deps;
    const submitting = this.#kind.submit(attempt, how);
    this.#submitting.set(attemptId, submitting);
    try {
      const { link = "" } = await submitting;
      const said = { state: "accepted" as const };
      const times = { acceptedMs: startMs };
      const update = { ref: attempt, sequence: ACCEPTED_SEQUENCE, said, times, link };
      await updates.send(update, tracing.deliverySpan(attempt, delivery.deliveryCount));
      this.#wroteSpan(attempt, delivery, startMs);
      return ack;
    } catch (error) {
      if (error instanceof TaskFailure)
        return await this.#refuse(attempt, { state: "failed", failure: error.failure }, delivery);
      if (how.signal.aborted) return { do: "retry", delayMs: 0 };
      const delayMs = Math.min(RETRY_MS * 2 ** (delivery.deliveryCount - 1), RETRY_MS_MAX);
      const fields = { attempt_id: attemptId, run_id: attempt.runId, delay_ms: delayMs, error };
      log.warn(fields, `${this.#kind.kind} could not be submitted; tried again`);
      this.#rests(attemptId, delayMs);
      return { do: "retry", delayMs };
    } finally {
      if (this.#submitting.get(attemptId) === submitting) this.#submitting.delete(attemptId);
    }
  }

  /** Reports the outcome of an attempt that has nothing outside. */
  async #refuse(ref: AttemptRef, outcome: Outcome, delivery?: Delivery): Promise<Verdict> {
    const { tracing, now, say } = this.#deps;
    const endedMs = now();
    const { deliveryCount = 1 } = delivery ?? {};
    await say(this.#kind.kind, {
      ref,
      outcome,
      times: { endedMs, ...(delivery === undefined ? {} : { acceptedMs: endedMs }) },
      link: "",
      logTail: [],
      parentSpanId: tracing.deliverySpan(ref, deliveryCount),
    });
    if (delivery !== undefined) this.#wroteSpan(ref, delivery, endedMs, outcome);
    return ack;
  }

  /**
   * That nothing is outside is believed when it was looked for twice while nobody had the assignment: it has left the
   * stream, or rests there. Otherwise another replica may be about to create the job, as slowly as the outside answers.
   */
  async #cancelOutside(ref: AttemptRef, reason: string): Promise<void> {
    const { kind, unseenMs = UNSEEN_MS } = this.#kind;
    const assignment = subjects.task(kind, ref.attemptId);
    await this.#submitting.get(ref.attemptId)?.catch(() => undefined);
    for (let looks = 0, absent = 0; looks < LOOKS_MAX; looks++) {
      const isQueued =
        !this.#isResting(ref.attemptId) &&
        (await this.#deps.bus.hasMessage("CHASQUI_TASKS", assignment));
      const found = await this.#kind.cancel(ref, reason);
      if (found === "ended") await this.#kind.report(ref.attemptId);
      if (found !== "absent") return;
      absent = isQueued ? 0 : absent + 1;
      if (absent === 2) return void (await this.#refuse(ref, { state: "cancelled" }));
      await sleep(unseenMs);
    }
  }

  #rests(attemptId: string, delayMs: number): void {
    const nowMs = this.#deps.now();
    for (const [id, untilMs] of this.#resting) {
      if (untilMs > nowMs) break;
      this.#resting.delete(id);
    }
    this.#resting.set(attemptId, nowMs + delayMs);
  }
  #isResting(attemptId: string): boolean {
    return (this.#resting.get(attemptId) ?? 0) > this.#deps.now();
  }

  #wroteSpan(ref: AttemptRef, delivery: Delivery, startMs: number, outcome?: Outcome): void {
    this.#deps.tracing.wroteDelivery({
      ref,
      kind: this.#kind.kind,
      deliveryCount: delivery.deliveryCount,
      startMs,
      endMs: this.#deps.now(),
      error: outcome === undefined ? undefined : errorOf(outcome),
    });
  }
}
