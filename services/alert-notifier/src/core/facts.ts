// What an incident knows about its run: the fold of everything it was told, in whatever order it was told.
// Invariants (each has a property test of the same name):
//   F1. Once open, order and repetition do not matter: the same notices give the same facts.
//   F2. About a task the newest word counts, by the run's version; a settled run's own word is the last.
//   F3. What changes nothing is seen to change nothing, so nothing is posted for it.

/** Which run, and where in its history something was decided. */
export interface RunRef {
  readonly runId: string;
  readonly dagId: string;
  readonly dagVersion: number;
  readonly version: number;
  readonly environment: string;
  readonly key: string;
  readonly logicalMs: number;
}

export interface TaskFailure {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly failureClass: string;
  readonly message: string;
  readonly logTail: readonly string[];
  /** When the next attempt is due. */
  readonly retryMs?: number;
  readonly link?: string;
}

export type SettledState = "succeeded" | "failed" | "cancelled";

/** What the state machine told. */
export type Notice =
  | {
      readonly what: "task-failed" | "task-retrying";
      readonly run: RunRef;
      readonly failures: readonly TaskFailure[];
    }
  | {
      readonly what: "task-recovered";
      readonly run: RunRef;
      readonly tasks: readonly { readonly taskId: string; readonly mapIndex: number }[];
    }
  | {
      readonly what: "run-settled";
      readonly run: RunRef;
      readonly state: SettledState;
      readonly reason: string;
      readonly failures: readonly TaskFailure[];
    }
  /** A run asks people; each question is an incident of its own. */
  | { readonly what: "approval-asked"; readonly run: RunRef; readonly question: Question }
  | {
      readonly what: "approval-closed";
      readonly run: RunRef;
      readonly question: QuestionRef;
      readonly closing: Closing;
    }
  /** Its DAG paused itself when this run failed, the last of those named. */
  | {
      readonly what: "dag-auto-paused";
      readonly run: RunRef;
      readonly reason: string;
      readonly runIds: readonly string[];
    };

/** Which question of a run. */
export interface QuestionRef {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

export interface Question extends QuestionRef {
  readonly message: string;
  readonly approvers: readonly string[];
  /** It wants more than yes or no. */
  readonly hasForm: boolean;
  readonly untilMs?: number;
  /** approve or reject; empty: then the task fails. */
  readonly fallback: string;
}

/** `closed`: nobody can answer any more, and how it ended is not known here yet. */
export type Outcome = "approved" | "rejected" | "unanswered" | "withdrawn" | "closed";

export interface Closing {
  readonly outcome: Outcome;
  /** Empty when nobody answered. */
  readonly by: string;
  readonly comment: string;
}

export interface TaskFact {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly version: number;
  readonly state: "failed" | "retrying" | "recovered";
  /** Of its last failed attempt, and when that was told; absent when only its recovery was told. */
  readonly failure?: TaskFailure;
  readonly failureVersion: number;
}

export interface Settled {
  readonly version: number;
  readonly state: SettledState;
  readonly reason: string;
}

export interface Facts {
  readonly run: Omit<RunRef, "version">;
  /** Sorted by task and map index: the first TASKS_MAX of all that were told of. */
  readonly tasks: readonly TaskFact[];
  readonly moreTasks: boolean;
  readonly settled?: Settled;
  /** Of an incident that is about a question; it has no tasks. */
  readonly question?: Question & { readonly closing?: Closing };
  /** Of an incident that is about a DAG which paused itself; it has no tasks. */
  readonly paused?: { readonly reason: string; readonly runIds: readonly string[] };
}

/** What a channel wants to be told about. */
export interface Asked {
  readonly failed: boolean;
  readonly retrying: boolean;
  readonly succeeded: boolean;
}

/** 10,000 mapped failures are one message: so many are kept, and no more than some 200 KiB of log lines. */
export const TASKS_MAX = 20;
export const TAIL_LINES_MAX = 10;
const LINE_LENGTH_MAX = 500;
const MESSAGE_LENGTH_MAX = 1_000;

/** The facts after a notice; undefined while nothing that was asked for has happened. The same object: no change. */
export function fold(facts: Facts | undefined, notice: Notice, asked: Asked): Facts | undefined {
  if (facts === undefined && !opens(notice, asked)) return undefined;
  const { version: _told, ...run } = notice.run;
  const before = facts ?? { run, tasks: [], moreTasks: false };
  switch (notice.what) {
    case "task-failed":
      return withFailures(before, notice, "failed");
    case "task-retrying":
      return asked.retrying ? withFailures(before, notice, "retrying") : before;
    case "task-recovered":
      return withRecovered(before, notice);
    case "run-settled": {
      const after = withFailures(before, notice, "failed");
      if (before.settled !== undefined && before.settled.version >= notice.run.version)
        return after;
      const { version } = notice.run;
      const settled = { version, state: notice.state, reason: short(notice.reason) };
      return { ...after, settled };
    }
    case "approval-asked": {
      const { message, ...rest } = notice.question;
      const question = { ...rest, message: short(message) };
      return before.question === undefined ? { ...before, question } : before;
    }
    case "approval-closed": {
      const { question } = before;
      const known = question?.closing?.outcome ?? "closed";
      const isNews = known === "closed" && notice.closing.outcome !== question?.closing?.outcome;
      if (question === undefined || !isNews) return before;
      const { outcome, by, comment } = notice.closing;
      const closing = { outcome, by: short(by), comment: short(comment) };
      return { ...before, question: { ...question, closing } };
    }
    case "dag-auto-paused": {
      const runIds = notice.runIds.slice(-TASKS_MAX);
      return before.paused === undefined
        ? { ...before, paused: { reason: short(notice.reason), runIds } }
        : before;
    }
  }
}

function opens(notice: Notice, asked: Asked): boolean {
  switch (notice.what) {
    case "task-failed":
      return asked.failed && notice.failures.length > 0;
    case "task-retrying":
      return asked.retrying && notice.failures.length > 0;
    case "task-recovered":
    case "approval-closed":
      return false;
    case "run-settled":
      return notice.state === "failed"
        ? asked.failed
        : notice.state === "succeeded" && asked.succeeded;
    case "approval-asked":
    case "dag-auto-paused":
      return asked.failed;
  }
}

export const taskName = (task: { readonly taskId: string; readonly mapIndex: number }): string =>
  task.mapIndex < 0 ? task.taskId : `${task.taskId}[${task.mapIndex}]`;

function withFailures(
  facts: Facts,
  notice: { readonly run: RunRef; readonly failures: readonly TaskFailure[] },
  state: "failed" | "retrying",
): Facts {
  const { version } = notice.run;
  const told = notice.failures.map((failure): TaskFact => {
    const { taskId, mapIndex } = failure;
    return { taskId, mapIndex, version, state, failure: bounded(failure), failureVersion: version };
  });
  return withTasks(facts, told);
}

function withRecovered(facts: Facts, notice: Notice & { readonly what: "task-recovered" }): Facts {
  const { version } = notice.run;
  const told = notice.tasks.map(({ taskId, mapIndex }): TaskFact => ({
    taskId,
    mapIndex,
    version,
    state: "recovered",
    failureVersion: 0,
  }));
  return withTasks(facts, told);
}

function withTasks(facts: Facts, told: readonly TaskFact[]): Facts {
  const tasks = new Map(facts.tasks.map((fact) => [taskName(fact), fact]));
  for (const fact of told) {
    const name = taskName(fact);
    tasks.set(name, newer(tasks.get(name), fact));
  }
  const sorted = [...tasks.values()].sort(inOrder);
  const kept = sorted.slice(0, TASKS_MAX);
  const same =
    kept.length === facts.tasks.length && kept.every((fact, i) => fact === facts.tasks[i]);
  const moreTasks = facts.moreTasks || sorted.length > kept.length;
  return same && moreTasks === facts.moreTasks ? facts : { ...facts, tasks: kept, moreTasks };
}

/** Of two words about a task the later one, with the later of the failures that either knows. */
function newer(known: TaskFact | undefined, told: TaskFact): TaskFact {
  if (known === undefined) return told;
  const last = told.version > known.version ? told : known;
  const { failure, failureVersion } = told.failureVersion > known.failureVersion ? told : known;
  if (last.failureVersion === failureVersion) return last;
  return { ...last, ...(failure === undefined ? {} : { failure }), failureVersion };
}

const inOrder = (a: TaskFact, b: TaskFact): number =>
  a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.mapIndex - b.mapIndex;

function bounded(failure: TaskFailure): TaskFailure {
  return {
    ...failure,
    message: short(failure.message),
    logTail: failure.logTail.slice(-TAIL_LINES_MAX).map((line) => cut(line, LINE_LENGTH_MAX)),
  };
}

const short = (text: string): string => cut(text, MESSAGE_LENGTH_MAX);

/** Well-formed, since half a character is no JSON for PostgreSQL. */
const cut = (text: string, lengthMax: number): string =>
  clean(text).slice(0, lengthMax).toWellFormed();

/** PostgreSQL stores no NUL, and a terminal's colours are no text. */
const clean = (text: string): string =>
  text.replace(/\u001b\[[0-9;]*m/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
