// What follows from one look at the outside. Pure: time and chance are arguments.
// Invariants:
//   W1. A wait ends by what it expects, by what can never come, or by its deadline; by nothing else.
//   W2. It is never looked at before its interval is over, and never after its deadline: the last look is at it.
//   W3. While nobody answers, the looks grow rarer, up to SILENCE_MS_MAX.
import type { Answer, Json, Outcome, Progress, SensorConfig } from "./wait.ts";

export const SILENCE_MS_MAX = 300_000;
/** Looks are spread by so much, so that waits that began together do not stay together. */
export const JITTER = 0.1;

export interface Look {
  readonly config: SensorConfig;
  readonly progress: Progress;
  readonly deadlineMs: number;
  readonly nowMs: number;
  readonly answer: Answer;
  /** Of the body; undefined when none is expected, a text when the expectation could not be evaluated. */
  readonly bodyFits: boolean | string | undefined;
  /** 0 to 1. */
  readonly chance: number;
}

export type Decision =
  | { readonly kind: "again"; readonly nextPollMs: number; readonly progress: Progress }
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly progress: Progress };

export function decide(look: Look): Decision {
  const { answer, nowMs, deadlineMs } = look;
  const progress = progressOf(look);
  if (answer.kind === "refused") {
    const failure = {
      class: "config",
      message: answer.message,
      evidence: evidenceOf(look, progress),
      permanent: true,
    } as const;
    return { kind: "ended", progress, outcome: { state: "failed", failure } };
  }
  if (answer.kind === "response" && fits(look)) {
    return { kind: "ended", progress, outcome: { state: "succeeded", output: outputOf(answer) } };
  }
  if (nowMs >= deadlineMs) return { kind: "ended", progress, outcome: timeUp(look, progress) };
  return { kind: "again", progress, nextPollMs: nextPoll(look, progress) };
}

/** What a task may leave, less what names and status take. */
const OUTPUT_BYTES_MAX = 65_000;
/** Whatever its characters are, so much of a text fits: a character is at most six bytes of JSON. */
const CUT_LENGTH = 10_000;

function outputOf({ status, body, cut }: Extract<Answer, { kind: "response" }>): Json {
  const whole = JSON.stringify(body);
  if (Buffer.byteLength(whole) <= OUTPUT_BYTES_MAX)
    return { status, body, ...(cut ? { cut: true } : {}) };
  const text = typeof body === "string" ? body : whole;
  return { status, body: text.slice(0, CUT_LENGTH).toWellFormed(), cut: true };
}

function fits({ answer, config, bodyFits }: Look): boolean {
  if (answer.kind !== "response") return false;
  const { status } = answer;
  const statusFits =
    config.expectStatus.length === 0
      ? status >= 200 && status <= 299
      : config.expectStatus.includes(status);
  return statusFits && (bodyFits === undefined || bodyFits === true);
}

function progressOf(look: Look): Progress {
  const { answer, progress } = look;
  return {
    polls: progress.polls + 1,
    silences: answer.kind === "silence" ? progress.silences + 1 : 0,
    note: noteOf(look),
  };
}

function noteOf({ answer, bodyFits, config }: Look): string {
  if (answer.kind !== "response") return answer.message;
  const { status } = answer;
  if (bodyFits === true || bodyFits === undefined || config.expectBody === undefined)
    return `answered ${status}`;
  return typeof bodyFits === "string"
    ? `answered ${status}; ${bodyFits}`
    : `answered ${status}; the body does not fit yet`;
}

function nextPoll({ config, nowMs, deadlineMs, chance }: Look, { silences }: Progress): number {
  const { intervalMs } = config;
  const longest = Math.max(intervalMs, SILENCE_MS_MAX);
  const backedOff = Math.min(intervalMs * 2 ** Math.min(Math.max(0, silences - 1), 20), longest);
  const spread = backedOff * JITTER * chance; // only later: never before the interval is over
  return Math.min(Math.round(nowMs + backedOff + spread), deadlineMs);
}

function timeUp(look: Look, progress: Progress): Outcome {
  const { config, answer } = look;
  const message = `${config.url} did not answer as expected in time: ${progress.note}`;
  if (config.softFail) return { state: "skipped", reason: message };
  const failure = {
    class: answer.kind === "silence" ? "upstream" : "timeout",
    message,
    evidence: evidenceOf(look, progress),
  } as const;
  return { state: "failed", failure };
}

function evidenceOf(
  { config, answer }: Look,
  { polls, silences, note }: Progress,
): Extract<Outcome, { state: "failed" }>["failure"]["evidence"] {
  return {
    url: config.url,
    polls,
    silences,
    note,
    ...(answer.kind === "response" ? { status: answer.status } : {}),
  };
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
