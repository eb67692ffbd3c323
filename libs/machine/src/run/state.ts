// The state of one run: always the fold of its history (fold.ts), and always rebuilt alike from its rows (rows.ts).
// `draft` is the private copy of whoever decides; nothing here is shared between two deciders.
// A run's tasks are a list of slots: first one for each task of the plan, then one for each instance of what is mapped.
import type { Json, Plan, RunFacts } from "../plan.ts";
import type { Child, Parent } from "./children.ts";
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
  "rejected",
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

/** Why an attempt is being cancelled: decides what its end means. */
export type CancelFor = "run" | "timeout" | "clear" | "mark";
/** What a person may say that a task is. */
export type MarkState = "succeeded" | "failed" | "skipped";

/** Slots of a pool that an attempt holds or waits for. */
export interface Claim {
  readonly pool: string;
  readonly slots: number;
  /** Of a pool that exists only for a limit of the DAG: its size. */
  readonly size?: number;
}

/** What a person is asked. */
export interface Question {
  readonly message: string;
  /** JSON Schema of what the answer holds beside yes or no. */
  readonly form?: Json;
  /** Who may answer, by name; empty: whoever may command at all. */
  readonly approvers: readonly string[];
  /** What a no makes of the task. */
  readonly onReject: "fail" | "skip";
  /** The answer when the time is over; absent: then the task fails. */
  readonly fallback?: "approve" | "reject";
  /** What the form holds when nobody fills it in. */
  readonly values: Json;
}

export interface ApprovalAnswer {
  readonly approved: boolean;
  /** Absent: nobody, the time was over. */
  readonly by?: string;
  readonly comment: string;
  readonly values: Json;
  readonly atMs: number;
}

/** An approval of the current attempt; it stays after the answer, so that a later one hears who was first. */
export interface Approval {
  readonly question: Question;
  readonly askedMs: number;
  readonly answer?: ApprovalAnswer;
}

export interface TaskState {
  /** Its place in the plan. */
  readonly plan: number;
  /** Index of the instance; -1 for the task itself. */
  readonly mapIndex: number;
  status: TaskStatus;
  /** Number of the current or last attempt; 0 before the first. Never restarts. */
  attempt: number;
  /** The attempt's number when it was last cleared: its retries count from there. */
  attemptBase: number;
  /** The highest sequence seen in updates of this attempt. */
  sequence: number;
  /** When the first attempt since the last clear came to its turn. */
  firstMs: number | undefined;
  /** When this attempt came to its turn: queued for a slot, or assigned. */
  turnMs: number | undefined;
  assignedMs: number | undefined;
  /** A runner owns the attempt; until then its assignment may be said again. */
  acceptedMs: number | undefined;
  startedMs: number | undefined;
  endedMs: number | undefined;
  /** When a timer must look at it: a repeat is due, or a deadline. */
  dueMs: number | undefined;
  /** Repeats that were free of charge, since the last clear. */
  freeRepeats: number;
  /** Id of the message that caused the last assignment or cancel. */
  cause: string;
  /** Id of the command that cleared it last: said again, it clears nothing. */
  clearedBy: string | undefined;
  cancelFor: CancelFor | undefined;
  /** Of a cancelled dag.run: its child's teardowns end, too. */
  cancelNow: boolean;
  /** What it becomes when its cancelled attempt is seen ended. */
  markAs: MarkState | undefined;
  failure: Failure | undefined;
  reason: string | undefined;
  link: string | undefined;
  /** Kept only when some expression that the machine evaluates names it. */
  output: Json | undefined;
  /** What the attempt needs of pools, in the order it asks; and how many of them were granted. */
  claims: readonly Claim[];
  granted: number;
  /** Runs that wait for its good end: it depends on the past there. */
  listeners: readonly string[];
  /** Runs that were told of its good end. */
  told: readonly string[];
  /** Of a dag.run: the run that its attempt wants, once it is named. */
  child: Child | undefined;
  /** Of what maps, once it has: the items. */
  items: readonly Json[] | undefined;
  /** Of an approval, once it was asked. */
  approval: Approval | undefined;
  /** Its instances do the work; its own status is their summary. */
  isFrame: boolean;
  /** How its upstream ended so far, of how many. */
  readonly upstream: Counts;
  upstreamTotal: number;
}

/** Instances of what is mapped: where they are, how many are left, which may begin (mapping.ts). */
export interface Mapping {
  /** Items now; slots beyond are of an earlier, longer list. */
  count: number;
  /** Slots by member and index. */
  readonly slots: number[][];
  /** Indexes that may work. */
  opened: boolean[];
  /** The first index that is not opened; nobody looks below it again. */
  firstClosed: number;
  open: number;
  /** Unfinished members by index, unfinished instances by member. */
  leftOf: number[];
  pending: number[];
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
  /** Tasks of other runs that started this one, or wait for it. */
  parents: readonly Parent[];
  readonly tasks: TaskState[];
  /** By the plan index of what maps. */
  readonly maps: Map<number, Mapping>;
  /** Slots that are not in a final state. */
  unfinished: number;
  /** Slots whose attempt is at work, or in line for a slot of a pool. */
  active: number;
  /** Waiting slots whose trigger rule has a verdict: who goes first is first, if `isReadySorted`. */
  readonly ready: number[];
  isReadySorted: boolean;
  /** Slots that another run waits for. */
  readonly listening: Set<number>;
  /** Slots that changed since the last commit: their rows are to be written. */
  readonly touched: Set<number>;
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

/** Something outside may be at work for it, be it a person; it has ended only when that was told. */
export const isOutside = (task: Pick<TaskState, "status" | "isFrame">): boolean =>
  !task.isFrame &&
  (task.status === "assigned" ||
    task.status === "running" ||
    task.status === "cancelling" ||
    task.status === "awaiting_approval");

/** Its turn has come, but it waits for the run before. */
export const isHeld = (task: Pick<TaskState, "status" | "claims">): boolean =>
  task.status === "queued" && task.claims.length === 0;

/** What lets the next run's task go on that depends on this one. */
export const endedWell = (status: TaskStatus): boolean =>
  status === "succeeded" || status === "skipped" || status === "removed";

/** Counts against the run's own limit of tasks at work; who waits for a person, or did so last, does not work. */
export const isActive = (task: Pick<TaskState, "status" | "isFrame" | "approval">): boolean =>
  task.status === "queued" ||
  (isOutside(task) && task.status !== "awaiting_approval" && task.approval === undefined);
