// What follows from one look at the outside. Pure.
// Invariants:
//   W1. A wait ends by what it waits for, by what can never come, or by its deadline; by nothing else.
//   W2. What is there at the deadline is there: the last look counts.
//   W3. A wait whose own patience is over is not repeated: `timeout` is its whole patience, not that of an attempt.
import { nextLook } from "./pace.ts";
import type { JsonMap, Outcome, Progress, Seen, WaitSpec } from "./wait.ts";

export interface Look {
  readonly attemptId: string;
  /** What is waited for, as it stands after "waited in vain for". */
  readonly what: string;
  readonly spec: WaitSpec;
  readonly progress: Progress;
  readonly acceptedMs: number;
  readonly deadlineMs: number;
  readonly nowMs: number;
  readonly seen: Seen;
}

export type Decision =
  | { readonly kind: "again"; readonly nextPollMs: number; readonly progress: Progress }
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly progress: Progress };

export function decide(look: Look): Decision {
  const { seen, nowMs, deadlineMs } = look;
  const progress = progressOf(look);
  switch (seen.is) {
    case "there":
      return { kind: "ended", progress, outcome: { state: "succeeded", output: seen.output } };
    case "skip":
      return { kind: "ended", progress, outcome: { state: "skipped", reason: seen.note } };
    case "over": {
      const { note: message, class: kind, permanent } = seen;
      const failure = { class: kind, message, permanent, evidence: evidenceOf(look, progress) };
      return { kind: "ended", progress, outcome: { state: "failed", failure } };
    }
    case "not_yet":
    case "silent":
      if (nowMs >= deadlineMs) return { kind: "ended", progress, outcome: timeUp(look, progress) };
      return { kind: "again", progress, nextPollMs: nextPoll(look, progress) };
  }
}

function progressOf({ seen, progress }: Look): Progress {
  return {
    polls: progress.polls + 1,
    silences: seen.is === "silent" ? progress.silences + 1 : 0,
    note: seen.note,
    cursor: seen.is === "not_yet" && seen.cursor !== undefined ? seen.cursor : progress.cursor,
  };
}

function nextPoll(look: Look, { polls, silences }: Progress): number {
  const { seen, attemptId, spec, nowMs, deadlineMs } = look;
  if (seen.is === "not_yet" && seen.nextMs !== undefined)
    return Math.min(Math.max(seen.nextMs, nowMs), deadlineMs);
  return nextLook({ pace: spec.pace, attemptId, polls, silences, nowMs, deadlineMs });
}

function timeUp(look: Look, progress: Progress): Outcome {
  const { what, spec, acceptedMs, deadlineMs, seen } = look;
  const waited = inWords(deadlineMs - acceptedMs);
  const message = `waited ${waited} in vain for ${what}: ${progress.note}`;
  if (spec.softFail) return { state: "skipped", reason: message };
  const failure = {
    class: seen.is === "silent" ? "upstream" : "timeout",
    message,
    evidence: evidenceOf(look, progress),
    permanent: spec.timeoutMs !== undefined && deadlineMs - acceptedMs >= spec.timeoutMs,
  } as const;
  return { state: "failed", failure };
}

function evidenceOf({ what, seen }: Look, { polls, silences, note }: Progress): JsonMap {
  const facts = seen.is === "not_yet" || seen.is === "over" ? seen.evidence : undefined;
  return { waited_for: what, polls, silences, note, ...facts };
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** As DAG files write it: 1h30m; the two largest units that count. */
function inWords(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(ms));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  return parts.join("") || "0s";
}

/** When a wait is over, whatever the outside says. */
export function deadlineOf(of: {
  readonly nowMs: number;
  readonly timeoutsMs: readonly (number | undefined)[];
  readonly longestMs: number;
}): number {
  const known = of.timeoutsMs.filter((ms) => ms !== undefined);
  return of.nowMs + Math.min(...known, of.longestMs);
}
