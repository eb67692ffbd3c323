// States as people see them: a shape and a colour and a word, so that none of them alone has to be understood.
import type { ApiDelivery, ApiTick, RunState, TaskState } from "../src/api.ts";

export type AnyState = RunState | TaskState | ApiTick["outcome"] | ApiDelivery["state"];

type Tone = "good" | "bad" | "busy" | "wait" | "warn" | "off";

const tones: Readonly<Record<AnyState, Tone>> = {
  succeeded: "good",
  sent: "good",
  fired: "good",
  failed: "bad",
  running: "busy",
  claimed: "busy",
  firing: "busy",
  assigned: "busy",
  queued: "wait",
  waiting: "wait",
  awaiting_approval: "warn",
  cancelling: "warn",
  retrying: "warn",
  unconfirmed: "warn",
  upstream_failed: "warn",
  missed: "warn",
  skipped: "off",
  cancelled: "off",
  removed: "off",
  left_out: "off",
  suppressed: "off",
  unknown: "off",
};

export const toneOf = (state: AnyState): Tone => tones[state];
export const wordOf = (state: AnyState): string => state.replaceAll("_", " ");

const settledRuns: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);
export const isSettled = (state: RunState): boolean => settledRuns.has(state);

const finalTasks: ReadonlySet<string> = new Set([
  "succeeded",
  "failed",
  "skipped",
  "upstream_failed",
  "cancelled",
  "removed",
]);
export const isFinal = (state: TaskState): boolean => finalTasks.has(state);

const shapes: Readonly<Record<Tone, string>> = {
  good: "M4.6 8.3l2.3 2.3 4.5-5",
  bad: "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2",
  busy: "M8 4.2v4l2.7 1.7",
  wait: "M5 8h.01M8 8h.01M11 8h.01",
  warn: "M8 4.4v4.4M8 11.4h.01",
  off: "M5 8h6",
};

/** 16 by 16; the ring of what is under way turns. */
export function Mark({ state, size = 16 }: { readonly state: AnyState; readonly size?: number }) {
  const tone = toneOf(state);
  const isFilled = tone === "good" || tone === "bad";
  return (
    <svg
      className={`mark ${tone}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      <circle className={isFilled ? "disc" : "ring"} cx="8" cy="8" r="6.6" />
      <path className={isFilled ? "sign on-disc" : "sign"} d={shapes[tone]} />
    </svg>
  );
}

export function StateTag({ state }: { readonly state: AnyState }) {
  return (
    <span className={`tag ${toneOf(state)}`}>
      <Mark state={state} />
      {wordOf(state)}
    </span>
  );
}
