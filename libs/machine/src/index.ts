// The door of @chasqui/machine: the pure machine of runs. It imports nothing; clock, chance and I/O are others' work.
export { APPROVAL_KIND, CHILD_KIND, GROUP_KIND, NOOP_KIND, attemptsMaxOf } from "./plan.ts";
export type {
  ClaimPlan,
  Evaluated,
  FailedAttempt,
  Json,
  MapPlan,
  Plan,
  PlanTask,
  RetryPolicy,
  RetryRule,
  RunFacts,
  Scope,
  TaskRole,
  TriggerRule,
} from "./plan.ts";
export { DEPTH_MAX, answerTo, parentOf, starterOf } from "./run/children.ts";
export type { Child, Parent } from "./run/children.ts";
export { decide } from "./run/decide.ts";
export type { Decided, Moment } from "./run/decide.ts";
export type { Named, Recorded, RunEvent, TaskEvent, Times } from "./run/events.ts";
export { evolve } from "./run/evolve.ts";
export { allWanted, effectsOf, isClaimable, isReopened, stillWanted } from "./run/follow.ts";
export type { RunEffect } from "./run/follow.ts";
export { fold, newRun } from "./run/fold.ts";
export type { RunInit } from "./run/fold.ts";
export { ASSIGN_MAX } from "./run/go-on.ts";
export { exitOf, itemOf, scopeOf } from "./run/scope.ts";
export { labelOf, nameOf, slotNamed, slotOf } from "./run/slots.ts";
export type {
  AnswerMessage,
  AttemptReport,
  ClearMessage,
  MarkMessage,
  RunDecision,
  RunMessage,
  Stray,
  TaskRef,
} from "./run/messages.ts";
export { answeredBy, isApprover } from "./run/approval.ts";
export { jitterOf } from "./run/retry.ts";
export { restore } from "./run/rows.ts";
export type { RunRow, TaskRow } from "./run/rows.ts";
export { noCounts, ruleVerdict } from "./run/rules.ts";
export type { Counts, RuleVerdict } from "./run/rules.ts";
export { snapshotOf } from "./run/snapshot.ts";
export {
  endedWell,
  failureClasses,
  isFinalTask,
  isHeld,
  isOutside,
  isSettled,
} from "./run/state.ts";
export type {
  Approval,
  ApprovalAnswer,
  CancelFor,
  Claim,
  Failure,
  FailureClass,
  MarkState,
  Question,
  RunState,
  RunStatus,
  TaskState,
  TaskStatus,
} from "./run/state.ts";
export { unhandled, verdictOf } from "./run/verdict.ts";
export { explainRun, explainTask } from "./explain/explain.ts";
export type { Cause, CauseKind, Explanation, Heard, Surroundings } from "./explain/explain.ts";
export type { Waits } from "./explain/circle.ts";
export { medianOf } from "./explain/expected.ts";
export type { Durations, Expected, Took } from "./explain/expected.ts";
export { waitsOf } from "./explain/waits.ts";
export type { Wait } from "./explain/waits.ts";
export { allGrants, decidePool } from "./pool/pool.ts";
export type { Asker, PoolDecision, PoolEffect, PoolMessage } from "./pool/pool.ts";
export { lineOf, newPool, poolRowOf, restorePool } from "./pool/state.ts";
export type { PoolClaim, PoolRow, PoolState } from "./pool/state.ts";
export { AUTO_PAUSE, tellPaused } from "./dag/auto-pause.ts";
export type { Counted, TellPaused } from "./dag/auto-pause.ts";
export { decideDag, evolveDag, newDag, waitingWanted } from "./dag/dag.ts";
export type {
  DagDecision,
  DagEffect,
  DagEvent,
  DagMessage,
  DagState,
  Overlap,
  VersionFacts,
} from "./dag/dag.ts";
