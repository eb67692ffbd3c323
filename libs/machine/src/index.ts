// The door of @chasqui/machine: the pure machine of runs. It imports nothing; clock, chance and I/O are others' work.
export { NOOP_KIND, attemptsMaxOf } from "./plan.ts";
export type {
  Evaluated,
  Json,
  Plan,
  PlanTask,
  RetryPolicy,
  RunFacts,
  Scope,
  TriggerRule,
} from "./plan.ts";
export { decide } from "./run/decide.ts";
export type { Decided, Moment } from "./run/decide.ts";
export type { Recorded, RunEvent, Times } from "./run/events.ts";
export { evolve } from "./run/evolve.ts";
export { allWanted, effectsOf, isClaimable, stillWanted } from "./run/follow.ts";
export type { RunEffect } from "./run/follow.ts";
export { fold, newRun } from "./run/fold.ts";
export type { RunInit } from "./run/fold.ts";
export { ASSIGN_MAX, scopeOf } from "./run/go-on.ts";
export type { AttemptReport, RunDecision, RunMessage, Stray } from "./run/messages.ts";
export { jitterOf } from "./run/retry.ts";
export { restore } from "./run/rows.ts";
export type { RunRow, TaskRow } from "./run/rows.ts";
export { noCounts, ruleVerdict } from "./run/rules.ts";
export type { Counts, RuleVerdict } from "./run/rules.ts";
export { snapshotOf } from "./run/snapshot.ts";
export { failureClasses, isFinalTask, isOutside, isSettled } from "./run/state.ts";
export type {
  Failure,
  FailureClass,
  RunState,
  RunStatus,
  TaskState,
  TaskStatus,
} from "./run/state.ts";
export { unhandled, verdictOf } from "./run/verdict.ts";
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
