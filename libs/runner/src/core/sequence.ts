// Sequence numbers of updates, fixed by what is said and not by how many were said before. Pure.
// Invariants:
//   N1. Two replicas that say the same step of an attempt use the same number, hence the same message id:
//       saying it twice is saying it once.
//   N2. An attempt has one outcome number, above all others: a redelivered attempt whose second life says
//       less than its first cannot have its outcome taken for an old message.

export const ACCEPTED_SEQUENCE = 1;
export const RUNNING_SEQUENCE = 2;
export const OUTCOME_SEQUENCE = 1_000_000;

/** Progress updates that one delivery may send. */
export const PROGRESS_MAX = 1_000;

/** The number of the n-th (from 1) progress update of a delivery; later deliveries count on above it. */
export function progressSequence(at: {
  readonly deliveryCount: number;
  readonly n: number;
}): number {
  const life = Math.max(0, at.deliveryCount - 1);
  return Math.min(RUNNING_SEQUENCE + life * PROGRESS_MAX + at.n, OUTCOME_SEQUENCE - 1);
}
