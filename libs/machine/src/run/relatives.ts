// Which slots a command is about: those named, and what is up- and downstream of them.
import type { ClearMessage } from "./messages.ts";
import { slotNamed } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isFinalTask } from "./state.ts";

type Choice = Pick<ClearMessage, "tasks" | "upstream" | "downstream" | "onlyFailed">;

/**
 * In the order of the slots. A task that is mapped brings all its instances; what maps it comes along. What is to be
 * mapped anew brings them however they ended: they are of a list that counts no more.
 */
export function relativesOf(draft: RunState, choice: Choice): TaskState[] {
  const chosen = choice.tasks.length === 0 ? new Set(draft.tasks.keys()) : named(draft, choice);
  const closed = new Set([...chosen].flatMap((slot) => withInstances(draft, slot)));
  const isIn = (slot: number): boolean => closed.has(slot);
  return draft.tasks.filter(
    (task, slot) =>
      closed.has(slot) &&
      (!choice.onlyFailed || isRed(task) || isMappedAnew(task)) &&
      !isLonelyFrame(task),
  );

  function isMappedAnew(task: TaskState): boolean {
    const mapper = draft.plan.tasks[task.plan]?.mapper;
    const above = mapper === undefined ? undefined : draft.tasks[mapper];
    return mapper !== undefined && above !== undefined && isUnmapped(draft, mapper) && isRed(above);
  }

  /** With onlyFailed a frame is not cleared itself: its instances are, and it follows from them. */
  function isLonelyFrame(task: TaskState): boolean {
    return task.isFrame && (choice.onlyFailed || !coversInstances(draft, task, isIn));
  }
}

const isRed = ({ status }: TaskState): boolean =>
  status === "failed" || status === "upstream_failed" || status === "cancelled";

function named(draft: RunState, { tasks, upstream, downstream }: Choice): Set<number> {
  const start = tasks.flatMap(({ taskId, mapIndex }) => slotNamed(draft, taskId, mapIndex) ?? []);
  const all = new Set(start);
  const plans = start.flatMap((slot) => draft.tasks[slot]?.plan ?? []);
  if (upstream) for (const plan of reach(draft, plans, "needs")) all.add(plan);
  if (downstream) for (const plan of reach(draft, plans, "next")) all.add(plan);
  return all;
}

/** Plan indexes beyond `from`, in one direction. */
function reach(draft: RunState, from: readonly number[], along: "needs" | "next"): Set<number> {
  const seen = new Set<number>();
  const line = [...from];
  for (let plan = line.pop(); plan !== undefined; plan = line.pop())
    for (const other of draft.plan.tasks[plan]?.[along] ?? [])
      if (!seen.has(other)) {
        seen.add(other);
        line.push(other);
      }
  for (const plan of from) seen.delete(plan);
  return seen;
}

/** It ended without its items: only with it can anything inside begin again. */
export function isUnmapped(draft: RunState, mapper: number): boolean {
  const task = draft.tasks[mapper];
  return task !== undefined && task.items === undefined && isFinalTask(task.status);
}

/** A task with all its instances; of a mapped group the node with all its tasks. What is not mapped any more has all. */
function withInstances(draft: RunState, slot: number): number[] {
  const task = draft.tasks[slot];
  const planned = task === undefined ? undefined : draft.plan.tasks[task.plan];
  if (task === undefined || planned === undefined) return [slot];
  const { mapper, map, member } = planned;
  if (task.mapIndex >= 0)
    return mapper !== undefined && isUnmapped(draft, mapper)
      ? withInstances(draft, mapper)
      : [slot];
  if (map !== undefined) {
    const mapping = draft.maps.get(task.plan);
    return [slot, ...map.members, ...(mapping?.slots.flat() ?? [])];
  }
  if (mapper === undefined) return [slot];
  if (isUnmapped(draft, mapper)) return withInstances(draft, mapper);
  return [slot, ...(draft.maps.get(mapper)?.slots[member] ?? [])];
}

/** A frame is cleared itself only when everything that it frames is, and what maps it: else it follows from the rest. */
export function coversInstances(
  draft: RunState,
  task: TaskState,
  isIn: (slot: number) => boolean,
): boolean {
  const mapper = draft.plan.tasks[task.plan]?.mapper ?? task.plan;
  return (
    isIn(mapper) && (draft.maps.get(mapper)?.slots.every((slots) => slots.every(isIn)) ?? true)
  );
}
