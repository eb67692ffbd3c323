// Words of the protobuf form as the machine says them.
import {
  ForEachMode,
  RetryOutcome,
  TaskRole as Role,
  TriggerRule as Rule,
} from "@chasqui/contracts";
import type { RetryRule, TaskRole, TriggerRule } from "@chasqui/machine";

export const ruleNames: Readonly<Record<number, TriggerRule>> = {
  [Rule.UNSPECIFIED]: "all_success",
  [Rule.ALL_SUCCESS]: "all_success",
  [Rule.ALL_FAILED]: "all_failed",
  [Rule.ALL_DONE]: "all_done",
  [Rule.ALL_DONE_MIN_ONE_SUCCESS]: "all_done_min_one_success",
  [Rule.ALL_SKIPPED]: "all_skipped",
  [Rule.ONE_SUCCESS]: "one_success",
  [Rule.ONE_FAILED]: "one_failed",
  [Rule.ONE_DONE]: "one_done",
  [Rule.NONE_FAILED]: "none_failed",
  [Rule.NONE_FAILED_MIN_ONE_SUCCESS]: "none_failed_min_one_success",
  [Rule.NONE_SKIPPED]: "none_skipped",
  [Rule.ALWAYS]: "always",
};

export const roleNames: Readonly<Record<number, TaskRole>> = {
  [Role.UNSPECIFIED]: "work",
  [Role.WORK]: "work",
  [Role.SETUP]: "setup",
  [Role.TEARDOWN]: "teardown",
  [Role.ON_EXIT]: "on_exit",
};

export const outcomeNames: Readonly<Record<number, RetryRule["outcome"]>> = {
  [RetryOutcome.RETRY]: "retry",
  [RetryOutcome.FAIL]: "fail",
  [RetryOutcome.SKIP]: "skip",
};

export const isProduct = (mode: ForEachMode): boolean => mode === ForEachMode.PRODUCT;
