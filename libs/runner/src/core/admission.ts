// What to do with an assignment that was delivered: run it, ask first, or refuse it. Pure.
// Invariants:
//   A1. Work begins without asking only on the first delivery of a young assignment, decided since this process hears
//       cancels: everything else asks ClaimAttempt before any side effect.
//   A2. A call runner begins an attempt at most DELIVERIES_MAX times: what killed three replicas is not
//       given a fourth one, but reported lost.
//   A3. What was cancelled before it began never begins.

/** Older than this, an assignment may have been decided otherwise meanwhile. */
export const CLAIM_AGE_MS = 10_000;

/** Beginnings of one attempt by call runners. */
export const DELIVERIES_MAX = 3;

export type Shape = "call" | "job";

export interface Arrival {
  readonly shape: Shape;
  /** 1 = first. */
  readonly deliveryCount: number;
  /** Since it was decided: by `sinceDecided`. */
  readonly ageMs: number;
  /** Its cancel may have been said before this process heard cancels. */
  readonly isUnheard: boolean;
  /** A cancel for this attempt came before it. */
  readonly cancelled: boolean;
}

/**
 * How old it is, and what may have been missed. Whoever decided it may have stood still before he said it, so that it is
 * young for the stream; where clocks disagree it counts as older rather than younger, for asking does no harm.
 */
export function sinceDecided(
  { ageMs }: { readonly ageMs: number },
  { assignedMs }: { readonly assignedMs: number },
  { nowMs, hearsSinceMs }: { readonly nowMs: number; readonly hearsSinceMs: number },
): Pick<Arrival, "ageMs" | "isUnheard"> {
  const decidedMs = Math.min(nowMs - ageMs, assignedMs);
  return { ageMs: nowMs - decidedMs, isUnheard: decidedMs < hearsSinceMs };
}

export type Admission = "begin" | "claim" | "cancelled";

export function admit(arrival: Arrival): Admission {
  if (arrival.cancelled) return "cancelled";
  const { deliveryCount, ageMs, isUnheard } = arrival;
  return deliveryCount > 1 || ageMs >= CLAIM_AGE_MS || isUnheard ? "claim" : "begin";
}

export type Claimed = "begin" | "drop" | "lost";

/** After ClaimAttempt has answered. */
export function afterClaim(
  arrival: Pick<Arrival, "shape" | "deliveryCount">,
  claim: { readonly wanted: boolean },
): Claimed {
  if (!claim.wanted) return "drop";
  // A job is found again by its name, so submitting it once more is harmless.
  return arrival.shape === "call" && arrival.deliveryCount > DELIVERIES_MAX ? "lost" : "begin";
}
