// What to tell the server about a delivery, decided without telling it.
import { reasonOf, RejectError, RetryError } from "./errors.ts";

export type Settlement =
  | { readonly kind: "ack" }
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "dead"; readonly reason: string };

const BACKOFF_MS = 250;
const BACKOFF_MS_MAX = 60_000;

/** Grows with the failures of the message: 250 ms, 500 ms, … one minute. */
export const backoffMs = (failures: number): number =>
  Math.min(BACKOFF_MS * 2 ** Math.max(0, failures - 1), BACKOFF_MS_MAX);

/** How a message has failed so far in this process. The server's delivery count also counts what is not its fault. */
export interface FailureRecord {
  /** Failures in all: the delay grows with them. */
  readonly failures: number;
  /** Those that count against the message. */
  readonly ownFailures: number;
  /** The consumer's totals after its last failure. */
  readonly successesThen: number;
  readonly failuresThen: number;
}

export interface Totals {
  readonly successes: number;
  readonly failures: number;
}

/**
 * The record after one more failure; `totals` include it. A message fails alone, for its own fault, unless others
 * failed since its last failure and none succeeded: then a neighbour is down, and that never counts.
 */
export function afterFailure(before: FailureRecord | undefined, totals: Totals): FailureRecord {
  const isOutage =
    before !== undefined &&
    totals.successes === before.successesThen &&
    totals.failures - 1 > before.failuresThen;
  return {
    failures: (before?.failures ?? 0) + 1,
    ownFailures: (before?.ownFailures ?? 0) + (isOutage ? 0 : 1),
    successesThen: totals.successes,
    failuresThen: totals.failures,
  };
}

export function isOwnFailure(error: unknown): boolean {
  return !(error instanceof RejectError) && !(error instanceof RetryError);
}

/** `record` is that of the message with this failure in it; undefined when there was none. */
export function settlementOf(
  error: unknown,
  context: { readonly record: FailureRecord | undefined; readonly deliveriesMax: number },
): Settlement {
  if (error === undefined) return { kind: "ack" };
  if (error instanceof RejectError) return { kind: "dead", reason: error.message };
  if (error instanceof RetryError)
    return { kind: "retry", delayMs: Math.max(0, error.retryAfterMs) };
  const { record, deliveriesMax } = context;
  if (record !== undefined && record.ownFailures >= deliveriesMax)
    return {
      kind: "dead",
      reason: `gave up after ${record.failures} deliveries: ${reasonOf(error)}`,
    };
  return { kind: "retry", delayMs: backoffMs(record?.failures ?? 1) };
}
