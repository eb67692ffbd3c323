// What a commit tells the world: one message per run, commit and <what>. Made from the history alone, so that the
// sweeper can say it again from the rows, with the same ids.
import { create, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventWhat, Failure as WireFailure, ProducedAssetSchema } from "@chasqui/contracts";
import {
  ApprovalAskedSchema,
  ApprovalClosedSchema,
  AssetProducedSchema,
  RunProgressedSchema,
  RunSettledSchema,
  RunStartedSchema,
  RunState,
  TaskFailedSchema,
  TaskRecoveredSchema,
  TaskRetryingSchema,
  eventIdOf,
  subjects,
} from "@chasqui/contracts";
import type { OutMessage } from "@chasqui/bus";
import type {
  Failure,
  Plan,
  Recorded,
  RunEvent,
  RunState as RunNow,
  TaskEvent,
  TaskState,
  TaskStatus,
} from "@chasqui/machine";
import { attemptsMaxOf, slotNamed, unhandled } from "@chasqui/machine";
import type { JsonObject } from "@bufbuild/protobuf";
import type { RunMeta } from "../core/aggregates.ts";
import { closuresOf, questionsOf } from "./approval-events.ts";
import { causeKinds, failureClasses, runStates, taskStates } from "./enums.ts";

export interface Announcement {
  readonly meta: RunMeta;
  readonly plan: Plan;
  readonly version: number;
  readonly events: readonly Recorded[];
  /** The run now: a settled run's reasons may be older than this commit. */
  readonly state: RunNow;
  readonly environment: string;
  readonly traceparent: string;
}

type FailedEvent = Extract<RunEvent, { type: "attempt_failed" }>;

export function announce(a: Announcement): OutMessage[] {
  const out: OutMessage[] = [];
  const run = refOf(a);
  const say = <D extends DescMessage>(
    what: EventWhat,
    schema: D,
    init: MessageInitShape<D>,
  ): void => {
    out.push(messageOf(a, what, schema.typeName, toBinary(schema, create(schema, init))));
  };
  const progressed = a.events.flatMap((recorded) => changeOf(recorded));
  const failed = a.events.flatMap(({ event }) => (event.type === "attempt_failed" ? [event] : []));
  const lastly = failed.filter((event) => event.retryMs === undefined);
  const retrying = failed.filter((event) => event.retryMs !== undefined);
  const recovered = a.events.filter(({ event }) => event.type === "task_succeeded" && event.a > 1);
  const settled = a.events.find(({ event }) => event.type === "run_settled");
  const created = a.events.find(
    ({ event }) => event.type === "run_created" || event.type === "run_admitted",
  );
  if (created !== undefined) {
    const isQueued = created.event.type === "run_created" && !created.event.admitted;
    const { causeKind, by, event } = a.meta;
    say("run-started", RunStartedSchema, {
      run,
      state: isQueued ? RunState.QUEUED : RunState.RUNNING,
      cause: { kind: causeKinds[causeKind], by, ...(isObject(event) ? { event } : {}) },
    });
  }
  if (progressed.length > 0)
    say("run-progressed", RunProgressedSchema, { run, state: stateAfter(a), changes: progressed });
  if (lastly.length > 0)
    say("task-failed", TaskFailedSchema, { run, failures: lastly.map((e) => failureOf(a, e)) });
  if (retrying.length > 0)
    say("task-retrying", TaskRetryingSchema, {
      run,
      failures: retrying.map((e) => failureOf(a, e)),
    });
  if (recovered.length > 0)
    say("task-recovered", TaskRecoveredSchema, {
      run,
      changes: recovered.flatMap((r) => changeOf(r)),
    });
  const assets = a.events.flatMap(({ event }) => assetsOf(a.plan, event));
  if (assets.length > 0) say("asset-produced", AssetProducedSchema, { run, assets });
  const asked = a.events.flatMap(questionsOf);
  if (asked.length > 0) say("approval-asked", ApprovalAskedSchema, { run, questions: asked });
  const closed = a.events.flatMap((recorded) => closuresOf(a.plan, recorded));
  if (closed.length > 0) say("approval-closed", ApprovalClosedSchema, { run, questions: closed });
  if (settled?.event.type === "run_settled")
    say("run-settled", RunSettledSchema, {
      run,
      state: runStates[settled.event.state],
      reason: settled.event.reason ?? "",
      failures: redOf(a.state),
      ...(a.state.startedMs === undefined
        ? {}
        : { startedTime: timestampFromMs(a.state.startedMs) }),
    });
  return out;
}

/** What a success makes new; a person's mark does not. `output.assets.<name>` is what the task says about it. */
function assetsOf(plan: Plan, event: RunEvent): MessageInitShape<typeof ProducedAssetSchema>[] {
  if (event.type !== "task_succeeded") return [];
  const produces = plan.tasks[plan.indexOf.get(event.t) ?? -1]?.produces ?? [];
  const said = isObject(event.output) ? event.output["assets"] : undefined;
  return produces.map((asset) => {
    const extra = isObject(said) ? said[asset] : undefined;
    return {
      asset,
      taskId: event.t,
      mapIndex: event.i ?? -1,
      attempt: event.a,
      extraJson: isObject(extra) ? JSON.stringify(extra) : "",
    };
  });
}

function refOf({
  meta,
  version,
  events,
  environment,
}: Announcement): MessageInitShape<typeof RunStartedSchema>["run"] {
  return {
    runId: meta.runId,
    dagId: meta.dagId,
    dagVersion: meta.dagNumber,
    version,
    time: timestampFromMs(events.at(-1)?.atMs ?? meta.createdMs),
    environment,
    logicalTime: timestampFromMs(meta.logicalMs),
    key: meta.key,
  };
}

const stateAfter = ({ events }: Announcement): RunState => {
  for (const { event } of events.toReversed()) {
    if (event.type === "run_settled") return runStates[event.state];
    if (event.type === "run_cancelling" || event.type === "run_timed_out")
      return RunState.CANCELLING;
  }
  return RunState.RUNNING;
};

const statusAfter: Partial<Record<RunEvent["type"], TaskStatus>> = {
  task_assigned: "assigned",
  approval_asked: "awaiting_approval",
  task_started: "running",
  task_succeeded: "succeeded",
  task_cancelling: "cancelling",
  task_cancelled: "cancelled",
  task_skipped: "skipped",
  task_upstream_failed: "upstream_failed",
  task_queued: "queued",
  task_mapped: "running",
};

function changeOf({ event, atMs }: Recorded) {
  if (!("t" in event)) return [];
  const status = statusOf(event);
  if (status === undefined) return [];
  const attempt = "a" in event ? (event.a ?? 0) : 0;
  return [
    {
      taskId: event.t,
      mapIndex: event.i ?? -1,
      state: taskStates[status],
      attempt,
      time: timestampFromMs(atMs),
    },
  ];
}

function statusOf(event: TaskEvent): TaskStatus | undefined {
  if (event.type === "attempt_failed") return event.retryMs === undefined ? "failed" : "retrying";
  return event.type === "task_marked" ? event.state : statusAfter[event.type];
}

function failureOf({ plan }: Announcement, event: FailedEvent) {
  const planned = plan.tasks[plan.indexOf.get(event.t) ?? -1];
  return {
    taskId: event.t,
    mapIndex: event.i ?? -1,
    attempt: event.a,
    attemptsMax: planned === undefined ? 0 : attemptsMaxOf(planned),
    failure: wireFailureOf(event.failure),
    link: event.link ?? "",
    ...(event.retryMs === undefined ? {} : { retryTime: timestampFromMs(event.retryMs) }),
  };
}

/** The tasks that made a run red, with the failure of their last attempt. */
function redOf(state: RunNow) {
  return unhandled(state).flatMap(({ t: taskId, i: mapIndex = -1 }) => {
    const task = state.tasks[slotNamed(state, taskId, mapIndex) ?? -1];
    const planned = state.plan.tasks[task?.plan ?? -1];
    if (task === undefined || planned === undefined) return [];
    const { attempt, link } = task;
    const failure = task.failure ?? markedFailed(task);
    const attemptsMax = attemptsMaxOf(planned);
    return [
      {
        taskId,
        mapIndex,
        attempt,
        attemptsMax,
        failure: wireFailureOf(failure),
        link: link ?? "",
      },
    ];
  });
}

/** What a person marked failed has no evidence but who did it. */
const markedFailed = ({ reason = "marked failed" }: TaskState): Failure => ({
  class: "unknown",
  message: reason,
});

export function wireFailureOf(
  failure: Failure,
): Omit<WireFailure, "$typeName" | "$unknown" | "evidence"> & { evidence?: JsonObject } {
  return {
    class: failureClasses[failure.class],
    message: failure.message,
    logTail: [...(failure.logTail ?? [])],
    neverStarted: failure.neverStarted ?? false,
    permanent: failure.permanent ?? false,
    ...(isObject(failure.evidence) ? { evidence: failure.evidence } : {}),
  };
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function messageOf(a: Announcement, what: EventWhat, type: string, data: Uint8Array): OutMessage {
  const { runId, dagId } = a.meta;
  const id = eventIdOf(runId, a.version, what);
  return {
    subject: subjects.event(what, dagId, runId),
    data,
    id,
    traceparent: a.traceparent,
    headers: {
      "ce-specversion": "1.0",
      "ce-id": id,
      "ce-type": type,
      "ce-source": "chasqui/state-machine",
      "ce-subject": runId,
      "ce-time": new Date(a.events.at(-1)?.atMs ?? a.meta.createdMs).toISOString(),
      "ce-datacontenttype": "application/protobuf",
      "ce-correlationid": runId,
    },
  };
}
