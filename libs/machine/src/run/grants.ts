// A pool gave a slot to an attempt that waits in line: the next of its pools, or its turn.
import { NOOP_KIND } from "../plan.ts";
import type { Emit } from "./emit.ts";
import type { RunDecision, RunMessage } from "./messages.ts";
import { moved, nothing } from "./messages.ts";
import { nameOf, slotNamed } from "./slots.ts";
import type { RunState, TaskState } from "./state.ts";
import { isOutside } from "./state.ts";

type Granted = Extract<RunMessage, { kind: "granted" }>;

export function decideGranted(
  draft: RunState,
  message: Granted,
  emit: Emit,
  atMs: number,
): RunDecision {
  const { taskId, mapIndex, attempt, pool } = message;
  const task = draft.tasks[slotNamed(draft, taskId, mapIndex) ?? -1];
  if (task === undefined || task.attempt !== attempt || !needsSlots(task)) return giveBack(message);
  if (task.status !== "queued" || task.claims[task.granted]?.pool !== pool)
    return task.claims.some((claim) => claim.pool === pool)
      ? nothing(`attempt ${attempt} of ${taskId} has heard of it`)
      : giveBack(message);
  const name = nameOf(draft, task);
  emit({ type: "slot_granted", ...name, a: attempt, pool });
  if (task.granted < task.claims.length) return moved;
  if (draft.plan.tasks[task.plan]?.kind === NOOP_KIND) {
    const times = { acceptedMs: atMs, startedMs: atMs, endedMs: atMs };
    emit({ type: "task_succeeded", ...name, a: attempt, s: 1, times });
  } else emit({ type: "task_assigned", ...name, a: attempt });
  return moved;
}

const needsSlots = (task: TaskState): boolean =>
  task.claims.length > 0 && (task.status === "queued" || isOutside(task));

/** Nobody wants the slot any more: said late, or said twice. */
const giveBack = ({ taskId, mapIndex, attempt, pool, place = 0 }: Granted): RunDecision => ({
  kind: "nothing",
  why: `attempt ${attempt} of ${taskId} is not in line for pool ${pool}`,
  strays: [],
  answers: [{ kind: "release", taskId, mapIndex, attempt, pool, place }],
});
