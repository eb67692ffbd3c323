// Effects as messages on the bus, each with its derived id: saying one twice is saying it once.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AssignmentSchema,
  AttemptState,
  CancelAttemptSchema,
  FailureClass,
  attemptIdOf,
  subjects,
} from "@chasqui/contracts";
import type { OutMessage } from "@chasqui/bus";
import { spanIds } from "@chasqui/chassis";
import type { DagEffect, PlanTask, RunEffect, TaskState } from "@chasqui/machine";
import { APPROVAL_KIND, CHILD_KIND, attemptsMaxOf } from "@chasqui/machine";
import { dagAutoPaused } from "./dag-events.ts";
import { withdrawn } from "./approval-messages.ts";
import { inboxMessage } from "./inbox-message.ts";
import { leaveChild, tellParent } from "./children.ts";
import { acquireSlots, releaseSlots } from "./pool-messages.ts";
import type { CachedRun } from "../core/aggregates.ts";
import type { Inbound } from "../core/inbound.ts";
import { causeKinds, runStates } from "./enums.ts";
import { traceparentOf } from "./traces.ts";

/** Which attempt of which slot. */
export interface AttemptRef {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}

export const attemptOf = (run: CachedRun, ref: AttemptRef): string =>
  attemptIdOf({
    runId: run.meta.runId,
    taskId: ref.taskId,
    mapIndex: ref.mapIndex,
    attempt: ref.attempt,
  });

export { inboxMessage };

export interface Assigned {
  readonly task: TaskState;
  readonly planned: PlanTask;
  readonly attempt: number;
}

/** The configuration is rendered already. */
export function assignment(
  run: CachedRun,
  { task, planned, attempt }: Assigned,
  rendered: { configJson: string; environment: string },
): OutMessage {
  const { meta } = run;
  const { mapIndex } = task;
  const attemptId = attemptOf(run, { taskId: planned.id, mapIndex, attempt });
  const body = create(AssignmentSchema, {
    attemptId,
    runId: meta.runId,
    dagId: meta.dagId,
    taskId: planned.id,
    mapIndex,
    attempt,
    kind: planned.kind,
    configJson: rendered.configJson,
    assignedMs: task.assignedMs ?? 0,
    timeoutMs: planned.timeoutMs,
    environment: rendered.environment,
    logicalTime: new Date(meta.logicalMs).toISOString(),
    runKey: meta.key,
    attemptsMax: attemptsMaxOf(planned),
    intervalStart: new Date(meta.interval.startMs).toISOString(),
    intervalEnd: new Date(meta.interval.endMs).toISOString(),
  });
  return {
    subject: subjects.task(planned.kind, attemptId),
    data: toBinary(AssignmentSchema, body),
    id: attemptId,
    traceparent: traceparentOf(meta, () => spanIds.assigned(attemptId), mapIndex),
  };
}

/** Cancels go on a plain subject, to every replica of the runner; those of runs of other DAGs and of questions do not. */
export function cancelOf(
  run: CachedRun,
  effect: AttemptRef & { readonly reason: string },
  again = "",
): OutMessage | { subject: string; data: Uint8Array } | undefined {
  const kind = run.state.plan.tasks[run.state.plan.indexOf.get(effect.taskId) ?? -1]?.kind;
  if (kind === undefined) return undefined;
  if (kind === CHILD_KIND) return leaveChild(run, effect, again);
  if (kind === APPROVAL_KIND) return withdrawn(run, effect);
  const attemptId = attemptOf(run, effect);
  const { taskId, mapIndex, attempt, reason } = effect;
  const { runId } = run.meta;
  const init = { attemptId, runId, taskId, mapIndex, attempt, reason };
  const body = create(CancelAttemptSchema, init);
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

/** A run that was reopened settles again: the moment tells the two apart. `asked`: by which message, once more. */
export function settleRun(run: CachedRun, asked?: string): OutMessage {
  const { runId, dagId } = run.meta;
  const once = `settled:${runId}:${run.state.settledMs ?? 0}`;
  const id = asked === undefined ? once : `${once}:${asked}`;
  const { causeKind } = run.meta;
  const value = {
    dagId,
    runId,
    state: runStates[run.state.status],
    causeKind: causeKinds[causeKind],
    settledMs: run.state.settledMs ?? 0,
  };
  const extra = { traceparent: traceparentOf(run.meta, () => spanIds.run(run.meta.runId)) };
  return inboxMessage("dag", dagId, id, { case: "settleRun", value }, extra);
}

/** A settled run was reopened, and asks its DAG for a slot again. */
export function reopenRun(run: CachedRun): OutMessage {
  const { runId, dagId } = run.meta;
  const id = `reopened:${runId}:${run.state.lastMs}`;
  const { lastMs: reopenedMs } = run.state;
  const value = { dagId, runId, causeKind: causeKinds[run.meta.causeKind], reopenedMs };
  return inboxMessage("dag", dagId, id, { case: "reopenRun", value });
}

export function timerDue(runId: string, wakeMs: number): OutMessage {
  const value = { runId, wakeMs };
  return inboxMessage("run", runId, `timer:${runId}:${wakeMs}`, { case: "timerDue", value });
}

/** A configuration that cannot be rendered is the attempt's failure, told like any other. */
export function unrendered(
  run: CachedRun,
  { task, planned, attempt }: Assigned,
  why: string,
): OutMessage {
  const { runId } = run.meta;
  const { mapIndex } = task;
  const attemptId = attemptOf(run, { taskId: planned.id, mapIndex, attempt });
  const failure = { class: FailureClass.CONFIG, message: why, permanent: true };
  const value = {
    attemptId,
    runId,
    taskId: planned.id,
    mapIndex,
    attempt,
    sequence: 1,
    state: AttemptState.FAILED,
    failure,
  };
  return inboxMessage("update", runId, `${attemptId}:unrendered`, { case: "update", value });
}

/** An attempt that its runners do not know any more. */
export function loseAttempt(lost: AttemptRef & { runId: string; evidence: string }): OutMessage {
  const { runId, taskId, mapIndex, attempt, evidence } = lost;
  const id = `${attemptIdOf({ runId, taskId, mapIndex, attempt })}:lost`;
  const value = { runId, taskId, mapIndex, attempt, evidence };
  return inboxMessage("run", runId, id, { case: "loseAttempt", value });
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

/** What a DAG tells its runs and, when it paused itself, everybody. */
export function dagMessages(
  effects: readonly DagEffect[],
  { cause, environment }: { readonly cause: string; readonly environment: string },
): OutMessage[] {
  return effects.flatMap((effect): OutMessage[] => {
    const { runId } = effect;
    if (effect.kind === "admit") {
      const id = `${cause}:admit:${runId}`;
      return [inboxMessage("run", runId, id, { case: "admitRun", value: { runId } })];
    }
    if (effect.kind === "cancel_run") {
      const value = { runId, by: "overlap", reason: effect.reason };
      return [inboxMessage("run", runId, `${cause}:cancel:${runId}`, { case: "cancelRun", value })];
    }
    if (effect.kind === "tell_paused") return [dagAutoPaused(effect, environment)];
    return [];
  });
}

/** To the run before; the moment tells apart who asks again after a clear. */
function askPast(run: CachedRun, effect: Extract<RunEffect, { kind: "ask_past" }>): OutMessage[] {
  const task = run.state.tasks[effect.slot];
  const planned = run.state.plan.tasks[task?.plan ?? -1];
  if (task === undefined || planned === undefined) return [];
  const { runId } = run.meta;
  const { id: taskId, was = [] } = planned;
  const value = { runId: effect.previousRunId, taskId, byRunId: runId, was: [...was] };
  const id = `past:${runId}:${taskId}:${task.mapIndex}:${task.turnMs ?? 0}`;
  return [inboxMessage("run", effect.previousRunId, id, { case: "askPast", value })];
}

/** Who asks a second time, after a clear, hears a second answer: it is named after the question. */
function pastDone(
  run: CachedRun,
  { to, task, asked }: { to: string; task: string; asked?: string },
): OutMessage {
  const id = `past-done:${to}:${task}:${run.meta.runId}:${asked ?? run.state.lastMs}`;
  return inboxMessage("run", to, id, { case: "pastDone", value: { runId: to, taskId: task } });
}

type MessageEffect = Exclude<RunEffect, { kind: "assign" | "cancel" }>;

/** What a run tells itself, its DAG and pools. */
export function effectMessages(run: CachedRun, effect: MessageEffect): OutMessage[] {
  switch (effect.kind) {
    case "continue":
      return [continueRun(run)];
    case "tell_dag":
      return [settleRun(run, effect.asked)];
    case "ask_dag":
      return [reopenRun(run)];
    case "acquire":
      return acquireSlots(run, effect);
    case "ask_past":
      return askPast(run, effect);
    case "tell_parent":
      return tellParent(run, effect.parent);
    case "tell_past":
      return [pastDone(run, effect)];
    case "release":
      return [
        releaseSlots(run.meta.runId, effect, effect.place === undefined ? "" : `:${effect.place}`),
      ];
    default: {
      const never: never = effect;
      throw new TypeError(`effect ${JSON.stringify(never)}`);
    }
  }
}
