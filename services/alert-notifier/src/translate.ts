// Public events of the state machine, distrusted: read whole into a notice, or rejected for the dead letters.
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { mask } from "@chasqui/chassis";
import {
  ApprovalAskedSchema,
  ApprovalClosedSchema,
  ApprovalOutcome,
  DagAutoPausedSchema,
  type EventWhat,
  FailureClass,
  RunSettledSchema,
  RunState,
  TaskFailedSchema,
  TaskRecoveredSchema,
  TaskRetryingSchema,
  TaskState,
} from "@chasqui/contracts";
import type {
  AskedQuestion,
  Failure,
  Run,
  RunRef as WireRunRef,
  Task,
  TaskFailure as WireTaskFailure,
} from "@chasqui/contracts";
import type { Notice, Outcome, Question, RunRef, SettledState, TaskFailure } from "./core/facts.ts";

/** The events that alerts are about. */
export const heard = [
  "task-failed",
  "task-retrying",
  "task-recovered",
  "run-settled",
  "dag-auto-paused",
  "approval-asked",
  "approval-closed",
] as const satisfies readonly EventWhat[];
export type Heard = (typeof heard)[number];

/** Of questions an event may tell of several. */
export function noticesOf(what: Heard, data: Uint8Array): Notice[] {
  switch (what) {
    case "approval-asked": {
      const event = decode(ApprovalAskedSchema, data);
      const run = runRef(event.run, ApprovalAskedSchema);
      return event.questions.map((question) => ({ what, run, question: questionOf(question) }));
    }
    case "approval-closed": {
      const event = decode(ApprovalClosedSchema, data);
      const run = runRef(event.run, ApprovalClosedSchema);
      return event.questions.map(({ taskId, mapIndex, attempt, outcome, by, comment }) => ({
        ...{ what, run, question: { taskId, mapIndex, attempt } },
        closing: { outcome: OUTCOMES[outcome] ?? "closed", by, comment: mask(comment) },
      }));
    }
    default:
      return [noticeOf(what, data)];
  }
}

const OUTCOMES: Readonly<Record<number, Outcome>> = {
  [ApprovalOutcome.APPROVED]: "approved",
  [ApprovalOutcome.REJECTED]: "rejected",
  [ApprovalOutcome.UNANSWERED]: "unanswered",
  [ApprovalOutcome.WITHDRAWN]: "withdrawn",
};

function questionOf(asked: AskedQuestion): Question {
  const { taskId, mapIndex, attempt, message, approvers, fallback, form } = asked;
  const untilMs = msOf(asked.untilTime);
  const fields = form?.["properties"];
  return {
    ...{ taskId, mapIndex, attempt, message: mask(message), fallback },
    approvers: approvers.slice(0, APPROVERS_MAX),
    hasForm: typeof fields === "object" && fields !== null && Object.keys(fields).length > 0,
    ...optional("untilMs", untilMs),
  };
}

const APPROVERS_MAX = 20;

type HeardOnce = Exclude<Heard, "approval-asked" | "approval-closed">;

export function noticeOf(what: HeardOnce, data: Uint8Array): Notice {
  switch (what) {
    case "task-failed":
    case "task-retrying": {
      const schema = what === "task-failed" ? TaskFailedSchema : TaskRetryingSchema;
      const event = decode(schema, data);
      return { what, run: runRef(event.run, schema), failures: event.failures.map(failureOf) };
    }
    case "task-recovered": {
      const { run, changes } = decode(TaskRecoveredSchema, data);
      const tasks = changes.map(({ taskId, mapIndex }) => ({ taskId, mapIndex }));
      return { what, run: runRef(run, TaskRecoveredSchema), tasks };
    }
    case "run-settled": {
      const { run, state, reason, failures } = decode(RunSettledSchema, data);
      const settled = settledState(state);
      if (settled === undefined)
        throw new RejectError(`run-settled: state ${state}: want succeeded, failed or cancelled`);
      return {
        what,
        run: runRef(run, RunSettledSchema),
        state: settled,
        reason: mask(reason),
        failures: failures.map(failureOf),
      };
    }
    case "dag-auto-paused": {
      const { runIds, reason, ...dag } = decode(DagAutoPausedSchema, data);
      const [lastRun = ""] = runIds.slice(-1);
      const ref = { ...dag, runId: lastRun, version: 0, key: "", logicalTime: undefined };
      return { what, run: runRef(ref, DagAutoPausedSchema), reason: mask(reason), runIds };
    }
  }
}

/** A settled run as the state machine lists it, as the notice that its event would have been. */
export function noticeOfRun(run: Run, environment: string): Notice | undefined {
  const state = settledState(run.state);
  if (state === undefined) return undefined;
  return {
    what: "run-settled",
    run: {
      runId: run.runId,
      dagId: run.dagId,
      dagVersion: run.dagVersion,
      version: run.version,
      environment,
      key: run.key,
      logicalMs: msOf(run.logicalTime) ?? 0,
    },
    state,
    reason: mask(run.reason),
    failures: run.tasks
      .filter((task) => task.state === TaskState.FAILED)
      .map((task) => failureOfTask(task)),
  };
}

function settledState(state: RunState): SettledState | undefined {
  switch (state) {
    case RunState.SUCCEEDED:
      return "succeeded";
    case RunState.FAILED:
      return "failed";
    case RunState.CANCELLED:
      return "cancelled";
    default:
      return undefined;
  }
}

function decode<S extends DescMessage>(schema: S, data: Uint8Array): MessageShape<S> {
  try {
    return fromBinary(schema, data);
  } catch (cause) {
    throw new RejectError(`${data.length} bytes are no ${schema.typeName}: ${String(cause)}`);
  }
}

type RunFields = Pick<
  WireRunRef,
  "runId" | "dagId" | "dagVersion" | "version" | "environment" | "key" | "logicalTime"
>;

function runRef(run: RunFields | undefined, schema: DescMessage): RunRef {
  if (run === undefined) throw new RejectError(`${schema.typeName}: run is missing`);
  const { runId, dagId, dagVersion, version, environment, key } = run;
  if (!/^run-[0-9a-z]{26}$/.test(runId))
    throw new RejectError(`${schema.typeName}: run_id ${JSON.stringify(runId)}: want run-…`);
  if (dagId === "") throw new RejectError(`${schema.typeName}: dag_id is empty: want a DAG`);
  const logicalMs = msOf(run.logicalTime) ?? 0;
  return { runId, dagId, dagVersion, version, environment, key, logicalMs };
}

function failureOf({
  taskId,
  mapIndex,
  attempt,
  attemptsMax,
  failure,
  retryTime,
  link,
}: WireTaskFailure): TaskFailure {
  return {
    ...whyOf(failure),
    taskId,
    mapIndex,
    attempt,
    attemptsMax,
    ...optional("retryMs", msOf(retryTime)),
    ...optional("link", link === "" ? undefined : link),
  };
}

function failureOfTask(task: Task): TaskFailure {
  const { taskId, mapIndex, attempt, attemptsMax, failure, link } = task;
  return {
    ...whyOf(failure),
    taskId,
    mapIndex,
    attempt,
    attemptsMax,
    ...optional("link", link === "" ? undefined : link),
  };
}

function whyOf(
  failure: Failure | undefined,
): Pick<TaskFailure, "failureClass" | "message" | "logTail"> {
  return {
    failureClass: className(failure?.class),
    message: mask(failure?.message ?? "no reason was given"),
    logTail: (failure?.logTail ?? []).map(mask),
  };
}

function className(value: FailureClass | undefined): string {
  const [name] = Object.entries(FailureClass).find(([, one]) => one === value) ?? [];
  return name === undefined || name === "UNSPECIFIED" ? "unknown" : name.toLowerCase();
}

const msOf = (time: Timestamp | undefined): number | undefined =>
  time === undefined ? undefined : timestampMs(time);

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const none: { [P in K]?: V } = {};
  return value === undefined ? none : { ...none, [key]: value };
}
