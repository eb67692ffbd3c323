// The known ways to break the design, each behind a flag. The simulator must see every one of them.
export const plainMutations = [
  "publish_before_commit",
  "ack_before_publish",
  "ack_before_work",
  "mailer_without_key",
  "resay_without_state_filter",
  "timer_decided_directly",
  "tick_marked_before_start",
  "noop_from_stale_cache",
  "attempt_number_reset",
  "retry_before_old_seen_gone",
  "two_aggregates_one_loses",
] as const;

/** Of what only the other scenarios use: pools and a DAG that pauses itself; children and questions. */
export const limitsMutations = [
  "slots_back_at_cancel",
  "release_said_once",
  "settled_without_its_end",
] as const;
export const wantsMutations = [
  "child_started_unnamed",
  "child_left_at_work",
  "answer_told_before_commit",
] as const;

export type Mutation =
  | "none"
  | (typeof plainMutations)[number]
  | (typeof limitsMutations)[number]
  | (typeof wantsMutations)[number];
