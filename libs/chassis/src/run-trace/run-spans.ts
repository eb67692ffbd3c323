// The spans that the state machine writes of a run: each when it ends, from the event that ends it. Live tracing and
// the trace rebuilt from a history both come here, so that the two are the same spans.
import { attemptIdOf } from "@chasqui/contracts";
import type { SpanRecord } from "../spans.ts";
import { parseTraceparent } from "../traceparent.ts";
import { spanIds } from "./span-ids.ts";

/** What never changes about a run. */
export interface TracedRun {
  readonly runId: string;
  readonly dagId: string;
  readonly key: string;
  readonly createdMs: number;
  /** What started it: the parent of the run's root span. */
  readonly traceparent: string | undefined;
  readonly traceId: string;
}

/** An event of its history, as far as spans are about it. */
export interface TracedEvent {
  readonly atMs: number;
  readonly event: {
    readonly type: string;
    /** The task, and the index of a mapped instance. */
    readonly t?: string;
    readonly i?: number;
    /** The attempt's number. */
    readonly a?: number;
    readonly state?: string;
    readonly reason?: string;
    readonly failure?: { readonly class: string; readonly message: string };
  };
}

export interface AttemptOfRun {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly attempt: number;
}

/** What spans say, and the event that ends them does not. */
export interface KnownOfRun {
  kindOf(taskId: string): string;
  assignedMs(of: AttemptOfRun): number | undefined;
  /** Why the run ended as it did, should its last event not say it. */
  readonly reason: string | undefined;
}

/** A question is put to people, not assigned to a runner. */
const APPROVAL_KIND = "approval";
const ENDS_OF_ATTEMPT: ReadonlySet<string> = new Set([
  "task_succeeded",
  "attempt_failed",
  "task_cancelled",
  "task_skipped",
]);

/** Of an event about an attempt. */
export function attemptOfEvent({ event }: TracedEvent): AttemptOfRun | undefined {
  if (event.t === undefined || event.a === undefined) return undefined;
  return { taskId: event.t, mapIndex: event.i ?? -1, attempt: event.a };
}

/** The event is the last one about its attempt. */
export const endsAttempt = ({ event }: TracedEvent): boolean => ENDS_OF_ATTEMPT.has(event.type);

export const errorOfEvent = ({ event }: TracedEvent): string | undefined =>
  event.type === "attempt_failed" && event.failure !== undefined
    ? `${event.failure.class}: ${event.failure.message}`
    : undefined;

/** The spans that the event ends. */
export function spansEndedBy(run: TracedRun, told: TracedEvent, known: KnownOfRun): SpanRecord[] {
  const { event, atMs } = told;
  if (event.type === "run_created" || event.type === "run_admitted")
    return [startedSpan(run, atMs)];
  if (event.type === "run_settled") return [rootSpan(run, told, known)];
  const of = attemptOfEvent(told);
  if (of === undefined) return [];
  const kind = known.kindOf(of.taskId);
  if (event.type === "task_assigned")
    return kind === APPROVAL_KIND ? [] : [assignedSpan(run, of, { kind, atMs })];
  return endsAttempt(told) ? [taskSpan(run, of, told, known)] : [];
}

const nats = { "messaging.system.name": "nats" } as const;
const about = (run: TracedRun) => ({ "chasqui.run.id": run.runId, "chasqui.dag.id": run.dagId });
const attemptId = ({ runId }: TracedRun, of: AttemptOfRun): string => attemptIdOf({ runId, ...of });

function startedSpan(run: TracedRun, atMs: number): SpanRecord {
  return {
    traceId: run.traceId,
    spanId: spanIds.started(run.runId),
    parentSpanId: spanIds.run(run.runId),
    name: "run started",
    kind: "internal",
    startMs: atMs,
    endMs: atMs,
    attributes: about(run),
  };
}

function rootSpan(run: TracedRun, { event, atMs }: TracedEvent, known: KnownOfRun): SpanRecord {
  const parent = parseTraceparent(run.traceparent);
  const { state = "" } = event;
  return {
    traceId: run.traceId,
    spanId: spanIds.run(run.runId),
    parentSpanId: parent?.traceId === run.traceId ? parent.spanId : undefined,
    name: `run ${run.dagId}`,
    kind: "internal",
    startMs: run.createdMs,
    endMs: atMs,
    attributes: { ...about(run), "chasqui.run.state": state, "chasqui.run.key": run.key },
    error: state === "failed" ? (event.reason ?? known.reason ?? "failed") : undefined,
  };
}

/** What was put into a stream, at one moment: the waiting is the receivers'. */
function publishedSpan(
  run: TracedRun,
  ids: { readonly spanId: string; readonly parentSpanId: string },
  of: { readonly name: string; readonly stream: string; readonly atMs: number },
  attributes: SpanRecord["attributes"] = {},
): SpanRecord {
  return {
    traceId: run.traceId,
    ...ids,
    name: `publish ${of.name}`,
    kind: "producer",
    startMs: of.atMs,
    endMs: of.atMs,
    attributes: {
      ...nats,
      ...about(run),
      "messaging.destination.name": of.stream,
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
      ...attributes,
    },
  };
}

function assignedSpan(
  run: TracedRun,
  of: AttemptOfRun,
  { kind, atMs }: { readonly kind: string; readonly atMs: number },
): SpanRecord {
  const id = attemptId(run, of);
  const ids = { spanId: spanIds.assigned(id), parentSpanId: spanIds.task(id) };
  const published = { name: `chasqui.task.${kind}`, stream: "CHASQUI_TASKS", atMs };
  const more = { "chasqui.task.id": of.taskId, "messaging.message.id": id };
  return publishedSpan(run, ids, published, more);
}

function taskSpan(
  run: TracedRun,
  of: AttemptOfRun,
  told: TracedEvent,
  known: KnownOfRun,
): SpanRecord {
  return {
    traceId: run.traceId,
    spanId: spanIds.task(attemptId(run, of)),
    parentSpanId: spanIds.run(run.runId),
    name: `task ${of.taskId}`,
    kind: "internal",
    startMs: known.assignedMs(of) ?? told.atMs,
    endMs: told.atMs,
    attributes: {
      ...about(run),
      "chasqui.task.id": of.taskId,
      "chasqui.attempt": of.attempt,
      "chasqui.map.index": of.mapIndex < 0 ? undefined : of.mapIndex,
    },
    error: errorOfEvent(told),
  };
}

/** One message of the INBOX, processed: the child of whoever published it, where that is traced. */
export function processedSpan(
  run: TracedRun,
  message: {
    readonly id: string;
    readonly what: string;
    readonly parentSpanId: string | undefined;
  },
  times: { readonly startMs: number; readonly endMs: number },
): SpanRecord {
  return {
    traceId: run.traceId,
    spanId: spanIds.processed(message.id),
    parentSpanId: message.parentSpanId ?? spanIds.run(run.runId),
    name: `process chasqui.inbox.${message.what}`,
    kind: "consumer",
    ...times,
    attributes: {
      ...nats,
      ...about(run),
      "messaging.destination.name": "CHASQUI_INBOX",
      "messaging.operation.type": "process",
      "messaging.operation.name": "process",
      "messaging.message.id": message.id,
    },
  };
}

/** What a commit told everyone. */
export function eventSpan(run: TracedRun, version: number, atMs: number): SpanRecord {
  const ids = { spanId: spanIds.event(run.runId, version), parentSpanId: spanIds.run(run.runId) };
  return publishedSpan(run, ids, { name: "chasqui.event", stream: "CHASQUI_EVENTS", atMs });
}
