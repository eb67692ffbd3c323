// The HTTP API in JSON: what /api answers, read by the web console and by programs. Types only.
// Times are RFC 3339 in UTC; what is not known is absent; states are words in lower case.

export type RunState = "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled";

export type TaskState =
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

export interface ApiServer {
  readonly version: string;
  readonly environment: string;
  /** host:port for gRPC: this very door. */
  readonly grpc: string;
  /** Where people look on; `trace` contains `{trace}` where a trace's id goes. */
  readonly links: { readonly trace?: string; readonly mail?: string; readonly slack?: string };
}

export interface ApiRun {
  readonly runId: string;
  readonly dagId: string;
  readonly dagVersion: number;
  readonly state: RunState;
  readonly key: string;
  readonly logicalTime?: string;
  /** The data it is about. */
  readonly intervalStartTime?: string;
  readonly intervalEndTime?: string;
  readonly cause: {
    readonly kind: "schedule" | "trigger" | "manual" | "backfill" | "parent" | "unknown";
    readonly by: string;
  };
  readonly event?: unknown;
  readonly params?: unknown;
  readonly createdTime?: string;
  readonly startedTime?: string;
  readonly settledTime?: string;
  readonly traceId: string;
  /** Counts the commits that changed it. */
  readonly version: number;
  /** Why it ended as it did. */
  readonly reason: string;
  /** The run that it does again. */
  readonly rerunOf?: string;
  /** The task of another run that started it. */
  readonly parent?: ApiParent;
  /** Absent in lists. */
  readonly tasks?: readonly ApiTask[];
}

export interface ApiParent {
  readonly runId: string;
  readonly dagId: string;
  readonly taskId: string;
  /** Absent for a task that is not mapped. */
  readonly mapIndex?: number;
  readonly attempt: number;
}

export interface ApiTask {
  readonly taskId: string;
  /** Absent for a task that is not mapped. */
  readonly mapIndex?: number;
  readonly state: TaskState;
  /** The current or last attempt; 0 before the first. */
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly kind: string;
  readonly assignedTime?: string;
  readonly startedTime?: string;
  readonly endedTime?: string;
  readonly retryTime?: string;
  readonly output?: unknown;
  readonly failure?: ApiFailure;
  /** Why it was skipped or cancelled. */
  readonly reason: string;
  /** The outside job. */
  readonly link: string;
  /** Of a dag.run: the run that it started or joined. */
  readonly childRunId?: string;
  readonly attemptId: string;
  /** Tasks directly upstream. */
  readonly needs: readonly string[];
}

export interface ApiFailure {
  readonly class: string;
  readonly message: string;
  readonly evidence?: unknown;
  readonly logTail: readonly string[];
  readonly neverStarted: boolean;
  readonly permanent: boolean;
}

export interface ApiRuns {
  readonly runs: readonly ApiRun[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

/** What a command answers: the run, and what changes by it; with `dryRun` nothing has changed. */
export interface ApiOperation {
  readonly run?: ApiRun;
  readonly changes: readonly ApiChange[];
}

/** What a pause or its end answers. */
export interface ApiPaused {
  /** After the change; in a dry run as it is. */
  readonly dag?: ApiDag;
  /** Of a dry run. */
  readonly changes?: ApiPauseChanges;
}

export interface ApiPauseChanges {
  /** False: it is so already. */
  readonly changed: boolean;
  /** At work; they go on. */
  readonly activeRuns: number;
  /** Runs that wait for a slot of the DAG. */
  readonly waitingRuns: number;
  /** Of these the runs that would begin. */
  readonly startedRunIds: readonly string[];
}

export interface ApiChange {
  readonly taskId: string;
  /** Absent for a task that is not mapped. */
  readonly mapIndex?: number;
  readonly from: TaskState;
  readonly to: TaskState;
  /** What becomes of it, for people. */
  readonly what: string;
}

/** Why something is not at work now. */
export interface ApiExplained {
  readonly runId: string;
  /** The run's. */
  readonly state: string;
  /** Of the task that was asked for; of a run what is next, 20 at most. */
  readonly explanations: readonly ApiExplanation[];
}

export interface ApiExplanation {
  /** The task or instance; absent for the run itself. */
  readonly task?: string;
  readonly state: string;
  /** Each is why the one before it holds. */
  readonly causes: readonly ApiCause[];
  /** The start of what waits, the end of what is at work; absent when nobody can tell. */
  readonly expectedTime?: string;
  /** `timer`, which is certain, or `estimate`. */
  readonly expectedBy?: string;
  /** Of an estimate: how many earlier runs it is of. */
  readonly expectedRuns?: number;
  /** What it waited for before, oldest first. */
  readonly waits: readonly ApiWait[];
}

export interface ApiCause {
  readonly kind: string;
  /** For people. */
  readonly text: string;
  readonly task?: string;
  /** Another run. */
  readonly runId?: string;
  readonly pool?: string;
  readonly untilTime?: string;
}

export interface ApiWait {
  readonly kind: string;
  /** For people. */
  readonly text: string;
  readonly fromTime?: string;
  /** Absent while it goes on. */
  readonly untilTime?: string;
}

/** What a run asks people. */
export interface ApiApproval {
  readonly runId: string;
  readonly dagId: string;
  /** `go`, or `go[3]` for one instance of a mapped task. */
  readonly task: string;
  readonly attempt: number;
  readonly message: string;
  /** JSON Schema of what is filled in. */
  readonly form?: unknown;
  /** Empty: whoever may command at all. */
  readonly approvers: readonly string[];
  readonly onReject: "fail" | "skip";
  /** The answer when the time is over; absent: then the task fails. */
  readonly fallback?: string;
  readonly askedTime?: string;
  readonly untilTime?: string;
}

export interface ApiApprovals {
  /** Oldest first. */
  readonly approvals: readonly ApiApproval[];
  /** How many there are in all. */
  readonly total: number;
}

export interface ApiAnswered {
  readonly runId: string;
  readonly task: string;
  /** What became of the task. */
  readonly state: string;
  /** False when the same answer was there already. */
  readonly changed: boolean;
}

export interface ApiHistoryEntry {
  readonly version: number;
  readonly index: number;
  readonly time?: string;
  readonly type: string;
  /** The id of the message that caused it. */
  readonly cause: string;
  readonly data?: unknown;
}

export interface ApiDag {
  readonly dagId: string;
  readonly version: number;
  readonly fingerprint: string;
  readonly paused: boolean;
  /** "auto-pause" when its runs failed in a row; empty while it is not paused. */
  readonly pausedBy: string;
  readonly pauseReason: string;
  readonly appliedTime?: string;
  readonly owner: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schedule?: ApiSchedule;
  readonly triggers: readonly ApiDagTrigger[];
  readonly tasks: readonly {
    readonly taskId: string;
    readonly kind: string;
    readonly needs: readonly string[];
  }[];
  /** JSON Schema of the parameters. */
  readonly params?: unknown;
}

export interface ApiDagTrigger {
  /** What it waits for, for people. */
  readonly on: string;
  /** Template of the run's key; empty for a run per event. */
  readonly key: string;
  /** How many events become how many runs, for people. */
  readonly note: string;
}

export interface ApiSchedule {
  /** Its crons, intervals, dates, in short. */
  readonly summary: string;
  /** The same in a sentence. */
  readonly words: string;
  readonly timezone: string;
  readonly catchup: "none" | "latest" | "all";
  readonly overlap: "queue" | "skip" | "cancel_other" | "allow";
  /** Absent when there is none, or when the scheduler does not answer. */
  readonly nextTime?: string;
}

export interface ApiTick {
  readonly dagId: string;
  readonly dueTime?: string;
  readonly outcome: "firing" | "fired" | "skipped" | "missed" | "suppressed" | "unknown";
  readonly runId?: string;
  readonly reason: string;
}

export interface ApiTrigger {
  readonly source: string;
  readonly id: string;
  readonly subject: string;
  readonly receivedTime?: string;
  readonly dagId: string;
  readonly outcome: string;
  readonly runId?: string;
  readonly reason: string;
}

export interface ApiDelivery {
  readonly report: string;
  readonly period: string;
  readonly recipientKey: string;
  readonly address: string;
  readonly state: "claimed" | "sent" | "left_out" | "failed" | "unconfirmed" | "unknown";
  readonly reason: string;
  readonly messageId: string;
  readonly runId: string;
  readonly time?: string;
}

export interface ApiIncident {
  readonly incidentId: string;
  readonly runId: string;
  readonly dagId: string;
  readonly channel: string;
  readonly state: string;
  readonly title: string;
  readonly delivery: string;
  readonly time?: string;
}

export interface ApiLogBatch {
  readonly attempt: number;
  readonly attemptId: string;
  readonly lines: readonly ApiLogLine[];
  /** The attempt's last batch. */
  readonly complete: boolean;
}

export interface ApiLogLine {
  /** From 1; 0 for a mark that says which lines are missing. */
  readonly counter: number;
  readonly time?: string;
  readonly text: string;
}

/** Every error. */
export interface ApiError {
  readonly error: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Runs for due times that are past. */
export interface ApiBackfill {
  readonly backfillId: string;
  readonly dagId: string;
  /** running, paused, cancelled or done. */
  readonly state: string;
  readonly reprocess: "none" | "failed" | "all";
  readonly maxActive: number;
  readonly newestFirst: boolean;
  /** 0: whichever is current when a run starts. */
  readonly version: number;
  readonly createdBy: string;
  readonly createdTime: string;
  readonly reason: string;
  readonly changedBy: string;
  readonly changeReason: string;
  /** How many dates there are of each state. */
  readonly counts: { readonly [state: string]: number };
  readonly firstTime: string;
  readonly lastTime: string;
  /** Why nothing starts although dates wait; empty when nothing is in the way. */
  /** Cancelled with its runs: those at work are asked to end. */
  readonly endsRuns: boolean;
  readonly waitsFor: string;
  readonly isOver: boolean;
}

export interface ApiBackfillDate {
  readonly dueTime: string;
  readonly logicalTime: string;
  readonly state: string;
  readonly reason: string;
  readonly runKey: string;
  readonly runId?: string;
}

export interface ApiBackfills {
  readonly backfills: readonly ApiBackfill[];
}

/** In the order of their turn. */
export interface ApiBackfillDates {
  readonly backfill: ApiBackfill;
  readonly dates: readonly ApiBackfillDate[];
}
