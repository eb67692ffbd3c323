// What people ask of a run: to end, to do some of its tasks again, to take a task for something else than it is.
// What is at work outside is asked to end first; only its seen end leads on, so no attempt ever has a twin.
import type { Emit } from "./emit.ts";
import { cancelOutside, hasChildAtWork } from "./emit.ts";
import type { Named } from "./events.ts";
import type { ClearMessage, MarkMessage, RunDecision, RunMessage, TaskRef } from "./messages.ts";
import { moved, nothing, rejected } from "./messages.ts";
import { GROUP_KIND, isInner, outlivesCancel } from "../plan.ts";
import { labelOf, nameOf, slotNamed } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isFinalTask, isOutside, isSettled } from "./state.ts";
import { markedBy } from "./evolve-task.ts";
import { coversInstances, isUnmapped, relativesOf } from "./relatives.ts";

export function decideCancel(
  draft: RunState,
  message: Extract<RunMessage, { kind: "cancel" }>,
  emit: Emit,
): RunDecision {
  const { by, reason, now = false } = message;
  if (isSettled(draft.status)) return nothing(`the run is ${draft.status}`);
  if (draft.status === "cancelling" && !(now && hasLastWork(draft)))
    return nothing("the run is cancelling");
  emit({ type: "run_cancelling", by, reason, ...(now ? { now: true } : {}) });
  cancelOutside(draft, emit, { now });
  return moved;
}

/** A teardown or on-exit task that nobody has told to end, here or in a run that a task of this one wants. */
const hasLastWork = (draft: RunState): boolean =>
  draft.tasks.some((task) => {
    if (hasChildAtWork(task)) return true;
    const planned = draft.plan.tasks[task.plan];
    const isLast = planned !== undefined && outlivesCancel(planned) && !task.isFrame;
    return isLast && !isFinalTask(task.status) && task.status !== "cancelling";
  });

export function decideClear(
  draft: RunState,
  message: ClearMessage,
  emit: Emit,
  cause: string,
): RunDecision {
  if (draft.status === "cancelling")
    return rejected("the run is being cancelled: wait for its end");
  if (draft.startedMs === undefined) return rejected(notBegun(draft));
  const unknown = message.tasks.find(
    (ref) => slotNamed(draft, ref.taskId, ref.mapIndex) === undefined,
  );
  if (unknown !== undefined) return rejected(noSuchTask(unknown));
  const chosen = relativesOf(draft, message).filter(
    (task) =>
      task.status !== "waiting" &&
      task.status !== "removed" &&
      task.clearedBy !== cause &&
      !(task.status === "cancelling" && task.cancelFor === "clear"),
  );
  if (chosen.length === 0) return nothing("nothing is left to clear");
  const { by, reason } = message;
  reopen(draft, message, emit);
  const quiet = chosen.filter((task) => !isOutside(task)).map((task) => nameOf(draft, task));
  const busy = chosen.filter((task) => isOutside(task));
  for (const task of busy)
    emit({
      type: "task_cancelling",
      ...nameOf(draft, task),
      a: task.attempt,
      for: "clear",
      by,
      reason,
    });
  if (quiet.length > 0) emit({ type: "tasks_cleared", list: quiet, by, reason });
  return moved;
}

export function decideMark(draft: RunState, message: MarkMessage, emit: Emit): RunDecision {
  const { state, by, reason } = message;
  const slot = slotNamed(draft, message.taskId, message.mapIndex);
  const task = slot === undefined ? undefined : draft.tasks[slot];
  if (task === undefined) return rejected(noSuchTask(message));
  if (draft.status === "cancelling")
    return rejected("the run is being cancelled: wait for its end");
  if (draft.startedMs === undefined) return rejected(notBegun(draft));
  const refused = whyNotMarked(draft, task);
  if (refused !== undefined) return rejected(refused);
  if (task.status === state) return nothing(`it is ${state} already`);
  if (task.status === "removed")
    return rejected(
      `${labelOf(nameOf(draft, task))} was removed: the list is shorter now, or about to be made anew`,
    );
  if (task.status === "cancelling")
    return rejected("its attempt is being cancelled: wait for its end");
  const name = nameOf(draft, task);
  if (isOutside(task)) {
    const said = { by, reason: markedBy(state, by, reason) };
    emit({
      type: "task_cancelling",
      ...name,
      a: task.attempt,
      for: "mark",
      markAs: state,
      ...said,
    });
    return moved;
  }
  reopen(draft, message, emit);
  emit({ type: "task_marked", ...name, state, by, reason });
  const list = overtaken(draft, task);
  if (list.length > 0) emit({ type: "tasks_cleared", list, by, reason });
  return moved;
}

/** What exists once per item has no state of its own that a person could set. */
function whyNotMarked(draft: RunState, task: TaskState): string | undefined {
  const planned = draft.plan.tasks[task.plan];
  if (planned === undefined || task.mapIndex >= 0) return undefined;
  if (planned.kind === GROUP_KIND)
    return `${planned.id} is a mapped group: mark its tasks' instances`;
  if (task.isFrame || isInner(planned, task.plan))
    return `task ${planned.id} is mapped: mark its instances, for example ${planned.id}[0]`;
  return undefined;
}

/** What ended only because of how the marked task had ended is looked at again. */
function overtaken(draft: RunState, task: TaskState): Named[] {
  const ref = { taskId: draft.plan.tasks[task.plan]?.id ?? "", mapIndex: task.mapIndex };
  const all = relativesOf(draft, {
    tasks: [ref],
    upstream: false,
    downstream: true,
    onlyFailed: false,
  });
  const others = new Set(
    all.filter((other) => other !== task && isOvertaken(outermost(draft, other))),
  );
  const isIn = (slot: number): boolean => others.has(draft.tasks[slot] ?? task);
  return [...others]
    .filter((other) => !other.isFrame || coversInstances(draft, other, isIn))
    .map((other) => nameOf(draft, other));
}

/** Of what is inside a group that was never mapped: the group, for nothing inside begins without it. */
function outermost(draft: RunState, task: TaskState): TaskState {
  const mapper = draft.plan.tasks[task.plan]?.mapper;
  return mapper !== undefined && isUnmapped(draft, mapper) ? (draft.tasks[mapper] ?? task) : task;
}

const isOvertaken = ({ status, attempt, attemptBase }: TaskState): boolean =>
  status === "upstream_failed" ||
  (status === "cancelled" && attempt === attemptBase) ||
  (status === "skipped" && attempt === attemptBase);

/** A settled run goes on: it asks its DAG for a slot again. */
function reopen(draft: RunState, { by, reason }: { by: string; reason: string }, emit: Emit): void {
  if (isSettled(draft.status)) emit({ type: "run_reopened", by, reason });
}

const notBegun = ({ status }: RunState): string =>
  isSettled(status)
    ? "the run was cancelled before it began: rerun it instead"
    : "the run has not begun";

const noSuchTask = ({ taskId, mapIndex }: TaskRef): string =>
  `the run has no task ${labelOf(mapIndex < 0 ? { t: taskId } : { t: taskId, i: mapIndex })}`;
