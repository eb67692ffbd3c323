// Between the wire and the runner: assignments in, updates and log batches out.
// Invariants:
//   T1. What cannot be an assignment is refused with a MalformedAssignment that names the field; nothing else is
//       ever thrown, and a bad configuration is not malformed: it fails its attempt instead of hanging its run.
//   T2. The update's message id is derived from attempt and sequence alone.
// Messages are written as literals, not with create(): 10,000 of them a second leave here.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import type { Assignment, AttemptUpdate, Failure } from "@chasqui/contracts";
import {
  AssignmentSchema,
  AttemptState,
  CancelAttemptSchema,
  FailureClass,
  InboxMessageSchema,
  LogBatchSchema,
  subjects,
  updateIdOf,
} from "@chasqui/contracts";
import type { Attempt, AttemptRef, AttemptTimes, FailureInit, FailureKind } from "./attempt.ts";
import type { Line } from "./core/log-lines.ts";

export class MalformedAssignment extends Error {
  override readonly name = "MalformedAssignment";
}

const ATTEMPT_ID = /^att-[0-9a-z]{26}$/;
const RUN_ID = /^run-[0-9a-z]{26}$/;

/** The configuration is still text: parsing it may fail the attempt, never the message. */
export interface Assigned extends Omit<Attempt, "config" | "deadlineMs"> {
  readonly configJson: string;
}

export function translateAssignment(
  data: Uint8Array,
  from: { readonly kind: string; readonly traceparent: string | undefined },
): Assigned {
  const message = decode(data);
  if (message.kind !== from.kind) throw malformed("kind", message.kind, from.kind);
  if (!ATTEMPT_ID.test(message.attemptId))
    throw malformed("attempt_id", message.attemptId, "att- and 26 characters of base-32");
  if (!RUN_ID.test(message.runId))
    throw malformed("run_id", message.runId, "run- and 26 characters of base-32");
  if (message.taskId === "") throw malformed("task_id", message.taskId, "a task");
  if (message.attempt < 1) throw malformed("attempt", message.attempt, "1 or more");
  return {
    attemptId: message.attemptId,
    runId: message.runId,
    taskId: message.taskId,
    mapIndex: message.mapIndex,
    attempt: message.attempt,
    traceparent: from.traceparent,
    dagId: message.dagId,
    kind: message.kind,
    configJson: message.configJson,
    attemptsMax: message.attemptsMax,
    environment: message.environment,
    logicalTime: message.logicalTime,
    runKey: message.runKey,
    assignedMs: message.assignedMs,
    timeoutMs: message.timeoutMs > 0 ? message.timeoutMs : undefined,
  };
}

function decode(data: Uint8Array): Assignment {
  try {
    return fromBinary(AssignmentSchema, data);
  } catch (error) {
    throw new MalformedAssignment(
      `${data.length} bytes are no chasqui.task.v1.Assignment: ${String(error)}`,
      { cause: error },
    );
  }
}

function malformed(field: string, value: unknown, want: string): MalformedAssignment {
  return new MalformedAssignment(`assignment: ${field} ${JSON.stringify(value)}: want ${want}`);
}

/** Undefined for anything that is not a cancel. */
export function translateCancel(
  data: Uint8Array,
): { readonly ref: AttemptRef; readonly reason: string } | undefined {
  try {
    const { attemptId, runId, taskId, mapIndex, attempt, reason } = fromBinary(
      CancelAttemptSchema,
      data,
    );
    if (!ATTEMPT_ID.test(attemptId) || !RUN_ID.test(runId)) return undefined;
    return { ref: { attemptId, runId, taskId, mapIndex, attempt, traceparent: undefined }, reason };
  } catch {
    return undefined;
  }
}

/** What is said about an attempt. */
export type Said =
  | { readonly state: "accepted" | "running" | "cancelled" }
  | { readonly state: "succeeded"; readonly outputJson: string }
  | { readonly state: "failed"; readonly failure: FailureInit }
  | { readonly state: "skipped"; readonly reason: string };

export interface Update {
  readonly ref: AttemptRef;
  readonly sequence: number;
  readonly said: Said;
  readonly times: AttemptTimes;
  readonly link: string;
}

export function updateMessage(update: Update): OutMessage {
  const { ref } = update;
  const id = updateIdOf(ref.attemptId, update.sequence);
  const data = toBinary(InboxMessageSchema, {
    $typeName: "chasqui.run.v1.InboxMessage",
    id,
    replyTo: "",
    body: { case: "update", value: attemptUpdate(update) },
  });
  const subject = subjects.inbox("update", ref.runId);
  return { id, subject, data, bundle: subjects.bundle(subject) };
}

function attemptUpdate({ ref, sequence, said, times, link }: Update): AttemptUpdate {
  const update: AttemptUpdate = {
    $typeName: "chasqui.task.v1.AttemptUpdate",
    attemptId: ref.attemptId,
    runId: ref.runId,
    taskId: ref.taskId,
    mapIndex: ref.mapIndex,
    attempt: ref.attempt,
    sequence,
    state: STATES[said.state],
    acceptedMs: times.acceptedMs ?? 0,
    startedMs: times.startedMs ?? 0,
    endedMs: times.endedMs ?? 0,
    outputJson: said.state === "succeeded" ? said.outputJson : "",
    reason: said.state === "skipped" ? said.reason : "",
    link,
  };
  if (said.state === "failed") update.failure = failureMessage(said.failure);
  return update;
}

const STATES = {
  accepted: AttemptState.ACCEPTED,
  running: AttemptState.RUNNING,
  succeeded: AttemptState.SUCCEEDED,
  failed: AttemptState.FAILED,
  skipped: AttemptState.SKIPPED,
  cancelled: AttemptState.CANCELLED,
} as const satisfies Record<Said["state"], AttemptState>;

const CLASSES = {
  code: FailureClass.CODE,
  out_of_memory: FailureClass.OUT_OF_MEMORY,
  image: FailureClass.IMAGE,
  config: FailureClass.CONFIG,
  evicted: FailureClass.EVICTED,
  quota: FailureClass.QUOTA,
  timeout: FailureClass.TIMEOUT,
  lost: FailureClass.LOST,
  upstream: FailureClass.UPSTREAM,
  infra: FailureClass.INFRA,
  unknown: FailureClass.UNKNOWN,
} as const satisfies Record<FailureKind, FailureClass>;

function failureMessage(failure: FailureInit): Failure {
  return {
    $typeName: "chasqui.task.v1.Failure",
    class: CLASSES[failure.class],
    message: failure.message,
    logTail: [...(failure.logTail ?? [])],
    neverStarted: failure.neverStarted ?? false,
    permanent: failure.permanent ?? false,
    ...(failure.evidence === undefined ? {} : { evidence: failure.evidence }),
  };
}

/** The id names the first and the last line: a batch cut elsewhere after a restart is another message. */
export function logMessage(
  ref: AttemptRef,
  lines: readonly Line[],
  complete: { readonly lastCounter: number } | undefined,
): OutMessage {
  const first = lines[0]?.counter ?? (complete?.lastCounter ?? 0) + 1;
  const last = lines.at(-1)?.counter ?? complete?.lastCounter ?? 0;
  const data = toBinary(LogBatchSchema, {
    $typeName: "chasqui.log.v1.LogBatch",
    attemptId: ref.attemptId,
    runId: ref.runId,
    taskId: ref.taskId,
    attempt: ref.attempt,
    complete: complete !== undefined,
    lines: lines.map((line) => ({ ...line, $typeName: "chasqui.log.v1.LogLine" as const })),
  });
  return {
    subject: subjects.log(ref.runId, ref.taskId, ref.attemptId),
    data,
    id: `${ref.attemptId}:l${first}-${last}${complete === undefined ? "" : "c"}`,
  };
}
