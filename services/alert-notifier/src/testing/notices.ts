// Notices for tests: literals with what matters.
import type { Notice, RunRef, SettledState, TaskFailure } from "../core/facts.ts";

export const run = (version: number): RunRef => ({
  runId: "run-00000000000000000000000001",
  dagId: "carrier-daily-costs",
  dagVersion: 3,
  version,
  environment: "prod",
  key: "2026-11-22",
  logicalMs: Date.UTC(2026, 10, 23),
});

export const failure = (rest: Partial<TaskFailure> = {}): TaskFailure => ({
  taskId: "aggregate",
  mapIndex: -1,
  attempt: 1,
  attemptsMax: 4,
  failureClass: "code",
  message: "exit code 3",
  logTail: ["line 1", "line 2"],
  ...rest,
});

export const failed = (version: number, ...failures: readonly TaskFailure[]): Notice => ({
  what: "task-failed",
  run: run(version),
  failures: failures.length === 0 ? [failure()] : failures,
});

export const retrying = (version: number, ...failures: readonly TaskFailure[]): Notice => ({
  what: "task-retrying",
  run: run(version),
  failures: failures.length === 0 ? [failure()] : failures,
});

export const recovered = (version: number, taskId = "aggregate", mapIndex = -1): Notice => ({
  what: "task-recovered",
  run: run(version),
  tasks: [{ taskId, mapIndex }],
});

export const autoPaused = (): Notice => ({
  what: "dag-auto-paused",
  run: { ...run(0), key: "", logicalMs: 0 },
  reason: "its last 2 runs failed",
  runIds: ["run-00000000000000000000000000", run(0).runId],
});

export const settled = (
  version: number,
  state: SettledState,
  failures: readonly TaskFailure[] = [],
): Notice => ({
  what: "run-settled",
  run: run(version),
  state,
  reason: state === "succeeded" ? "" : "a task failed",
  failures,
});

export const question = {
  ...{ taskId: "go", mapIndex: -1, attempt: 1, message: "Publish <the> prices?" },
  ...{ approvers: ["ana"], hasForm: false, fallback: "reject" },
} as const;

export const askedFor = (version: number, more: { readonly hasForm?: boolean } = {}): Notice => ({
  what: "approval-asked",
  run: run(version),
  question: { ...question, ...more },
});

export const answered = (version: number): Notice => ({
  what: "approval-closed",
  run: run(version),
  question: { taskId: "go", mapIndex: -1, attempt: 1 },
  closing: { outcome: "approved", by: "slack:U1", comment: "fine" },
});
