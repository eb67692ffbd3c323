// The two shapes of runners, as their authors write them.
import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt, AttemptRef, AttemptTimes, Outcome } from "./attempt.ts";
import type { CallContext } from "./context.ts";
import type { HeldJob } from "./core/sweep.ts";
import type { AttemptLog } from "./logs.ts";
import type { RunnerPart } from "./ports.ts";

interface KindOf<C> {
  /** For example `acme.invoice`. */
  readonly kind: string;
  /** One sentence for people. */
  readonly description: string;
  /** JSON Schema of `with`. */
  readonly schema: JsonObject;
  /** Throws ConfigError, or any error whose message says what is wrong. */
  parseConfig(config: unknown): C;
  /** Assignments in hand at a time; at most 128 are taken one by one, more in batches. */
  readonly concurrency: number;
}

/** Does the work while it holds the message: if the process dies, the message comes back. */
export interface CallKind<C> extends KindOf<C> {
  /**
   * The attempt's id is the idempotency key of everything done outside: after a crash the same attempt may begin
   * again. Throw TaskFailure to fail with a class and evidence; any other error is of class `code`.
   */
  run(attempt: Attempt<C>, context: CallContext): Promise<Outcome>;
}

/** Hands the work to something that is itself durable, then watches it: a dead runner loses nothing. */
export interface JobKind<C> extends KindOf<C> {
  /**
   * Creates the job outside, or finds it there: by a name derived from the attempt, or by look-up before. Throw
   * TaskFailure when it is refused for good; any other error means: not now.
   */
  submit(attempt: Attempt<C>, how: Submission): Promise<{ readonly link?: string }>;
  /** Finds what is there by label and reports on it, until stopped. */
  watch(reports: JobReports): Promise<RunnerPart>;
  /** Everything outside that carries our label, with what is known about its outcome. */
  list(): Promise<readonly HeldRef[]>;
  /**
   * Asks the outside to end. The watch reports the outcome once the outside is seen gone or at its end.
   * `ended`: it is at its end already; `absent`: nothing is there.
   */
  cancel(ref: AttemptRef, reason: string): Promise<"ending" | "ended" | "absent">;
  /** How long something that was just created may stay unseen; 2 s unless said otherwise. */
  readonly unseenMs?: number;
  /** Reports the outcome of an ended job (again): the state machine does not show it. */
  report(attemptId: string): Promise<void>;
  /** The state machine was seen to have the outcome. */
  confirm(attemptId: string): Promise<void>;
  /** Confirmed long ago: the evidence may go. */
  discard(attemptId: string): Promise<void>;
}

export interface Submission {
  /** Fires when the runner stops. */
  readonly signal: AbortSignal;
  /** It may have been created before, by whoever could not say so. */
  readonly again: boolean;
}

/** A held job with what its attempt is called. */
export interface HeldRef extends HeldJob {
  readonly ref: AttemptRef;
}

/** What a watch says. */
export interface JobReports {
  running(ref: AttemptRef, at: AttemptTimes & { readonly link?: string }): Promise<void>;
  /** Resolves once the INBOX has it; only then may the outside be marked as reported. */
  outcome(
    ref: AttemptRef,
    outcome: Outcome,
    at: AttemptTimes & { readonly link?: string; readonly logTail?: readonly string[] },
  ): Promise<void>;
  log(ref: AttemptRef, from: { readonly startCounter: number }): AttemptLog;
  /** The traceparent for what runs outside: its spans become children of the job's span. */
  traceparentOf(ref: AttemptRef): string | undefined;
}

export type Runner =
  | { readonly shape: "call"; readonly kind: CallKind<unknown> }
  | { readonly shape: "job"; readonly kind: JobKind<unknown> };

// Only a kind's own parser makes its configurations, so their type is forgotten here.

export function callRunner<C>(kind: CallKind<C>): Runner {
  checkKind(kind.kind);
  return { shape: "call", kind };
}

export function jobRunner<C>(kind: JobKind<C>): Runner {
  checkKind(kind.kind);
  return { shape: "job", kind };
}

function checkKind(kind: string): void {
  if (!/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/.test(kind))
    throw new TypeError(
      `kind ${JSON.stringify(kind)}: want words of a-z, 0-9 and "-", joined by dots`,
    );
}
