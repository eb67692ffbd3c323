// What a runner's report does to its task.
// A report counts only for the current attempt and with a higher sequence; everything else changes nothing.
// A report by an attempt that nobody wants any more is a stray, and is answered with a cancel.
import type { PlanTask } from "../plan.ts";
import type { Emit } from "./emit.ts";
import type { Times } from "./events.ts";
import type { RunDecision, RunMessage, UpdateMessage } from "./messages.ts";
import { moved, nothing, rejected } from "./messages.ts";
import { repeatOf } from "./retry.ts";
import { nameOf, slotNamed } from "./slots.ts";
import type { Failure, RunState, TaskState } from "./state.ts";
import { isOutside } from "./state.ts";

export function decideUpdate(
  draft: RunState,
  update: UpdateMessage,
  emit: Emit,
  atMs: number,
): RunDecision {
  const { taskId, mapIndex, attempt, sequence } = update;
  const found = find(draft, taskId, mapIndex);
  if (found === undefined)
    return rejected(
      mapIndex < 0
        ? `task ${taskId}: the run's DAG version has no such task`
        : `task ${taskId}[${mapIndex}]: the run has no such instance`,
    );
  const { task } = found;
  if (attempt > task.attempt)
    return rejected(
      `task ${taskId}: attempt ${attempt} was never assigned (current: ${task.attempt})`,
    );
  if (attempt < task.attempt || !isOutside(task)) {
    // A late word of an attempt that told its own end is no stray: it is only late.
    const speaks = update.report.state === "accepted" || update.report.state === "running";
    const isOver = attempt === task.attempt && sequence <= task.sequence;
    const strays = speaks && !isOver ? [{ taskId, mapIndex, attempt }] : [];
    return { kind: "nothing", why: `attempt ${attempt} is not current or has ended`, strays };
  }
  if (sequence <= task.sequence) return nothing(`sequence ${sequence} was seen`);
  report(draft, found, update, emit, atMs);
  return moved;
}

export interface Found {
  readonly task: TaskState;
  readonly planned: PlanTask;
}

export function find(draft: RunState, taskId: string, mapIndex: number): Found | undefined {
  const slot = slotNamed(draft, taskId, mapIndex);
  const task = slot === undefined ? undefined : draft.tasks[slot];
  const planned = task === undefined ? undefined : draft.plan.tasks[task.plan];
  return task === undefined || planned === undefined ? undefined : { task, planned };
}

function report(
  draft: RunState,
  found: Found,
  update: UpdateMessage,
  emit: Emit,
  atMs: number,
): void {
  const { task } = found;
  const { report: said, sequence: s, attempt: a } = update;
  const name = nameOf(draft, task);
  const acceptedMs = update.acceptedMs ?? atMs;
  const link = update.link === undefined ? {} : { link: update.link };
  const times = timesOf(update, atMs);
  switch (said.state) {
    case "accepted":
      return emit({ type: "task_accepted", ...name, a, s, acceptedMs, ...link });
    case "running": {
      const startedMs = update.startedMs ?? atMs;
      return emit({ type: "task_started", ...name, a, s, acceptedMs, startedMs, ...link });
    }
    case "succeeded": {
      const { cancelFor } = task;
      const output = said.output === undefined ? {} : { output: said.output };
      emit({ type: "task_succeeded", ...name, a, s, ...times, ...output, ...link });
      return cancelFor === "clear" ? clear(draft, task, emit) : undefined;
    }
    case "skipped": {
      const { cancelFor } = task;
      emit({ type: "task_skipped", ...name, a, s, reason: said.reason });
      return cancelFor === "clear" ? clear(draft, task, emit) : undefined;
    }
    case "failed":
      return endBadly(draft, found, { failure: said.failure, s, ...times, ...link }, emit, atMs);
    case "cancelled":
      return endBadly(draft, found, { failure: nobodyAsked, s, ...times }, emit, atMs);
    default: {
      const never: never = said;
      throw new TypeError(`report ${JSON.stringify(never)}`);
    }
  }
}

interface BadEnd {
  readonly failure: Failure;
  readonly s: number;
  readonly times?: Times;
  readonly link?: string;
}

/** What an attempt's end means depends on why it was asked to end, if it was. */
function endBadly(draft: RunState, found: Found, end: BadEnd, emit: Emit, atMs: number): void {
  const { task, planned } = found;
  const name = nameOf(draft, task);
  const a = task.attempt;
  switch (task.cancelFor) {
    case "run":
      return emit({ type: "task_cancelled", ...name, a, s: end.s });
    case "timeout":
      return fail(draft, found, { ...end, failure: timedOut(planned, task) }, emit, atMs);
    case "clear":
      emit({ type: "task_cancelled", ...name, a, s: end.s });
      return clear(draft, task, emit);
    case "mark": {
      const asked = { by: "", reason: task.reason ?? "" };
      return emit({ type: "task_marked", ...name, state: task.markAs ?? "failed", ...asked });
    }
    case undefined:
      return fail(draft, found, end, emit, atMs);
    default: {
      const never: never = task.cancelFor;
      throw new TypeError(`cancelled for ${String(never)}`);
    }
  }
}

/** The attempt that a person wanted out of the way is gone: now its task is as new. */
function clear(draft: RunState, task: TaskState, emit: Emit): void {
  const { reason = "", cause } = task;
  emit({ type: "tasks_cleared", list: [nameOf(draft, task)], of: cause, by: "", reason });
}

const nobodyAsked: Failure = {
  class: "evicted",
  message: "the attempt was cancelled outside, and nobody here had asked for it",
};

export function timedOut(planned: PlanTask, task: TaskState): Failure {
  const { timeoutMs, totalTimeoutMs, startTimeoutMs } = planned;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  if (task.startedMs === undefined && startTimeoutMs > 0)
    return {
      class: "timeout",
      message: `the attempt did not start within ${seconds(startTimeoutMs)} and was cancelled`,
    };
  const isTotal =
    totalTimeoutMs > 0 &&
    (timeoutMs === 0 || (task.firstMs ?? 0) + totalTimeoutMs < (task.startedMs ?? 0) + timeoutMs);
  return {
    class: "timeout",
    message: isTotal
      ? `all attempts together took longer than ${seconds(totalTimeoutMs)}; this one was cancelled`
      : `the attempt took longer than ${seconds(timeoutMs)} and was cancelled`,
  };
}

function timesOf(update: UpdateMessage, atMs: number): { times?: Times } {
  if (update.startedMs === undefined && update.endedMs === undefined) return {};
  const startedMs = update.startedMs ?? atMs;
  return {
    times: {
      acceptedMs: update.acceptedMs ?? startedMs,
      startedMs,
      endedMs: update.endedMs ?? atMs,
    },
  };
}

export function fail(
  draft: RunState,
  { task, planned }: Found,
  { failure, s, ...more }: BadEnd,
  emit: Emit,
  atMs: number,
): void {
  const repeat = repeatOf(planned, task, failure, atMs);
  const name = nameOf(draft, task);
  const a = task.attempt;
  if (repeat.kind === "skip")
    return emit({
      type: "task_skipped",
      ...name,
      a,
      s,
      reason: `${failure.class}: ${failure.message} (retry rule \`${repeat.rule}\`)`,
    });
  const why = repeat.rule ?? (repeat.kind === "fail" ? repeat.why : undefined);
  emit({
    type: "attempt_failed",
    ...name,
    a,
    s,
    failure,
    ...more,
    ...(repeat.kind === "repeat" ? { retryMs: repeat.atMs } : {}),
    ...(repeat.kind === "repeat" && repeat.free ? { free: true as const } : {}),
    ...(why === undefined ? {} : { rule: why }),
  });
}

/** An attempt declared lost on evidence ends like a failure; one that ended meanwhile stays as it ended. */
export function decideLost(
  draft: RunState,
  lose: Extract<RunMessage, { kind: "lose" }>,
  emit: Emit,
  atMs: number,
): RunDecision {
  const found = find(draft, lose.taskId, lose.mapIndex);
  if (found === undefined || found.task.attempt !== lose.attempt || !isOutside(found.task))
    return nothing(`attempt ${lose.attempt} is not current or has ended`);
  const failure: Failure = { class: "lost", message: lose.evidence };
  endBadly(draft, found, { failure, s: found.task.sequence + 1 }, emit, atMs);
  return moved;
}
