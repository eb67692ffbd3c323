// What a runner works with: an attempt, how it may end, and why it may fail.
// Invariant: an Outcome says all that the state machine needs; nothing is decided here about retries.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

export type Json = JsonValue;

/** Which attempt something is about, and in whose trace. */
export interface AttemptRef {
  /** Derived; the name of the pod or job, and the idempotency key of everything that is done for it. */
  readonly attemptId: string;
  readonly runId: string;
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** Counted from 1, never restarts. */
  readonly attempt: number;
  /** W3C trace context of the assignment. */
  readonly traceparent: string | undefined;
}

/** One attempt of one task, with the configuration as the kind's parser returned it. */
export interface Attempt<C = unknown> extends AttemptRef {
  readonly dagId: string;
  readonly kind: string;
  readonly config: C;
  readonly attemptsMax: number;
  readonly environment: string;
  /** The run's logical time, RFC 3339 in UTC. */
  readonly logicalTime: string;
  readonly runKey: string;
  readonly assignedMs: number;
  /** Milliseconds it may take from its start; absent for no limit. */
  readonly timeoutMs: number | undefined;
  /** When that is over for work that starts now; absent for no limit. */
  readonly deadlineMs: number | undefined;
}

export const failureClasses = [
  "code",
  "out_of_memory",
  "image",
  "config",
  "evicted",
  "quota",
  "timeout",
  "lost",
  "upstream",
  "infra",
  "unknown",
] as const;
export type FailureKind = (typeof failureClasses)[number];

export interface FailureInit {
  readonly class: FailureKind;
  /** One line for people: the thing, the value it had, what was wanted. */
  readonly message: string;
  /** Facts: exit code, conditions, answers. */
  readonly evidence?: JsonObject;
  /** The last log lines, oldest first; filled in by the runner when absent. */
  readonly logTail?: readonly string[];
  /** The work never began, so repeating it is free of charge. */
  readonly neverStarted?: boolean;
  /** A repeat cannot help. */
  readonly permanent?: boolean;
}

export type Outcome =
  | { readonly state: "succeeded"; readonly output?: Json }
  | { readonly state: "failed"; readonly failure: FailureInit }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "cancelled" };

/** Times of an attempt, in milliseconds since 1970; absent when the step was not reached. */
export interface AttemptTimes {
  readonly acceptedMs?: number;
  readonly startedMs?: number;
  readonly endedMs?: number;
}

/** Thrown by a runner's work to fail with a class and evidence; any other error is `code`. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";
  readonly failure: FailureInit;
  constructor(failure: FailureInit, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** `with` does not fit the kind. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}
