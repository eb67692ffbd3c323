// Trigger rules: may a task run, given how its upstream ended so far? Airflow's meanings, as one total function.
//   `one_*` rules do not wait for the rest; a rule that can no longer be met says what the task becomes.
// Invariant U1: what a task becomes depends on how its upstream ended, never on which of it ended first. So all_success
// over a skip waits for the rest, for a failure among it counts for more; in Airflow the first to end decides.
import type { TriggerRule } from "../plan.ts";

export interface Counts {
  succeeded: number;
  failed: number;
  skipped: number;
  upstreamFailed: number;
  /** Upstream instances that are no longer part of the run count as ended, and for no outcome. */
  removed: number;
}

export type RuleVerdict = "wait" | "run" | "skip" | "upstream_failed";

export const noCounts = (): Counts => ({
  succeeded: 0,
  failed: 0,
  skipped: 0,
  upstreamFailed: 0,
  removed: 0,
});

/** Every upstream has ended. */
export const isDone = (counts: Counts, total: number): boolean =>
  counts.succeeded + counts.failed + counts.skipped + counts.upstreamFailed + counts.removed ===
  total;

/** `total` is the number of upstream tasks; a task without upstream always runs. */
export function ruleVerdict(rule: TriggerRule, counts: Counts, total: number): RuleVerdict {
  const { succeeded, skipped } = counts;
  const red = counts.failed + counts.upstreamFailed;
  const done = isDone(counts, total);
  if (total === 0 || rule === "always") return "run";
  switch (rule) {
    case "all_success":
      if (red > 0) return "upstream_failed";
      return !done ? "wait" : skipped > 0 ? "skip" : "run";
    case "all_failed":
      return succeeded + skipped > 0 ? "skip" : done ? "run" : "wait";
    case "all_done":
      return done ? "run" : "wait";
    case "all_done_min_one_success":
      if (!done) return "wait";
      return succeeded > 0 ? "run" : red > 0 ? "upstream_failed" : "skip";
    case "all_skipped":
      return succeeded + red > 0 ? "skip" : done ? "run" : "wait";
    case "one_success":
      if (succeeded > 0) return "run";
      if (!done) return "wait";
      return red > 0 ? "upstream_failed" : "skip";
    case "one_failed":
      return red > 0 ? "run" : done ? "skip" : "wait";
    case "one_done":
      return succeeded + counts.failed > 0 ? "run" : done ? "skip" : "wait";
    case "none_failed":
      return red > 0 ? "upstream_failed" : done ? "run" : "wait";
    case "none_failed_min_one_success":
      if (red > 0) return "upstream_failed";
      return !done ? "wait" : succeeded > 0 ? "run" : "skip";
    case "none_skipped":
      return skipped > 0 ? "skip" : done ? "run" : "wait";
    default: {
      const never: never = rule;
      throw new TypeError(`trigger rule ${String(never)}`);
    }
  }
}
