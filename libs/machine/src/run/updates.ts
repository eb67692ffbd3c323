// What a runner's report does to its task.
// A report counts only for the current attempt and with a higher sequence; everything else changes nothing.
// A report by an attempt that nobody wants any more is a stray, and is answered with a cancel.
import type { PlanTask } from "../plan.ts";
import type { Emit } from "./emit.ts";
import type { Times } from "./events.ts";
import type { RunDecision, RunMessage } from "./messages.ts";
import { repeatOf } from "./retry.ts";
import type { Failure, RunState, TaskState } from "./state.ts";
import { isOutside } from "./state.ts";

type Update = Extract<RunMessage, { kind: "update" }>;

export function decideUpdate(
  draft: RunState,
  update: Update,
  emit: Emit,
  atMs: number,
): RunDecision {
  const found = find(draft, update.taskId, update.mapIndex);
  if (found === undefined)
    return {
      kind: "rejected",
      why: `task ${update.taskId}: the run's DAG version has no such task`,
    };
  const { task } = found;
  if (update.attempt > task.attempt)
    return {
      kind: "rejected",
      why: `task ${update.taskId}: attempt ${update.attempt} was never assigned (current: ${task.attempt})`,
    };
  if (update.attempt < task.attempt || !isOutside(task.status)) {
    // A late word of an attempt that told its own end is no stray: it is only late.
    const speaks = update.report.state === "accepted" || update.report.state === "running";
    const isOver = update.attempt === task.attempt && update.sequence <= task.sequence;
    const strays = speaks && !isOver ? [{ taskId: update.taskId, attempt: update.attempt }] : [];
    return {
      kind: "nothing",
      why: `attempt ${update.attempt} is not current or has ended`,
      strays,
    };
  }
  if (update.sequence <= task.sequence)
    return { kind: "nothing", why: `sequence ${update.sequence} was seen`, strays: [] };
  report(found, update, emit, atMs);
  return { kind: "moved", strays: [] };
}

interface Found {
  readonly task: TaskState;
  readonly planned: PlanTask;
}

function find(draft: RunState, taskId: string, mapIndex: number): Found | undefined {
  const index = mapIndex === -1 ? draft.plan.indexOf.get(taskId) : undefined;
  const task = index === undefined ? undefined : draft.tasks[index];
  const planned = index === undefined ? undefined : draft.plan.tasks[index];
  return task === undefined || planned === undefined ? undefined : { task, planned };
}

function report({ task, planned }: Found, update: Update, emit: Emit, atMs: number): void {
  const { report: said, sequence: s } = update;
  const t = planned.id;
  const a = update.attempt;
  const acceptedMs = update.acceptedMs ?? atMs;
  const link = update.link === undefined ? {} : { link: update.link };
  const times = timesOf(update, atMs);
  switch (said.state) {
    case "accepted":
      return emit({ type: "task_accepted", t, a, s, acceptedMs, ...link });
    case "running":
      return emit({
        type: "task_started",
        t,
        a,
        s,
        acceptedMs,
        startedMs: update.startedMs ?? atMs,
        ...link,
      });
    case "succeeded": {
      const output = said.output === undefined ? {} : { output: said.output };
      return emit({ type: "task_succeeded", t, a, s, ...times, ...output, ...link });
    }
    case "skipped":
      return emit({ type: "task_skipped", t, a, s, reason: said.reason });
    case "failed":
      if (task.cancelFor === "run") return emit({ type: "task_cancelled", t, a, s });
      if (task.cancelFor === "timeout")
        return fail({ task, planned }, timedOut(planned), s, emit, atMs, times);
      return fail({ task, planned }, said.failure, s, emit, atMs, { ...times, ...link });
    case "cancelled":
      if (task.cancelFor === "run") return emit({ type: "task_cancelled", t, a, s });
      if (task.cancelFor === "timeout")
        return fail({ task, planned }, timedOut(planned), s, emit, atMs, times);
      return fail({ task, planned }, nobodyAsked, s, emit, atMs, times);
    default: {
      const never: never = said;
      throw new TypeError(`report ${JSON.stringify(never)}`);
    }
  }
}

const nobodyAsked: Failure = {
  class: "evicted",
  message: "the attempt was cancelled outside, and nobody here had asked for it",
};
const timedOut = (planned: PlanTask): Failure => ({
  class: "timeout",
  message: `the attempt took longer than ${planned.timeoutMs / 1000} s and was cancelled`,
});

function timesOf(update: Update, atMs: number): { times?: Times } {
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

function fail(
  { task, planned }: Found,
  failure: Failure,
  sequence: number,
  emit: Emit,
  atMs: number,
  more: { times?: Times; link?: string } = {},
): void {
  const repeat = repeatOf(planned, task, failure, atMs);
  emit({
    type: "attempt_failed",
    t: planned.id,
    a: task.attempt,
    s: sequence,
    failure,
    ...more,
    ...(repeat.kind === "repeat" ? { retryMs: repeat.atMs } : {}),
    ...(repeat.kind === "repeat" && repeat.free ? { free: true as const } : {}),
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
  if (found === undefined || found.task.attempt !== lose.attempt || !isOutside(found.task.status))
    return {
      kind: "nothing",
      why: `attempt ${lose.attempt} is not current or has ended`,
      strays: [],
    };
  const { task, planned } = found;
  const s = task.sequence + 1;
  if (task.cancelFor === "run") emit({ type: "task_cancelled", t: planned.id, a: task.attempt, s });
  else if (task.cancelFor === "timeout") fail(found, timedOut(planned), s, emit, atMs);
  else fail(found, { class: "lost", message: lose.evidence }, s, emit, atMs);
  return { kind: "moved", strays: [] };
}
