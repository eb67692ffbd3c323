// What can happen to a run. The history is a list of these; each commit writes the events of one batch.
// Tasks are named by their id, so that a history can be read without its plan. Times are milliseconds (UTC).
import type { Json } from "../plan.ts";
import type { Failure, RunStatus } from "./state.ts";

/** `t`: task id; `a`: attempt number; `s`: sequence of the update that told it. Short, because 10,000 are written. */
export type RunEvent =
  | { readonly type: "run_created"; readonly admitted: boolean }
  | { readonly type: "run_admitted" }
  | { readonly type: "run_cancelling"; readonly by: string; readonly reason: string }
  | { readonly type: "run_timed_out" }
  | { readonly type: "run_woke"; readonly next: number | undefined }
  | { readonly type: "run_settled"; readonly state: RunStatus; readonly reason?: string }
  | { readonly type: "task_assigned"; readonly t: string; readonly a: number }
  | {
      readonly type: "task_accepted";
      readonly t: string;
      readonly a: number;
      readonly s: number;
      readonly acceptedMs: number;
      readonly link?: string;
    }
  | {
      readonly type: "task_started";
      readonly t: string;
      readonly a: number;
      readonly s: number;
      readonly acceptedMs: number;
      readonly startedMs: number;
      readonly link?: string;
    }
  | {
      readonly type: "task_succeeded";
      readonly t: string;
      readonly a: number;
      readonly s: number;
      readonly times?: Times;
      readonly output?: Json;
      readonly link?: string;
    }
  | {
      readonly type: "attempt_failed";
      readonly t: string;
      readonly a: number;
      readonly s: number;
      readonly failure: Failure;
      readonly times?: Times;
      /** When the next attempt is due; absent: the task failed for good. */
      readonly retryMs?: number;
      /** The repeat is free of charge. */
      readonly free?: true;
      readonly link?: string;
    }
  | {
      readonly type: "task_cancelling";
      readonly t: string;
      readonly a: number;
      readonly for: "run" | "timeout";
    }
  | { readonly type: "task_cancelled"; readonly t: string; readonly a: number; readonly s: number }
  | {
      readonly type: "task_skipped";
      readonly t: string;
      readonly a?: number;
      readonly s?: number;
      readonly reason: string;
    }
  | { readonly type: "task_upstream_failed"; readonly t: string };

export interface Times {
  readonly acceptedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** An event as it is kept: when it was decided, and the one message that caused it. */
export interface Recorded {
  readonly atMs: number;
  readonly cause: string;
  readonly event: RunEvent;
}
