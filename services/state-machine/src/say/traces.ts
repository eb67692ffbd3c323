// The trace of a run, written from its history: no span stays open across a wait. What is waited for, and the run's
// root, are written when they end, with their start time and ids derived from the run and the attempt, so that
// runners and mails can name their parents before those are written.
import { spanIdOf } from "@chasqui/contracts";
import type { SpanRecord, Telemetry } from "@chasqui/chassis";
import { formatTraceparent, parseTraceparent } from "@chasqui/chassis";
import { APPROVAL_KIND, slotNamed } from "@chasqui/machine";
import type { Recorded, RunState, TaskState } from "@chasqui/machine";
import type { AttemptRef } from "./messages.ts";
import type { CachedRun, RunMeta } from "../core/aggregates.ts";

export const runSpanOf = (meta: RunMeta): string => spanIdOf(meta.runId, "run");
export const taskSpanOf = (attemptId: string): string => spanIdOf(attemptId, "task");
export const assignSpanOf = (attemptId: string): string => spanIdOf(attemptId, "assign");
export const eventSpanOf = (meta: RunMeta, version: number): string =>
  spanIdOf(meta.runId, "event", version);
export const inboxSpanOf = (messageId: string, to: string): string =>
  spanIdOf(messageId, "say", to);

/** A list of ten thousand items is one traced run, but nobody reads thirty thousand spans: later instances have none. */
export const TRACED_INSTANCES_MAX = 100;
export const isInstanceTraced = (mapIndex: number): boolean => mapIndex < TRACED_INSTANCES_MAX;

/** A run that is not traced says so with one parent for all, made once: hashing an id per message is not free. */
const untraced = new WeakMap<RunMeta, string>();

/** The parent for whoever gets a message; `spanId` is asked only of what is traced. */
export function traceparentOf(meta: RunMeta, spanId: () => string, mapIndex = -1): string {
  if (meta.traced && isInstanceTraced(mapIndex))
    return formatTraceparent({ traceId: meta.traceId, spanId: spanId(), sampled: true });
  const known = untraced.get(meta);
  if (known !== undefined) return known;
  const made = formatTraceparent({
    traceId: meta.traceId,
    spanId: runSpanOf(meta),
    sampled: false,
  });
  untraced.set(meta, made);
  return made;
}

const nats = { "messaging.system.name": "nats" } as const;
const about = (meta: RunMeta) => ({ "chasqui.run.id": meta.runId, "chasqui.dag.id": meta.dagId });

/** One message, processed: the child of whoever published it. */
export function processedSpan(
  meta: RunMeta,
  message: { id: string; subject: string; traceparent: string | undefined },
  times: { startMs: number; endMs: number },
): SpanRecord {
  const what = message.subject.split(".")[3] ?? "run";
  const parent = parseTraceparent(message.traceparent);
  const isOurs = parent?.traceId === meta.traceId;
  return {
    traceId: meta.traceId,
    spanId: spanIdOf(message.id, "process"),
    parentSpanId: isOurs ? parent.spanId : runSpanOf(meta),
    name: `process chasqui.inbox.${what}`,
    kind: "consumer",
    ...times,
    attributes: {
      ...nats,
      ...about(meta),
      "messaging.destination.name": "CHASQUI_INBOX",
      "messaging.operation.type": "process",
      "messaging.operation.name": "process",
      "messaging.message.id": message.id,
    },
  };
}

/** Spans that the events of one commit end. */
export function spansOf(
  run: CachedRun,
  events: readonly Recorded[],
  attemptIdOf: (ref: AttemptRef) => string,
): SpanRecord[] {
  const { meta, state } = run;
  return events.flatMap(({ event, atMs }): SpanRecord[] => {
    if (event.type === "run_created" || event.type === "run_admitted")
      return [startedSpan(meta, atMs)];
    if (event.type === "run_settled") return [rootSpan(meta, state, atMs)];
    if (!("t" in event) || !("a" in event) || event.a === undefined) return [];
    const mapIndex = event.i ?? -1;
    if (!isInstanceTraced(mapIndex)) return [];
    const attemptId = attemptIdOf({ taskId: event.t, mapIndex, attempt: event.a });
    if (event.type === "task_assigned" && kindOf(state, event.t) === APPROVAL_KIND) return [];
    if (event.type === "task_assigned")
      return [assignedSpan(meta, state, event.t, attemptId, atMs)];
    const ended =
      event.type === "task_succeeded" ||
      event.type === "attempt_failed" ||
      event.type === "task_cancelled";
    const task = state.tasks[slotNamed(state, event.t, mapIndex) ?? -1];
    if (!ended || task === undefined) return [];
    const error =
      event.type === "attempt_failed"
        ? `${event.failure.class}: ${event.failure.message}`
        : undefined;
    return [taskSpan(meta, event.t, attemptId, task, { attempt: event.a, atMs, error })];
  });
}

const kindOf = ({ plan }: RunState, taskId: string): string =>
  plan.tasks[plan.indexOf.get(taskId) ?? -1]?.kind ?? "unknown";

function startedSpan(meta: RunMeta, atMs: number): SpanRecord {
  return {
    traceId: meta.traceId,
    spanId: spanIdOf(meta.runId, "started"),
    parentSpanId: runSpanOf(meta),
    name: "run started",
    kind: "internal",
    startMs: atMs,
    endMs: atMs,
    attributes: about(meta),
  };
}

function rootSpan(meta: RunMeta, state: RunState, atMs: number): SpanRecord {
  const parent = parseTraceparent(meta.traceparent);
  return {
    traceId: meta.traceId,
    spanId: runSpanOf(meta),
    parentSpanId: parent?.traceId === meta.traceId ? parent.spanId : undefined,
    name: `run ${meta.dagId}`,
    kind: "internal",
    startMs: meta.createdMs,
    endMs: atMs,
    attributes: { ...about(meta), "chasqui.run.state": state.status, "chasqui.run.key": meta.key },
    error: state.status === "failed" ? (state.reason ?? "failed") : undefined,
  };
}

function assignedSpan(
  meta: RunMeta,
  state: RunState,
  taskId: string,
  attemptId: string,
  atMs: number,
): SpanRecord {
  const kind = kindOf(state, taskId);
  return {
    traceId: meta.traceId,
    spanId: assignSpanOf(attemptId),
    parentSpanId: taskSpanOf(attemptId),
    name: `publish chasqui.task.${kind}`,
    kind: "producer",
    startMs: atMs,
    endMs: atMs,
    attributes: {
      ...nats,
      ...about(meta),
      "chasqui.task.id": taskId,
      "messaging.destination.name": "CHASQUI_TASKS",
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
      "messaging.message.id": attemptId,
    },
  };
}

function taskSpan(
  meta: RunMeta,
  taskId: string,
  attemptId: string,
  task: TaskState,
  end: { attempt: number; atMs: number; error: string | undefined },
): SpanRecord {
  return {
    traceId: meta.traceId,
    spanId: taskSpanOf(attemptId),
    parentSpanId: runSpanOf(meta),
    name: `task ${taskId}`,
    kind: "internal",
    startMs: task.assignedMs ?? end.atMs,
    endMs: end.atMs,
    attributes: { ...about(meta), "chasqui.task.id": taskId, "chasqui.attempt": end.attempt },
    error: end.error,
  };
}

/** A message that the state machine sends: its span has no length, for the waiting is the receiver's. */
export function saidSpan(
  meta: RunMeta,
  span: { spanId: string; parentSpanId: string; destination: string; stream: string },
  atMs: number,
): SpanRecord {
  return {
    traceId: meta.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: `publish ${span.destination}`,
    kind: "producer",
    startMs: atMs,
    endMs: atMs,
    attributes: {
      ...nats,
      ...about(meta),
      "messaging.destination.name": span.stream,
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
    },
  };
}

export const emitAll = (telemetry: Telemetry, spans: readonly SpanRecord[]): void => {
  for (const span of spans) telemetry.emitSpan(span);
};
