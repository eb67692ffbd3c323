// Effects as messages on the bus, each with its derived id: saying one twice is saying it once.
import { create, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  AssignmentSchema,
  AttemptState,
  CancelAttemptSchema,
  FailureClass,
  InboxMessageSchema,
  attemptIdOf,
  subjects,
} from "@chasqui/contracts";
import type { InboxWhat } from "@chasqui/contracts";
import type { OutMessage } from "@chasqui/bus";
import type { DagEffect, PlanTask } from "@chasqui/machine";
import { attemptsMaxOf } from "@chasqui/machine";
import type { CachedRun } from "../core/aggregates.ts";
import type { Inbound } from "../core/inbound.ts";
import { runStates } from "./enums.ts";
import { assignSpanOf, runSpanOf, traceparentOf } from "./traces.ts";

type Body = NonNullable<MessageInitShape<typeof InboxMessageSchema>["body"]>;

export function inboxMessage(
  what: InboxWhat,
  aggregateId: string,
  id: string,
  body: Body,
  extra: { traceparent?: string; replyTo?: string } = {},
): OutMessage {
  const message = create(InboxMessageSchema, { id, replyTo: extra.replyTo ?? "", body });
  return {
    subject: subjects.inbox(what, aggregateId),
    data: toBinary(InboxMessageSchema, message),
    id,
    traceparent: extra.traceparent,
  };
}

export const attemptOf = (run: CachedRun, taskId: string, attempt: number): string =>
  attemptIdOf({ runId: run.meta.runId, taskId, mapIndex: -1, attempt });

/** The configuration is rendered already. */
export function assignment(
  run: CachedRun,
  planned: PlanTask,
  attempt: number,
  rendered: { configJson: string; environment: string },
): OutMessage {
  const { meta, state } = run;
  const attemptId = attemptOf(run, planned.id, attempt);
  const task = state.tasks[state.plan.indexOf.get(planned.id) ?? -1];
  const body = create(AssignmentSchema, {
    attemptId,
    runId: meta.runId,
    dagId: meta.dagId,
    taskId: planned.id,
    mapIndex: -1,
    attempt,
    kind: planned.kind,
    configJson: rendered.configJson,
    assignedMs: task?.assignedMs ?? 0,
    timeoutMs: planned.timeoutMs,
    environment: rendered.environment,
    logicalTime: new Date(meta.logicalMs).toISOString(),
    runKey: meta.key,
    attemptsMax: attemptsMaxOf(planned),
  });
  return {
    subject: subjects.task(planned.kind, attemptId),
    data: toBinary(AssignmentSchema, body),
    id: attemptId,
    traceparent: traceparentOf(meta, () => assignSpanOf(attemptId)),
  };
}

/** Cancels go on a plain subject, to every replica of the runner. */
export function cancelOf(
  run: CachedRun,
  effect: { taskId: string; attempt: number; reason: string },
): { subject: string; data: Uint8Array } | undefined {
  const kind = run.state.plan.tasks[run.state.plan.indexOf.get(effect.taskId) ?? -1]?.kind;
  if (kind === undefined) return undefined;
  const attemptId = attemptOf(run, effect.taskId, effect.attempt);
  const body = create(CancelAttemptSchema, {
    ...effect,
    attemptId,
    runId: run.meta.runId,
    mapIndex: -1,
  });
  return { subject: subjects.cancel(kind, attemptId), data: toBinary(CancelAttemptSchema, body) };
}

export function continueRun(run: CachedRun): OutMessage {
  const { runId } = run.meta;
  const value = { runId };
  return inboxMessage("run", runId, `continue:${runId}:${run.version}`, {
    case: "continueRun",
    value,
  });
}

export function settleRun(run: CachedRun): OutMessage {
  const { runId, dagId } = run.meta;
  const value = { dagId, runId, state: runStates[run.state.status] };
  const extra = { traceparent: traceparentOf(run.meta, () => runSpanOf(run.meta)) };
  return inboxMessage("dag", dagId, `settled:${runId}`, { case: "settleRun", value }, extra);
}

export function timerDue(runId: string, wakeMs: number): OutMessage {
  const value = { runId, wakeMs };
  return inboxMessage("run", runId, `timer:${runId}:${wakeMs}`, { case: "timerDue", value });
}

/** A configuration that cannot be rendered is the attempt's failure, told like any other. */
export function unrendered(
  run: CachedRun,
  planned: PlanTask,
  attempt: number,
  why: string,
): OutMessage {
  const { runId } = run.meta;
  const attemptId = attemptOf(run, planned.id, attempt);
  const failure = { class: FailureClass.CONFIG, message: why, permanent: true };
  const value = {
    attemptId,
    runId,
    taskId: planned.id,
    mapIndex: -1,
    attempt,
    sequence: 1,
    state: AttemptState.FAILED,
    failure,
  };
  return inboxMessage("update", runId, `${attemptId}:unrendered`, { case: "update", value });
}

/** Above every sequence that a runner counts to. */
const LAST_SEQUENCE = 1_000_000_000;

/** A report that can never be decided must not leave its attempt open for ever: the attempt ends as unknown. */
export function undecidable(inbound: Inbound, why: string): OutMessage[] {
  const { body } = inbound;
  if (body.to !== "run" || body.message.kind !== "update") return [];
  const { runId, message } = body;
  const { taskId, mapIndex, attempt } = message;
  const attemptId = attemptIdOf({ runId, taskId, mapIndex, attempt });
  const value = {
    attemptId,
    runId,
    taskId,
    mapIndex,
    attempt,
    sequence: LAST_SEQUENCE,
    state: AttemptState.FAILED,
    failure: { class: FailureClass.UNKNOWN, message: `its report could not be decided: ${why}` },
  };
  const id = `${attemptId}:undecidable`;
  return [inboxMessage("update", runId, id, { case: "update", value })];
}

/** What a DAG tells its runs. */
export function dagMessages(effects: readonly DagEffect[], cause: string): OutMessage[] {
  return effects.flatMap((effect): OutMessage[] => {
    const { runId } = effect;
    if (effect.kind === "admit")
      return [inboxMessage("run", runId, `admit:${runId}`, { case: "admitRun", value: { runId } })];
    if (effect.kind === "cancel_run") {
      const value = { runId, by: "overlap", reason: effect.reason };
      return [inboxMessage("run", runId, `${cause}:cancel:${runId}`, { case: "cancelRun", value })];
    }
    return [];
  });
}
