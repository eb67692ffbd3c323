// When a job is asked about again. Pure.
// Invariant: soon after every change, then at growing distance, never beyond delayMsMax; while it is being cancelled,
// always soon: somebody waits for it.
import type { JobState } from "./job.ts";

export interface PollBounds {
  readonly delayMs: number;
  readonly delayMsMax: number;
}

export function nextPollDelay(
  of: { readonly state: JobState; readonly changed: boolean; readonly lastDelayMs: number },
  { delayMs, delayMsMax }: PollBounds,
): number {
  if (of.changed || of.state === "CANCELLING") return delayMs;
  return Math.min(Math.max(of.lastDelayMs, delayMs) * 1.5, delayMsMax);
}
