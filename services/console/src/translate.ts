// What the owners answer in protobuf, as the JSON of api.ts.
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  Catchup,
  DeliveryState,
  FailureClass,
  Overlap,
  RunCauseKind,
  RunState,
  TaskState,
  TickOutcome,
  type Approval,
  type Dag,
  type Delivery,
  type Failure,
  type HistoryEntry,
  type Incident,
  type LogBatch,
  type PauseChanges,
  type PlannedChanges,
  type Run,
  type RunParent,
  type ScheduleStatus,
  type SetPausedResponse,
  type Task,
  type Tick,
  type TriggerRecord,
} from "@chasqui/contracts";
import { describeSchedule, summaryOfSchedule } from "@chasqui/dag/time";
import type * as api from "./api.ts";
import { triggerJson as dagTriggerJson } from "./trigger-text.ts";

/** The word of an enum's value: `TASK_STATE_UPSTREAM_FAILED` is upstream_failed. */
const wordsOf = <V extends number>(values: Readonly<Record<string, V>>): ReadonlyMap<V, string> =>
  new Map(Object.entries(values).map(([name, value]) => [value, name.toLowerCase()]));

const runWords = wordsOf(RunState);
const taskWords = wordsOf(TaskState);
const classWords = wordsOf(FailureClass);
const causeWords = wordsOf(RunCauseKind);
const tickWords = wordsOf(TickOutcome);
const deliveryWords = wordsOf(DeliveryState);
const catchupWords = wordsOf(Catchup);
const overlapWords = wordsOf(Overlap);

/** A word of the union that the enum's names spell; `otherwise` for what a newer owner may add. */
function word<T extends string>(
  words: ReadonlyMap<number, string>,
  value: number,
  otherwise: T,
): T {
  const found = words.get(value);
  return found === undefined || found === "unspecified" ? otherwise : (found as T);
}

export function runStateOf(text: string): RunState | undefined {
  const found = [...runWords].find(([, name]) => name === text && name !== "unspecified");
  return found?.[0];
}

export const time = <K extends string>(
  key: K,
  value: Timestamp | undefined,
): { [P in K]?: string } => {
  const entry: { [P in K]?: string } = {};
  if (value !== undefined) entry[key] = timestampDate(value).toISOString();
  return entry;
};
export const given = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => {
  const entry: { [P in K]?: V } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
};
export const notEmpty = (text: string): string | undefined => (text === "" ? undefined : text);

/** An owner's JSON text; a text that is none is shown as it is. */
function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function runJson(run: Run, options: { withTasks: boolean }): api.ApiRun {
  return {
    runId: run.runId,
    dagId: run.dagId,
    dagVersion: run.dagVersion,
    state: word<api.RunState>(runWords, run.state, "queued"),
    key: run.key,
    ...time("logicalTime", run.logicalTime),
    ...time("intervalStartTime", run.intervalStartTime),
    ...time("intervalEndTime", run.intervalEndTime),
    cause: {
      kind: word<api.ApiRun["cause"]["kind"]>(
        causeWords,
        run.cause?.kind ?? RunCauseKind.UNSPECIFIED,
        "unknown",
      ),
      by: run.cause?.by ?? "",
    },
    ...given("event", run.cause?.event),
    ...given("params", run.params),
    ...time("createdTime", run.createdTime),
    ...time("startedTime", run.startedTime),
    ...time("settledTime", run.settledTime),
    traceId: run.traceId,
    version: run.version,
    reason: run.reason,
    ...given("rerunOf", notEmpty(run.rerunOf)),
    ...given("parent", run.parent && parentJson(run.parent)),
    ...(options.withTasks ? { tasks: run.tasks.map(taskJson) } : {}),
  };
}

function taskJson(task: Task): api.ApiTask {
  return {
    taskId: task.taskId,
    ...given("mapIndex", task.mapIndex < 0 ? undefined : task.mapIndex),
    state: word<api.TaskState>(taskWords, task.state, "waiting"),
    attempt: task.attempt,
    attemptsMax: task.attemptsMax,
    kind: task.kind,
    ...time("assignedTime", task.assignedTime),
    ...time("startedTime", task.startedTime),
    ...time("endedTime", task.endedTime),
    ...time("retryTime", task.retryTime),
    ...given("output", parsed(task.outputJson)),
    ...given("failure", task.failure && failureJson(task.failure)),
    reason: task.reason,
    link: task.link,
    ...given("childRunId", notEmpty(task.childRunId)),
    attemptId: task.attemptId,
    needs: task.needs,
  };
}

const parentJson = ({ runId, dagId, taskId, mapIndex, attempt }: RunParent): api.ApiParent => ({
  ...{ runId, dagId, taskId, attempt },
  ...given("mapIndex", mapIndex < 0 ? undefined : mapIndex),
});

const failureJson = (failure: Failure): api.ApiFailure => ({
  class: word(classWords, failure.class, "unknown"),
  message: failure.message,
  ...given("evidence", failure.evidence),
  logTail: failure.logTail,
  neverStarted: failure.neverStarted,
  permanent: failure.permanent,
});

export const operationJson = ({ run, changes }: Operated): api.ApiOperation => ({
  ...given("run", run && runJson(run, { withTasks: true })),
  changes: (changes?.tasks ?? []).map(({ taskId, mapIndex, from, to, what }) => ({
    taskId,
    ...given("mapIndex", mapIndex < 0 ? undefined : mapIndex),
    from: word<api.TaskState>(taskWords, from, "waiting"),
    to: word<api.TaskState>(taskWords, to, "waiting"),
    what,
  })),
});

interface Operated {
  readonly run?: Run | undefined;
  readonly changes?: PlannedChanges | undefined;
}

export const pausedJson = ({ dag, changes }: SetPausedResponse): api.ApiPaused => ({
  ...given("dag", dag && dagJson(dag, undefined)),
  ...given("changes", changes && pauseChangesJson(changes)),
});

const pauseChangesJson = ({
  changed,
  activeRuns,
  waitingRuns,
  startedRunIds,
}: PauseChanges): api.ApiPauseChanges => ({ changed, activeRuns, waitingRuns, startedRunIds });

export const approvalJson = (approval: Approval): api.ApiApproval => ({
  runId: approval.runId,
  dagId: approval.dagId,
  task: approval.task,
  attempt: approval.attempt,
  message: approval.message,
  ...given("form", approval.form),
  approvers: approval.approvers,
  onReject: approval.skipsOnReject ? "skip" : "fail",
  ...given("fallback", notEmpty(approval.fallback)),
  ...time("askedTime", approval.askedTime),
  ...time("untilTime", approval.untilTime),
});

export const historyJson = (entry: HistoryEntry): api.ApiHistoryEntry => ({
  version: entry.version,
  index: entry.index,
  ...time("time", entry.time),
  type: entry.type,
  cause: entry.cause,
  ...given("data", entry.data),
});

export function dagJson(dag: Dag, status: ScheduleStatus | undefined): api.ApiDag {
  const { spec } = dag;
  return {
    dagId: dag.dagId,
    version: dag.version,
    fingerprint: dag.fingerprint,
    paused: dag.paused,
    pausedBy: dag.pausedBy,
    pauseReason: dag.pauseReason,
    ...time("appliedTime", dag.appliedTime),
    owner: spec?.owner ?? "",
    description: spec?.description ?? "",
    tags: spec?.tags ?? [],
    ...given("schedule", scheduleJson(dag, status)),
    triggers: (spec?.triggers ?? []).map(dagTriggerJson),
    tasks: (spec?.tasks ?? []).map(({ id, uses, needs }) => ({ taskId: id, kind: uses, needs })),
    ...given("params", spec?.params),
  };
}

function scheduleJson(
  { spec }: Dag,
  status: ScheduleStatus | undefined,
): api.ApiSchedule | undefined {
  const schedule = spec?.schedule;
  const summary = summaryOfSchedule(schedule);
  if (schedule === undefined || summary === "") return undefined;
  return {
    summary,
    words: describeSchedule(schedule),
    timezone: schedule.timezone === "" ? "UTC" : schedule.timezone,
    catchup: word<api.ApiSchedule["catchup"]>(catchupWords, schedule.catchup, "latest"),
    overlap: word<api.ApiSchedule["overlap"]>(overlapWords, schedule.overlap, "queue"),
    ...time("nextTime", status?.nextTime),
  };
}

export const tickJson = (tick: Tick): api.ApiTick => ({
  dagId: tick.dagId,
  ...time("dueTime", tick.dueTime),
  outcome: word<api.ApiTick["outcome"]>(tickWords, tick.outcome, "unknown"),
  ...given("runId", notEmpty(tick.runId)),
  reason: tick.reason,
});

export const triggerJson = (trigger: TriggerRecord): api.ApiTrigger => ({
  source: trigger.source,
  id: trigger.id,
  subject: trigger.subject,
  ...time("receivedTime", trigger.receivedTime),
  dagId: trigger.dagId,
  outcome: trigger.outcome,
  ...given("runId", notEmpty(trigger.runId)),
  reason: trigger.reason,
});

export const deliveryJson = (delivery: Delivery): api.ApiDelivery => ({
  report: delivery.report,
  period: delivery.period,
  recipientKey: delivery.recipientKey,
  address: delivery.address,
  state: word<api.ApiDelivery["state"]>(deliveryWords, delivery.state, "unknown"),
  reason: delivery.reason,
  messageId: delivery.messageId,
  runId: delivery.runId,
  ...time("time", delivery.time),
});

export const incidentJson = (incident: Incident): api.ApiIncident => ({
  incidentId: incident.incidentId,
  runId: incident.runId,
  dagId: incident.dagId,
  channel: incident.channel,
  state: incident.state,
  title: incident.title,
  delivery: incident.delivery,
  ...time("time", incident.time),
});

export const logJson = ({ attempt, attemptId, lines, complete }: LogBatch): api.ApiLogBatch => ({
  attempt,
  attemptId,
  lines: lines.map(({ counter, atMs, text }) => ({
    counter,
    ...given("time", atMs > 0 ? new Date(atMs).toISOString() : undefined),
    text,
  })),
  complete,
});
