// When a wait is looked at next. Pure: chance is derived from the attempt, so the same history has the same times.
// Invariants:
//   P1. Never before the interval is over, never after the deadline: the last look is at it.
//   P2. The spread only makes it later, by a tenth at most, and differs from attempt to attempt and look to look.
//   P3. While nobody answers, looks grow rarer, up to SILENCE_MS_MAX.
import type { Pace } from "./wait.ts";

export const SILENCE_MS_MAX = 300_000;
/** Waits that began together do not stay together. */
export const SPREAD_MAX = 0.1;
const DOUBLINGS_MAX = 20;

export interface Step {
  readonly pace: Pace;
  readonly attemptId: string;
  /** Looks so far, this one included. */
  readonly polls: number;
  /** Of those, the last ones in a row that nobody answered. */
  readonly silences: number;
  readonly nowMs: number;
  readonly deadlineMs: number;
}

export function nextLook(step: Step): number {
  const regularMs = regular(step);
  const waitMs = Math.max(regularMs, step.silences > 0 ? inSilence(step) : 0);
  const spreadMs = waitMs * SPREAD_MAX * chanceOf(step.attemptId, step.polls);
  return Math.min(Math.round(step.nowMs + waitMs + spreadMs), step.deadlineMs);
}

function regular({ pace, polls }: Step): number {
  const grown = pace.intervalMs * pace.factor ** Math.max(0, polls - 1); // may be Infinity
  return Math.min(grown, Math.max(pace.intervalMs, pace.intervalMsMax));
}

function inSilence({ pace: { intervalMs }, silences }: Step): number {
  const doubled = intervalMs * 2 ** Math.min(silences - 1, DOUBLINGS_MAX);
  return Math.min(doubled, Math.max(intervalMs, SILENCE_MS_MAX));
}

/** 0 to below 1, by FNV-1a over both. */
function chanceOf(attemptId: string, polls: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${attemptId}:${polls}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  // FNV's high bits hardly move when only the last characters differ; one multiplication mixes them.
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
}
