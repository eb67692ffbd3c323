import { describe, expect, test } from "vitest";
import type { Outcome } from "../attempt.ts";
import {
  EVIDENCE_BYTES_MAX,
  MESSAGE_LENGTH_MAX,
  OUTPUT_BYTES_MAX,
  TAIL_LINES_MAX,
  TAIL_LINE_LENGTH_MAX,
  bounded,
  conclude,
  writeOutput,
} from "./conclude.ts";
import type { Ended } from "./conclude.ts";

const endings: Record<string, Ended> = {
  "returns succeeded": { how: "returned", outcome: { state: "succeeded", output: 1 } },
  "returns skipped": { how: "returned", outcome: { state: "skipped", reason: "nothing to do" } },
  "returns failed": {
    how: "returned",
    outcome: { state: "failed", failure: { class: "upstream", message: "503" } },
  },
  "returns cancelled": { how: "returned", outcome: { state: "cancelled" } },
  throws: { how: "failed", failure: { class: "code", message: "boom" } },
  "does not stop": { how: "deaf" },
};

describe("what work comes to", () => {
  test("every ending under every circumstance", () => {
    const rows = Object.entries(endings).flatMap(([name, ended]) =>
      [false, true].flatMap((cancelAsked) =>
        [undefined, 5_000].map((timedOutAfterMs) => {
          const outcome = conclude(ended, { cancelAsked, timedOutAfterMs });
          const why = [
            ...(cancelAsked ? ["cancelled"] : []),
            ...(timedOutAfterMs === undefined ? [] : ["timed out"]),
          ];
          return `${name}${why.length === 0 ? "" : `, ${why.join(", ")}`}: ${shown(outcome)}`;
        }),
      ),
    );
    expect(rows).toEqual([
      "returns succeeded: succeeded",
      "returns succeeded, timed out: succeeded",
      "returns succeeded, cancelled: succeeded",
      "returns succeeded, cancelled, timed out: succeeded",
      "returns skipped: skipped",
      "returns skipped, timed out: skipped",
      "returns skipped, cancelled: skipped",
      "returns skipped, cancelled, timed out: skipped",
      "returns failed: upstream: 503",
      "returns failed, timed out: timeout: took longer than its timeout of 5000 ms",
      "returns failed, cancelled: cancelled",
      "returns failed, cancelled, timed out: cancelled",
      "returns cancelled: unknown: the runner says cancelled, but nobody asked for it",
      "returns cancelled, timed out: timeout: took longer than its timeout of 5000 ms",
      "returns cancelled, cancelled: cancelled",
      "returns cancelled, cancelled, timed out: cancelled",
      "throws: code: boom",
      "throws, timed out: timeout: took longer than its timeout of 5000 ms",
      "throws, cancelled: cancelled",
      "throws, cancelled, timed out: cancelled",
      "does not stop: unknown: the work was left behind",
      "does not stop, timed out: timeout: took longer than its timeout of 5000 ms and did not stop when told to",
      "does not stop, cancelled: cancelled",
      "does not stop, cancelled, timed out: cancelled",
    ]);
  });

  test("a timeout keeps what the work said", () => {
    const outcome = conclude(
      { how: "failed", failure: { class: "code", message: "aborted", evidence: { at: "row 7" } } },
      { cancelAsked: false, timedOutAfterMs: 5_000 },
    );
    expect(outcome).toMatchObject({ failure: { evidence: { at: "row 7", said: "aborted" } } });
  });
});

function shown(outcome: Outcome): string {
  return outcome.state === "failed"
    ? `${outcome.failure.class}: ${outcome.failure.message}`
    : outcome.state;
}

describe("output", () => {
  test("none is empty, null is null", () => {
    expect(writeOutput(undefined)).toEqual({ json: "" });
    expect(writeOutput(null)).toEqual({ json: "null" });
  });

  test("at its bound it passes, one byte more fails for good", () => {
    const quotes = 2;
    const fits = "x".repeat(OUTPUT_BYTES_MAX - quotes);
    expect(writeOutput(fits)).toEqual({ json: JSON.stringify(fits) });
    expect(writeOutput(`${fits}x`)).toMatchObject({
      failure: { class: "code", permanent: true, message: /65537 bytes: want at most 65536/ },
    });
  });

  test("bytes count, not characters", () => {
    expect(writeOutput("ñ".repeat(OUTPUT_BYTES_MAX / 2))).toHaveProperty("failure");
  });
});

describe("a failure within its bounds", () => {
  const hide = (text: string): string => text.replaceAll("hunter2", "[secret]");

  test("masks message, evidence and log", () => {
    const failure = {
      class: "code",
      message: "hunter2 refused",
      evidence: { answer: { said: "no hunter2" } },
    } as const;
    expect(bounded(failure, ["login hunter2"], hide)).toEqual({
      class: "code",
      message: "[secret] refused",
      evidence: { answer: { said: "no [secret]" } },
      logTail: ["login [secret]"],
    });
  });

  test("cuts what is too long", () => {
    const failure = {
      class: "code",
      message: "m".repeat(MESSAGE_LENGTH_MAX + 1),
      evidence: { page: "e".repeat(EVIDENCE_BYTES_MAX) },
    } as const;
    const tail = Array.from({ length: TAIL_LINES_MAX + 5 }, (_, n) => `${n} ${"l".repeat(2_000)}`);
    const cut = bounded(failure, tail, hide);
    expect(cut.message).toHaveLength(MESSAGE_LENGTH_MAX);
    expect(cut.logTail).toHaveLength(TAIL_LINES_MAX);
    expect(cut.logTail?.[0]).toMatch(/^5 l+…$/);
    expect(cut.logTail?.[0]).toHaveLength(TAIL_LINE_LENGTH_MAX);
    expect(JSON.stringify(cut.evidence).length).toBeLessThan(EVIDENCE_BYTES_MAX);
    expect(cut.evidence).toHaveProperty("cut");
  });

  test("keeps the log lines that the failure brought itself", () => {
    const failure = { class: "code", message: "m", logTail: ["its own"] } as const;
    expect(bounded(failure, ["the runner's"], hide).logTail).toEqual(["its own"]);
  });
});
