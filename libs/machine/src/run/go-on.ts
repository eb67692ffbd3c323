// What a run does by itself after each message: start what became ready, and settle when nothing is left.
// A run starts at most ASSIGN_MAX tasks in one decision, so that one large run does not hold up the others;
// it goes on by a message to itself.
import type { Evaluated, PlanTask, Scope } from "../plan.ts";
import type { Emit } from "./emit.ts";
import { isOwnKind } from "./evolve.ts";
import { ruleVerdict } from "./rules.ts";
import type { RunState, TaskState } from "./state.ts";
import { verdictOf } from "./verdict.ts";

export const ASSIGN_MAX = 1_000;

export function goOn(draft: RunState, emit: Emit, atMs: number): void {
  if (draft.status === "running") startReady(draft, emit, atMs);
  if (draft.unfinished > 0 || draft.status === "queued") return;
  const verdict = verdictOf(draft);
  emit({
    type: "run_settled",
    state: verdict.state,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
  });
}

function startReady(draft: RunState, emit: Emit, atMs: number): void {
  let next = 0; // an index, not shift(): a fan-out of 10,000 stays linear
  for (let started = 0; next < draft.ready.length && started < ASSIGN_MAX; next++, started++) {
    const index = draft.ready[next];
    const task = index === undefined ? undefined : draft.tasks[index];
    const planned = index === undefined ? undefined : draft.plan.tasks[index];
    if (task !== undefined && planned !== undefined && task.status === "waiting")
      startTask(draft, task, planned, emit, atMs);
  }
  draft.ready.splice(0, next);
}

function startTask(
  draft: RunState,
  task: TaskState,
  planned: PlanTask,
  emit: Emit,
  atMs: number,
): void {
  const t = planned.id;
  const verdict = ruleVerdict(planned.rule, task.upstream, planned.needs.length);
  if (verdict === "skip")
    return emit({
      type: "task_skipped",
      t,
      reason: `trigger rule ${planned.rule} can no longer be met`,
    });
  if (verdict === "upstream_failed") return emit({ type: "task_upstream_failed", t });
  const condition = evaluateWhen(draft, planned);
  const a = task.attempt + 1;
  if (!condition.ok) {
    const failure = { class: "config" as const, message: `when: ${condition.message}` };
    return emit({ type: "attempt_failed", t, a, s: 1, failure });
  }
  if (!condition.value) return emit({ type: "task_skipped", t, reason: "when is false" });
  if (isOwnKind(planned)) {
    const times = { acceptedMs: atMs, startedMs: atMs, endedMs: atMs };
    return emit({ type: "task_succeeded", t, a, s: 1, times });
  }
  emit({ type: "task_assigned", t, a });
}

function evaluateWhen(draft: RunState, planned: PlanTask): Evaluated<boolean> {
  if (planned.when === undefined) return { ok: true, value: true };
  return planned.when(scopeOf(draft, planned.whenNames));
}

/** What an expression of this run may read, with the outputs of the named tasks. */
export function scopeOf(draft: RunState, named: readonly number[]): Scope {
  const tasks: Record<string, { state: string; output: NonNullable<TaskState["output"]> | null }> =
    {};
  for (const index of named) {
    const planned = draft.plan.tasks[index];
    const task = draft.tasks[index];
    if (planned !== undefined && task !== undefined)
      tasks[planned.id] = { state: task.status, output: task.output ?? null };
  }
  return { run: draft.facts, params: draft.params, event: draft.event, tasks };
}
