// From what became of the work to the outcome that is reported. Pure.
// Invariants:
//   C1. Success stands, also when a cancel or the time limit came while it was being reached.
//   C2. Without success, a cancel that was asked for ends as cancelled, and a limit that was passed as timeout.
//   C3. A cancel that nobody asked for is a failure, not a quiet end.
//   C4. Nothing that is reported exceeds its bound.
import type { FailureInit, Json, Outcome } from "../attempt.ts";

export const OUTPUT_BYTES_MAX = 65_536;
export const MESSAGE_LENGTH_MAX = 2_000;
export const EVIDENCE_BYTES_MAX = 16_384;
export const TAIL_LINES_MAX = 20;
export const TAIL_LINE_LENGTH_MAX = 1_000;

export type Ended =
  | { readonly how: "returned"; readonly outcome: Outcome }
  | { readonly how: "failed"; readonly failure: FailureInit }
  /** It was told to stop and did not. */
  | { readonly how: "deaf" };

export interface Circumstances {
  readonly cancelAsked: boolean;
  /** The limit that was passed. */
  readonly timedOutAfterMs: number | undefined;
}

export function conclude(ended: Ended, why: Circumstances): Outcome {
  if (ended.how === "returned") {
    const { outcome } = ended;
    if (outcome.state === "succeeded" || outcome.state === "skipped") return outcome;
  }
  if (why.cancelAsked) return { state: "cancelled" };
  if (why.timedOutAfterMs !== undefined)
    return { state: "failed", failure: timeout(why.timedOutAfterMs, ended) };
  if (ended.how === "failed") return { state: "failed", failure: ended.failure };
  if (ended.how === "returned" && ended.outcome.state === "failed") return ended.outcome;
  const message =
    ended.how === "deaf"
      ? "the work was left behind"
      : "the runner says cancelled, but nobody asked for it";
  return { state: "failed", failure: { class: "unknown", message } };
}

function timeout(limitMs: number, ended: Ended): FailureInit {
  const said =
    ended.how === "failed"
      ? ended.failure
      : ended.how === "returned" && ended.outcome.state === "failed"
        ? ended.outcome.failure
        : undefined;
  const stopped = ended.how === "deaf" ? " and did not stop when told to" : "";
  return {
    class: "timeout",
    message: `took longer than its timeout of ${limitMs} ms${stopped}`,
    evidence: { ...said?.evidence, ...(said === undefined ? {} : { said: said.message }) },
    ...(said?.logTail === undefined ? {} : { logTail: said.logTail }),
  };
}

/** The output as it is sent, or what is wrong with it. */
export function writeOutput(output: Json | undefined): { json: string } | { failure: FailureInit } {
  const json = output === undefined ? "" : JSON.stringify(output);
  const bytes = Buffer.byteLength(json);
  if (bytes <= OUTPUT_BYTES_MAX) return { json };
  return {
    failure: {
      class: "code",
      message: `output of ${bytes} bytes: want at most ${OUTPUT_BYTES_MAX}; put it in a bucket and return its address`,
      permanent: true,
    },
  };
}

/** The failure within its bounds, with the log's end when it brought none itself. */
export function bounded(
  failure: FailureInit,
  tail: readonly string[],
  mask: (text: string) => string,
): FailureInit {
  const evidence = boundedEvidence(failure.evidence, mask);
  return {
    ...failure,
    message: cut(mask(failure.message), MESSAGE_LENGTH_MAX),
    ...(evidence === undefined ? {} : { evidence }),
    logTail: (failure.logTail ?? tail)
      .slice(-TAIL_LINES_MAX)
      .map((line) => cut(mask(line), TAIL_LINE_LENGTH_MAX)),
  };
}

function boundedEvidence(
  evidence: FailureInit["evidence"],
  mask: (text: string) => string,
): FailureInit["evidence"] {
  if (evidence === undefined) return undefined;
  const text = mask(JSON.stringify(evidence));
  const bytes = Buffer.byteLength(text);
  if (bytes <= EVIDENCE_BYTES_MAX) return parseObject(text);
  return {
    cut: `evidence of ${bytes} bytes: at most ${EVIDENCE_BYTES_MAX} are kept`,
    text: cut(text, EVIDENCE_BYTES_MAX / 2),
  };
}

function parseObject(text: string): NonNullable<FailureInit["evidence"]> {
  try {
    return JSON.parse(text) as NonNullable<FailureInit["evidence"]>; // was an object before masking
  } catch {
    return { text }; // a mask that met JSON's own signs
  }
}

export function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
