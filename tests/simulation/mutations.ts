// The known ways to break the design, each behind a flag. The simulator must see every one of them.
export const plainMutations = [
  "publish_before_commit",
  "ack_before_publish",
  "ack_before_work",
  "mailer_without_key",
  "timer_decided_directly",
  "tick_marked_before_start",
  "noop_from_stale_cache",
  "attempt_number_reset",
  "retry_before_old_seen_gone",
  "two_aggregates_one_loses",
] as const;

/** Of what travels together. */
export const bundleMutations = [
  "bundle_acked_with_first",
  "bundle_dead_with_one",
  "bundle_named_by_first",
] as const;

/** Of who stands still, and goes on. */
export type StillMutation =
  | "settled_too_late"
  | "late_taken_for_new"
  | "believed_beside_what_lost"
  | "assignment_young_again";

/** Of what only the other scenarios use: pools and a DAG that pauses itself; children and questions. */
export const limitsMutations = [
  "slots_back_at_cancel",
  "release_said_once",
  "settled_without_its_end",
  "order_named_anew",
] as const;
export const wantsMutations = [
  "child_started_unnamed",
  "child_left_at_work",
  "answer_told_before_commit",
] as const;

/** Of what people do to runs, of what is mapped, of what depends on the past. */
export const operationsMutations = [
  "clear_before_old_seen_gone",
  "command_named_anew",
  "command_told_before_commit",
  "rerun_of_what_is_current",
  "instances_share_a_name",
  "instances_mixed_up",
  "past_told_once",
  "settled_without_its_moment",
] as const;

export type Mutation =
  | "none"
  /** Seen where evidence is said again, too. */
  | "resay_without_state_filter"
  | (typeof plainMutations)[number]
  | (typeof bundleMutations)[number]
  /** Seen where the cluster is slow. */
  | "absence_believed_too_soon"
  | StillMutation
  | (typeof limitsMutations)[number]
  | (typeof wantsMutations)[number]
  | (typeof operationsMutations)[number];
