// The state of one run: always the fold of its history (fold.ts), and always rebuilt alike from its rows (rows.ts).
// `draft` is the private copy of whoever decides; nothing here is shared between two deciders.
import type { Json, Plan, RunFacts } from "../plan.ts";
import type { Counts } from "./rules.ts";

export type RunStatus = "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled";

export type TaskStatus =
  | "waiting"
  | "queued"
  | "assigned"
  | "running"
  | "cancelling"
  | "retrying"
  | "awaiting_approval"
  | "succeeded"
  | "failed"
  | "skipped"
  | "upstream_failed"
  | "cancelled"
  | "removed";

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
export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  readonly class: FailureClass;
  readonly message: string;
  readonly evidence?: Json;
  readonly logTail?: readonly string[];
  /** The attempt's work never began: repeating it is free of charge. */
  readonly neverStarted?: boolean;
  /** A repeat cannot help. */
  readonly permanent?: boolean;
}

export interface TaskState {
  status: TaskStatus;
  /** Number of the current or last attempt; 0 before the first. Never restarts. */
  attempt: number;
  /** The highest sequence seen in updates of this attempt. */
  sequence: number;
  assignedMs: number | undefined;
  /** A runner owns the attempt; until then its assignment may be said again. */
  acceptedMs: number | undefined;
  startedMs: number | undefined;
  endedMs: number | undefined;
  /** When a timer must look at it: a repeat is due, or the attempt's deadline. */
  dueMs: number | undefined;
  /** Repeats that were free of charge. */
  freeRepeats: number;
  /** Id of the message that caused the last assignment or cancel. */
  cause: string;
  /** Why it is cancelling: decides what its end means. */
  cancelFor: "run" | "timeout" | undefined;
  failure: Failure | undefined;
  reason: string | undefined;
  link: string | undefined;
  /** Kept only when some `when` names it. */
  output: Json | undefined;
  /** How its upstream ended so far. */
  readonly upstream: Counts;
}

export interface RunState {
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly params: Json;
  readonly event: Json;
  status: RunStatus;
  reason: string | undefined;
  startedMs: number | undefined;
  settledMs: number | undefined;
  /** Time of the last event: decisions never go back before it. */
  lastMs: number;
  /** The earliest moment a timer must look; too early is harmless, too late is not. */
  wakeMs: number | undefined;
  /** Id of the message that settled it. */
  settledBy: string | undefined;
  readonly tasks: TaskState[];
  /** Tasks that are not in a final state. */
  unfinished: number;
  /** Indexes of waiting tasks whose trigger rule has a verdict; in the order they became so. */
  readonly ready: number[];
}

const finalTask: ReadonlySet<TaskStatus> = new Set([
  "succeeded",
  "failed",
  "skipped",
  "upstream_failed",
  "cancelled",
  "removed",
]);
export const isFinalTask = (status: TaskStatus): boolean => finalTask.has(status);
export const isSettled = (status: RunStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";
/** Something outside may be at work for it. */
export const isOutside = (status: TaskStatus): boolean =>
  status === "assigned" || status === "running" || status === "cancelling";
