// The words of the YAML form and what they mean in the protobuf form, and the defaults that the compiler writes out.
import {
  AlertOn,
  Catchup,
  ClockFold,
  ClockGap,
  Overlap,
  RetryOutcome,
  RunOutcome,
  RunsFor,
  TriggerRule,
} from "@chasqui/contracts";

export const catchupWords = {
  none: Catchup.NONE,
  latest: Catchup.LATEST,
  all: Catchup.ALL,
} as const;

export const overlapWords = {
  queue: Overlap.QUEUE,
  skip: Overlap.SKIP,
  cancel_other: Overlap.CANCEL_OTHER,
  allow: Overlap.ALLOW,
} as const;

export const gapWords = { shift: ClockGap.SHIFT, skip: ClockGap.SKIP } as const;

export const foldWords = {
  first: ClockFold.FIRST,
  both: ClockFold.BOTH,
  last: ClockFold.LAST,
} as const;

export const runsForWords = { tick: RunsFor.TICK, interval: RunsFor.INTERVAL } as const;

export const triggerRuleWords = {
  all_success: TriggerRule.ALL_SUCCESS,
  all_failed: TriggerRule.ALL_FAILED,
  all_done: TriggerRule.ALL_DONE,
  all_done_min_one_success: TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
  all_skipped: TriggerRule.ALL_SKIPPED,
  one_success: TriggerRule.ONE_SUCCESS,
  one_failed: TriggerRule.ONE_FAILED,
  one_done: TriggerRule.ONE_DONE,
  none_failed: TriggerRule.NONE_FAILED,
  none_failed_min_one_success: TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
  none_skipped: TriggerRule.NONE_SKIPPED,
  always: TriggerRule.ALWAYS,
} as const;

export const alertWords = {
  failed: AlertOn.FAILED,
  retrying: AlertOn.RETRYING,
  late: AlertOn.LATE,
  succeeded: AlertOn.SUCCEEDED,
} as const;

export const retryOutcomeWords = {
  retry: RetryOutcome.RETRY,
  fail: RetryOutcome.FAIL,
  skip: RetryOutcome.SKIP,
} as const;

export const outcomeWords = {
  succeeded: RunOutcome.SUCCEEDED,
  failed: RunOutcome.FAILED,
  cancelled: RunOutcome.CANCELLED,
} as const;

/** The word for a value, for people and for the YAML form. */
export function wordOf<T>(words: Readonly<Record<string, T>>, value: T): string | undefined {
  return Object.keys(words).find((word) => words[word] === value);
}

export const defaults = {
  timezone: "UTC",
  catchup: Catchup.LATEST,
  overlap: Overlap.QUEUE,
  runsFor: RunsFor.TICK,
  triggerRule: TriggerRule.ALL_SUCCESS,
  /** Of a retry policy that says only how often. */
  backoffMs: 30_000,
  factor: 2,
  backoffMsMax: 600_000,
} as const;

export const dagFields = [
  ...["id", "owner", "description", "tags", "schedule", "triggers", "params", "defaults", "groups"],
  ...["tasks", "alerts", "max_active_runs", "max_active_tasks", "auto_pause_after", "timeout"],
  "was",
] as const;
export const scheduleFields = [
  ...["cron", "every", "anchor", "dates", "timezone", "start", "end", "exclude", "gap", "fold"],
  ...["jitter", "runs_for", "key", "catchup", "catchup_window", "overlap"],
] as const;
export const holidayFileFields = ["file"] as const;
export const conditionFields = ["event", "dag", "asset", "all", "any"] as const;
export const triggerFields = [
  ...[...conditionFields, "key", "params", "batch", "rate", "within"],
] as const;
export const dagConditionFields = ["id", "state", "when"] as const;
export const batchFields = ["window", "quiet", "max"] as const;
export const rateFields = ["max", "per"] as const;
export const eventFields = ["subject", "when"] as const;
/** Of the DAG, and of a group for its tasks. */
export const defaultsFields = [
  ...["retries", "timeout", "total_timeout", "start_timeout", "pool", "priority"],
] as const;
export const retryFields = ["max", "backoff", "factor", "max_backoff", "on", "rules"] as const;
export const retryRuleFields = ["when", "then", "backoff"] as const;
export const alertFields = ["on", "slack"] as const;
export const taskFields = [
  ...["description", "group", "needs", "uses", "with", "when", "trigger_rule", "for_each"],
  ...["setup", "teardown", "on_exit", "retries", "timeout", "total_timeout", "start_timeout"],
  ...["allow_failure", "pool", "priority", "max_active", "concurrency", "depends_on_past"],
  ...["produces", "was"],
] as const;
export const groupFields = [
  ...["description", "group", "needs", "for_each", "trigger_rule", "when", "defaults"],
] as const;
export const forEachFields = ["in", "zip", "product", "parallel", "label", "max"] as const;
export const poolFields = ["name", "slots"] as const;
export const concurrencyFields = ["key", "max"] as const;

/** Names that expressions of a run may use. */
export const runRoots = ["run", "params", "event", "events", "tasks", "vars"] as const;
export const runScopeFields = [
  ...["id", "dag_id", "key", "date", "logical_time", "interval", "cause", "is_latest"],
] as const;
/** Beside these, in the expressions of an instance of a mapping. */
export const instanceRoots = ["item", "index"] as const;
/** Fields of `run` beside those, in an on_exit task: when it runs, everything else has ended. */
export const exitScopeFields = ["state", "failed_tasks"] as const;
/** Names that the rules of `retries` may use. */
export const retryRoots = ["failure", "attempt"] as const;
export const failureScopeFields = ["class", "message", "exit_code", "evidence"] as const;
/** While a trigger is judged there is no run yet. */
export const triggerRunFields = ["dag_id", "date", "logical_time"] as const;
/** While a tick is named there is no run yet. */
export const tickRunFields = ["dag_id", "date", "logical_time", "interval", "cause"] as const;
export const eventScopeFields = ["data", "id", "source", "subject", "type", "time"] as const;
