// Runs as plain data: what `--json` prints and what tables show. Names as on the wire, times RFC 3339.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  FailureClassSchema,
  RunCauseKindSchema,
  RunStateSchema,
  TaskStateSchema,
} from "@chasqui/contracts";
import type { Failure, Run, RunParent, Task } from "@chasqui/contracts";

export interface FailureView {
  readonly class: string;
  readonly message: string;
  readonly evidence: JsonObject;
  readonly log_tail: readonly string[];
}

export interface TaskView {
  readonly task_id: string;
  readonly state: string;
  readonly kind: string;
  readonly attempt: number;
  readonly attempts_max: number;
  readonly needs: readonly string[];
  readonly map_index?: number;
  readonly assigned_time?: string;
  readonly started_time?: string;
  readonly ended_time?: string;
  readonly retry_time?: string;
  readonly output?: JsonValue;
  readonly failure?: FailureView;
  readonly reason?: string;
  readonly link?: string;
  readonly child_run_id?: string;
}

/** The task of another run that started it. */
export interface ParentView {
  readonly run_id: string;
  readonly dag_id: string;
  readonly task: string;
  readonly attempt: number;
}

export interface RunView {
  readonly run_id: string;
  readonly dag_id: string;
  readonly dag_version: number;
  readonly state: string;
  readonly key: string;
  readonly logical_time?: string;
  readonly interval_start_time?: string;
  readonly interval_end_time?: string;
  readonly created_time?: string;
  readonly started_time?: string;
  readonly settled_time?: string;
  readonly cause?: { readonly kind: string; readonly by: string };
  readonly params?: JsonObject;
  readonly reason?: string;
  readonly parent?: ParentView;
  readonly trace_id: string;
  readonly tasks: readonly TaskView[];
}

interface Words {
  readonly values: readonly { readonly number: number; readonly localName: string }[];
}

/** An enum's value in lower case, `succeeded`; a value that this version does not know as its number. */
export function wordOf(schema: Words, value: number): string {
  const known = schema.values.find(({ number }) => number === value);
  return known === undefined ? `state ${value}` : known.localName.toLowerCase();
}

const isSettledState = (state: string): boolean => /^(succeeded|failed|cancelled)$/.test(state);
export const isSettled = (run: Pick<RunView, "state">): boolean => isSettledState(run.state);

export function viewRun(run: Run): RunView {
  const { cause, params } = run;
  return {
    run_id: run.runId,
    dag_id: run.dagId,
    dag_version: run.dagVersion,
    state: wordOf(RunStateSchema, run.state),
    key: run.key,
    ...time("logical_time", run.logicalTime),
    ...time("interval_start_time", run.intervalStartTime),
    ...time("interval_end_time", run.intervalEndTime),
    ...time("created_time", run.createdTime),
    ...time("started_time", run.startedTime),
    ...time("settled_time", run.settledTime),
    ...(cause === undefined
      ? {}
      : { cause: { kind: wordOf(RunCauseKindSchema, cause.kind), by: cause.by } }),
    ...(params === undefined || Object.keys(params).length === 0 ? {} : { params }),
    ...text("reason", run.reason),
    ...(run.parent === undefined ? {} : { parent: viewParent(run.parent) }),
    trace_id: run.traceId,
    tasks: run.tasks.map(viewTask),
  };
}

function viewTask(task: Task): TaskView {
  return {
    task_id: task.taskId,
    state: wordOf(TaskStateSchema, task.state),
    kind: task.kind,
    attempt: task.attempt,
    attempts_max: task.attemptsMax,
    needs: task.needs,
    ...(task.mapIndex >= 0 ? { map_index: task.mapIndex } : {}),
    ...time("assigned_time", task.assignedTime),
    ...time("started_time", task.startedTime),
    ...time("ended_time", task.endedTime),
    ...time("retry_time", task.retryTime),
    ...(task.outputJson === "" ? {} : { output: parseOutput(task.outputJson) }),
    ...(task.failure === undefined ? {} : { failure: viewFailure(task.failure) }),
    ...text("reason", task.reason),
    ...text("link", task.link),
    ...text("child_run_id", task.childRunId),
  };
}

const viewParent = ({ runId, dagId, taskId, mapIndex, attempt }: RunParent): ParentView => ({
  run_id: runId,
  dag_id: dagId,
  task: mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`,
  attempt,
});

function viewFailure(failure: Failure): FailureView {
  return {
    class: wordOf(FailureClassSchema, failure.class),
    message: failure.message,
    evidence: failure.evidence ?? {},
    log_tail: failure.logTail,
  };
}

function parseOutput(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `{ name: "2026-10-06T19:00:00Z" }`, or nothing when absent. */
export function time<K extends string>(name: K, at: Timestamp | undefined): { [N in K]?: string } {
  const fields: { [N in K]?: string } = {};
  if (at !== undefined) fields[name] = instant(timestampMs(at));
  return fields;
}

export const instant = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");

function text<K extends string>(name: K, value: string): { [N in K]?: string } {
  const fields: { [N in K]?: string } = {};
  if (value !== "") fields[name] = value;
  return fields;
}
