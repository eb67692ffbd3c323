// Asks the state machine whether an attempt is still wanted, for as long as it takes.
// Invariant: an outage of the state machine neither begins work unasked nor uses up deliveries: the assignment is
// held while we ask.
import type { AttemptRef } from "./attempt.ts";
import type { Claims, RunnerLog } from "./ports.ts";
import { sleep } from "./sleep.ts";

const RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;

export interface Asking {
  /** Rejects only when the signal fires. */
  untilAnswered(ref: AttemptRef, signal: AbortSignal): Promise<{ wanted: boolean; reason: string }>;
  /** One try; undefined without an answer. */
  once(ref: AttemptRef, signal: AbortSignal): Promise<{ wanted: boolean } | undefined>;
}

export function asking(claims: Claims, log: RunnerLog): Asking {
  const ask = (
    { runId, taskId, mapIndex, attempt }: AttemptRef,
    signal: AbortSignal,
  ): Promise<{ wanted: boolean; reason: string }> =>
    claims.claimAttempt({ runId, taskId, mapIndex, attempt }, { signal });
  return {
    async untilAnswered(ref, signal) {
      for (let delayMs = RETRY_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
        signal.throwIfAborted();
        try {
          return await ask(ref, signal);
        } catch (error) {
          signal.throwIfAborted();
          const fields = { attempt_id: ref.attemptId, delay_ms: delayMs, error };
          log.warn(fields, "the state machine does not say whether the attempt is wanted");
          await sleep(delayMs, signal);
        }
      }
    },
    async once(ref, signal) {
      try {
        return await ask(ref, signal);
      } catch {
        return undefined;
      }
    },
  };
}
