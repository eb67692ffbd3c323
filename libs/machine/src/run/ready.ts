// When a waiting slot may start: its trigger rule has a verdict, and nothing about its place holds it back.
import { isInner, outlivesCancel } from "../plan.ts";
import type { PlanTask } from "../plan.ts";
import type { RuleVerdict } from "./rules.ts";
import { isDone, ruleVerdict } from "./rules.ts";
import { slotOf } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isOutside } from "./state.ts";

/** What its upstream says about a slot so far. */
export function verdictOfSlot(draft: RunState, task: TaskState): RuleVerdict {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined) return "wait";
  if (task.mapIndex >= 0 && planned.mapper === task.plan) return "run"; // its task had its turn
  if (planned.role === "teardown" && planned.setups.length > 0)
    return teardownVerdict(draft, task, planned);
  return ruleVerdict(planned.rule, task.upstream, task.upstreamTotal);
}

function teardownVerdict(draft: RunState, task: TaskState, planned: PlanTask): RuleVerdict {
  if (!isDone(task.upstream, task.upstreamTotal)) return "wait";
  const setups = planned.setups.map((setup) => statusBeside(draft, task, setup));
  if (setups.includes("succeeded")) return "run";
  return setups.every((status) => status === "skipped") ? "skip" : "upstream_failed";
}

/** The status of another task as seen from a slot: within a mapping the same index's. */
export function statusBeside(
  draft: RunState,
  task: TaskState,
  plan: number,
): TaskState["status"] | undefined {
  const mine = draft.plan.tasks[task.plan]?.mapper;
  const isBeside = mine !== undefined && draft.plan.tasks[plan]?.mapper === mine;
  return draft.tasks[slotOf(draft, plan, isBeside ? task.mapIndex : -1) ?? -1]?.status;
}

/** Puts a slot in the line of those that start next, if it may. */
export function becomeReady(draft: RunState, slot: number | undefined): void {
  const task = slot === undefined ? undefined : draft.tasks[slot];
  const planned = task === undefined ? undefined : draft.plan.tasks[task.plan];
  if (slot === undefined || task === undefined || planned === undefined) return;
  if (task.status !== "waiting" || !hasItsTurn(draft, task, planned)) return;
  if (verdictOfSlot(draft, task) === "wait") return;
  const last = draft.ready.at(-1);
  if (last !== undefined && priorityOf(draft, last) < planned.priority) draft.isReadySorted = false;
  draft.ready.push(slot);
}

/** By priority; of one priority, who was ready first. Costs something only when that is not so already. */
export function sortReady(draft: RunState): void {
  if (draft.isReadySorted) return;
  draft.ready.sort((a, b) => priorityOf(draft, b) - priorityOf(draft, a));
  draft.isReadySorted = true;
}

const priorityOf = ({ plan, tasks }: RunState, slot: number): number =>
  plan.tasks[tasks[slot]?.plan ?? -1]?.priority ?? 0;

export function hasItsTurn(draft: RunState, task: TaskState, planned: PlanTask): boolean {
  if (planned.role === "on_exit" && task.mapIndex < 0) return false; // starts when all else has ended
  if (draft.status === "cancelling") {
    if (!outlivesCancel(planned)) return false;
    if (task.mapIndex < 0) return !isInner(planned, task.plan);
    if (planned.mapper !== task.plan) return true; // of an index that has begun: the others are cancelled
  } else if (draft.status !== "running") return false;
  if (task.mapIndex >= 0)
    return draft.maps.get(planned.mapper ?? -1)?.opened[task.mapIndex] === true;
  return !isInner(planned, task.plan) && ofLastTime(draft, task) === undefined;
}

/** What maps again after a clear waits until nothing of the last time is at work: an instance that is. */
export function ofLastTime({ maps, tasks }: RunState, task: TaskState): TaskState | undefined {
  const mapping = task.mapIndex < 0 ? maps.get(task.plan) : undefined;
  for (const slots of mapping?.slots ?? [])
    for (const slot of slots) {
      const one = tasks[slot];
      if (one !== undefined && isOutside(one)) return one;
    }
  return undefined;
}
