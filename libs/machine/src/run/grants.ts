// A pool gave a slot to an attempt that waits in line: the next of its pools, or its turn.
import type { Emit } from "./emit.ts";
import type { RunDecision, RunMessage } from "./messages.ts";
import { moved, nothing } from "./messages.ts";
import { nameOf, slotNamed } from "./slots.ts";
import type { RunState } from "./state.ts";

export function decideGranted(
  draft: RunState,
  { taskId, mapIndex, attempt, pool }: Extract<RunMessage, { kind: "granted" }>,
  emit: Emit,
): RunDecision {
  const slot = slotNamed(draft, taskId, mapIndex);
  const task = slot === undefined ? undefined : draft.tasks[slot];
  if (task === undefined || task.attempt !== attempt || task.status !== "queued")
    return nothing(`attempt ${attempt} of ${taskId} is not in line for a pool`);
  if (task.claims[task.granted]?.pool !== pool)
    return nothing(`attempt ${attempt} of ${taskId} is not in line for pool ${pool}`);
  const name = nameOf(draft, task);
  emit({ type: "slot_granted", ...name, a: attempt, pool });
  if (task.granted === task.claims.length) emit({ type: "task_assigned", ...name, a: attempt });
  return moved;
}
