// What can happen to a run. The history is a list of these; each commit writes the events of one batch.
// Tasks are named by their id, so that a history can be read without its plan. Times are milliseconds (UTC).
import type { Json } from "../plan.ts";
import type { Child, Parent } from "./children.ts";
import type { CancelFor, Claim, Failure, MarkState, Question, RunStatus } from "./state.ts";

/** `t`: task id; `i`: index of a mapped instance, absent for the task itself. Short, because 10,000 are written. */
export interface Named {
  readonly t: string;
  readonly i?: number;
}
/** `a`: attempt number; `s`: sequence of the update that told it. */
interface Told extends Named {
  readonly a: number;
  readonly s: number;
}
/** Who asked for it, and why. */
interface Asked {
  readonly by: string;
  readonly reason: string;
}

export type RunEvent =
  /** `parent`: the task of another run that started it. */
  | { readonly type: "run_created"; readonly admitted: boolean; readonly parent?: Parent }
  /** A task of another run waits for it, too; or wants it no more. */
  | { readonly type: "parent_joined" | "parent_left"; readonly parent: Parent }
  | { readonly type: "run_admitted" }
  /** `now`: teardowns and on-exit tasks end, too. */
  | ({ readonly type: "run_cancelling"; readonly now?: true } & Asked)
  | { readonly type: "run_timed_out" }
  | { readonly type: "run_woke"; readonly next: number | undefined }
  | { readonly type: "run_settled"; readonly state: RunStatus; readonly reason?: string }
  | ({ readonly type: "run_reopened" } & Asked)
  /** `of`: the command that asked, when another message is the cause: the end of the attempt that was in its way. */
  | ({
      readonly type: "tasks_cleared";
      readonly list: readonly Named[];
      readonly of?: string;
    } & Asked)
  | TaskEvent;

export type TaskEvent =
  | ({ readonly type: "task_mapped"; readonly items: readonly Json[] } & Named)
  | ({
      readonly type: "task_queued";
      readonly a: number;
      readonly claims: readonly Claim[];
    } & Named)
  /** Its turn has come, but it waits for what becomes of it in the run before. */
  | ({ readonly type: "task_held"; readonly previous: string } & Named)
  /** The next run waits for this task's good end; it was told of it. */
  | ({ readonly type: "past_noted"; readonly by: string } & Named)
  | ({ readonly type: "past_told"; readonly to: readonly string[] } & Named)
  | ({ readonly type: "slot_granted"; readonly a: number; readonly pool: string } & Named)
  | ({ readonly type: "task_assigned"; readonly a: number } & Named)
  /** The run of another DAG that the attempt wants: known before anybody is asked for it. */
  | ({ readonly type: "child_named"; readonly a: number; readonly child: Child } & Named)
  | ({
      readonly type: "task_accepted";
      readonly acceptedMs: number;
      readonly link?: string;
    } & Told)
  | ({
      readonly type: "task_started";
      readonly acceptedMs: number;
      readonly startedMs: number;
      readonly link?: string;
    } & Told)
  /** The question is open. */
  | ({
      readonly type: "approval_asked";
      readonly a: number;
      readonly question: Question;
      /** Then nobody can answer any more; absent: never. */
      readonly untilMs?: number;
    } & Named)
  /** The one answer, by a person, or without `by` by the end of the time. What the task becomes follows. */
  | ({
      readonly type: "approval_answered";
      readonly a: number;
      readonly approved: boolean;
      readonly by?: string;
      readonly comment: string;
      readonly values: Json;
    } & Named)
  | ({
      readonly type: "task_succeeded";
      readonly times?: Times;
      readonly output?: Json;
      readonly link?: string;
    } & Told)
  | ({
      readonly type: "attempt_failed";
      readonly failure: Failure;
      readonly times?: Times;
      /** When the next attempt is due; absent: the task failed for good. */
      readonly retryMs?: number;
      /** The repeat is free of charge. */
      readonly free?: true;
      /** The retry rule that decided. */
      readonly rule?: string;
      readonly link?: string;
    } & Told)
  | ({
      readonly type: "task_cancelling";
      readonly a: number;
      readonly for: CancelFor;
      readonly markAs?: MarkState;
      /** The teardowns of the run that it wants end, too. */
      readonly now?: true;
      readonly by?: string;
      readonly reason?: string;
    } & Named)
  | ({ readonly type: "task_cancelled" } & Told)
  | ({
      readonly type: "task_skipped";
      readonly a?: number;
      readonly s?: number;
      readonly reason: string;
    } & Named)
  | ({ readonly type: "task_upstream_failed" } & Named)
  | ({ readonly type: "task_marked"; readonly state: MarkState } & Named & Asked);

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
