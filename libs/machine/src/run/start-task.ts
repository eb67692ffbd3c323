// A slot has its turn: trigger rule first, then `when`, then mapping, then pools, then it is assigned.
import type { ClaimPlan, Evaluated, Json, PlanTask } from "../plan.ts";
import { NOOP_KIND, isInner } from "../plan.ts";
import type { Emit } from "./emit.ts";
import { verdictOfSlot } from "./ready.ts";
import { scopeOf } from "./scope.ts";
import { nameOf } from "./slots.ts";
import type { Claim, RunState, TaskState } from "./state.ts";

export function startTask(draft: RunState, slot: number, emit: Emit, atMs: number): void {
  const task = draft.tasks[slot];
  const planned = task === undefined ? undefined : draft.plan.tasks[task.plan];
  if (task === undefined || planned === undefined) return;
  const name = nameOf(draft, task);
  const verdict = verdictOfSlot(draft, task);
  const reason = `trigger rule ${planned.rule} can no longer be met`;
  if (verdict === "skip") {
    emit({ type: "task_skipped", ...name, reason });
    return endInner(draft, planned, task, emit);
  }
  if (verdict === "upstream_failed") {
    emit({ type: "task_upstream_failed", ...name });
    return endInner(draft, planned, task, emit);
  }
  const condition = evaluateWhen(draft, planned, task, atMs);
  if (!condition.ok) {
    failBefore(draft, task, `when: ${condition.message}`, emit);
    return endInner(draft, planned, task, emit);
  }
  if (!condition.value) {
    emit({ type: "task_skipped", ...name, reason: "when is false" });
    return endInner(draft, planned, task, emit);
  }
  const { previousRunId } = draft.facts;
  const isOwnInstance = planned.mapper === task.plan && task.mapIndex >= 0; // its task had waited
  if (planned.dependsOnPast && previousRunId !== undefined && !isOwnInstance)
    return emit({ type: "task_held", ...name, previous: previousRunId });
  goAhead(draft, task, planned, emit, atMs);
}

/** Nothing upstream, and nothing of the past, holds it back any more. */
export function goAhead(
  draft: RunState,
  task: TaskState,
  planned: PlanTask,
  emit: Emit,
  atMs: number,
): void {
  if (planned.map !== undefined && task.mapIndex < 0)
    return mapTask(draft, task, planned, emit, atMs);
  const name = nameOf(draft, task);
  if (planned.kind === NOOP_KIND && planned.claims.length === 0) {
    const times = { acceptedMs: atMs, startedMs: atMs, endedMs: atMs };
    return emit({ type: "task_succeeded", ...name, a: task.attempt + 1, s: 1, times });
  }
  beginAttempt(draft, task, emit, atMs);
}

/** The next attempt: in line for its pools, or assigned. */
export function beginAttempt(draft: RunState, task: TaskState, emit: Emit, atMs: number): void {
  const planned = draft.plan.tasks[task.plan];
  const name = nameOf(draft, task);
  const a = task.attempt + 1;
  if (planned === undefined || planned.claims.length === 0)
    return emit({ type: "task_assigned", ...name, a });
  const claims = claimsOf(draft, task, planned.claims, atMs);
  if (!claims.ok) return failBefore(draft, task, claims.message, emit);
  emit({ type: "task_queued", ...name, a, claims: claims.value });
}

/** Pools in the order of their names: nobody holds one that another needs first. */
function claimsOf(
  draft: RunState,
  task: TaskState,
  plans: readonly ClaimPlan[],
  atMs: number,
): Evaluated<Claim[]> {
  const planned = draft.plan.tasks[task.plan];
  const scope = scopeOf(draft, planned?.whenNames ?? [], { task, atMs });
  const claims: Claim[] = [];
  for (const { pool, slots, size } of plans) {
    const name = pool(scope);
    if (!name.ok) return { ok: false, message: `concurrency key: ${name.message}` };
    claims.push({ pool: name.value, slots, ...(size === undefined ? {} : { size }) });
  }
  return { ok: true, value: claims.sort((a, b) => (a.pool < b.pool ? -1 : 1)) };
}

function failBefore(draft: RunState, task: TaskState, message: string, emit: Emit): void {
  const failure = { class: "config" as const, message };
  emit({ type: "attempt_failed", ...nameOf(draft, task), a: task.attempt + 1, s: 1, failure });
}

function evaluateWhen(
  draft: RunState,
  planned: PlanTask,
  task: TaskState,
  atMs: number,
): Evaluated<boolean> {
  const yes = { ok: true, value: true } as const;
  if (planned.when === undefined) return yes;
  const isInstance = task.mapIndex >= 0;
  const isOwnMapper = planned.mapper === task.plan;
  if (isOwnMapper && isInstance !== planned.whenOfItem) return yes; // the other of the two asks
  return planned.when(scopeOf(draft, planned.whenNames, { task, atMs }));
}

function mapTask(
  draft: RunState,
  task: TaskState,
  planned: PlanTask,
  emit: Emit,
  atMs: number,
): void {
  const { map } = planned;
  if (map === undefined) return;
  const items = itemsOf(map.items(scopeOf(draft, map.names, { task, atMs })), map.itemsMax);
  if (!items.ok) {
    failBefore(draft, task, `for_each: ${items.message}`, emit);
    return endInner(draft, planned, task, emit);
  }
  if (items.value.length > 0)
    return emit({ type: "task_mapped", ...nameOf(draft, task), items: items.value });
  emit({ type: "task_skipped", ...nameOf(draft, task), reason: "the list to map over is empty" });
  endInner(draft, planned, task, emit);
}

/** Items are kept in the run's state and in one row. */
const ITEMS_CHARS_MAX = 1_000_000;

function itemsOf(found: Evaluated<readonly Json[]>, itemsMax: number): Evaluated<readonly Json[]> {
  if (!found.ok) return found;
  if (found.value.length > itemsMax)
    return { ok: false, message: `${found.value.length} items: want at most ${itemsMax}` };
  const chars = JSON.stringify(found.value).length;
  if (chars > ITEMS_CHARS_MAX)
    return {
      ok: false,
      message: `${chars} characters of items: want at most ${ITEMS_CHARS_MAX}; map over ids or URIs`,
    };
  return found;
}

/** A mapped group that never came to be: its tasks end as it did. */
function endInner(draft: RunState, planned: PlanTask, task: TaskState, emit: Emit): void {
  if (planned.map === undefined || task.mapIndex >= 0) return;
  for (const member of planned.map.members) {
    const inner = draft.tasks[member];
    const innerPlan = draft.plan.tasks[member];
    if (inner === undefined || innerPlan === undefined || !isInner(innerPlan, member)) continue;
    if (inner.status !== "waiting") continue;
    const name = nameOf(draft, inner);
    if (task.status === "skipped")
      emit({ type: "task_skipped", ...name, reason: `group ${planned.id} was skipped` });
    else emit({ type: "task_upstream_failed", ...name });
  }
}
