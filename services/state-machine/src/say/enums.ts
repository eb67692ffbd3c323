// The machine's words as protobuf enum values, both ways. Written once.
import { AttemptState, FailureClass, RunCauseKind, RunState, TaskState } from "@chasqui/contracts";
import type { FailureClass as FailureWord, RunStatus, TaskStatus } from "@chasqui/machine";

export const runStates: Readonly<Record<RunStatus, RunState>> = {
  queued: RunState.QUEUED,
  running: RunState.RUNNING,
  cancelling: RunState.CANCELLING,
  succeeded: RunState.SUCCEEDED,
  failed: RunState.FAILED,
  cancelled: RunState.CANCELLED,
};

export const taskStates: Readonly<Record<TaskStatus, TaskState>> = {
  waiting: TaskState.WAITING,
  queued: TaskState.QUEUED,
  assigned: TaskState.ASSIGNED,
  running: TaskState.RUNNING,
  cancelling: TaskState.CANCELLING,
  retrying: TaskState.RETRYING,
  awaiting_approval: TaskState.AWAITING_APPROVAL,
  succeeded: TaskState.SUCCEEDED,
  failed: TaskState.FAILED,
  skipped: TaskState.SKIPPED,
  upstream_failed: TaskState.UPSTREAM_FAILED,
  cancelled: TaskState.CANCELLED,
  removed: TaskState.REMOVED,
};

export const failureClasses: Readonly<Record<FailureWord, FailureClass>> = {
  code: FailureClass.CODE,
  out_of_memory: FailureClass.OUT_OF_MEMORY,
  image: FailureClass.IMAGE,
  config: FailureClass.CONFIG,
  evicted: FailureClass.EVICTED,
  quota: FailureClass.QUOTA,
  timeout: FailureClass.TIMEOUT,
  lost: FailureClass.LOST,
  upstream: FailureClass.UPSTREAM,
  infra: FailureClass.INFRA,
  rejected: FailureClass.REJECTED,
  unknown: FailureClass.UNKNOWN,
};

export const causeKinds = {
  schedule: RunCauseKind.SCHEDULE,
  trigger: RunCauseKind.TRIGGER,
  manual: RunCauseKind.MANUAL,
  backfill: RunCauseKind.BACKFILL,
  parent: RunCauseKind.PARENT,
} as const;

const inverse = <K extends string>(map: Readonly<Record<K, number>>): ReadonlyMap<number, K> =>
  new Map((Object.keys(map) as K[]).map((key) => [map[key], key]));

export const failureWords = inverse(failureClasses);
export const causeWords = inverse(causeKinds);
export const runWords = inverse(runStates);

export const attemptStates = {
  accepted: AttemptState.ACCEPTED,
  running: AttemptState.RUNNING,
  succeeded: AttemptState.SUCCEEDED,
  failed: AttemptState.FAILED,
  skipped: AttemptState.SKIPPED,
  cancelled: AttemptState.CANCELLED,
} as const;
export const attemptWords = inverse(attemptStates);
