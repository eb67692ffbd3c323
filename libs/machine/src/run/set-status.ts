// The one place where a slot's status changes, so that what is counted over all slots always fits.
import type { RunState, TaskStatus } from "./state.ts";
import { isActive, isFinalTask } from "./state.ts";

export function setStatus(draft: RunState, slot: number, status: TaskStatus): void {
  const task = draft.tasks[slot];
  if (task === undefined) return;
  if (isActive(task)) draft.active -= 1;
  if (!isFinalTask(task.status)) draft.unfinished -= 1;
  task.status = status;
  if (isActive(task)) draft.active += 1;
  if (!isFinalTask(status)) draft.unfinished += 1;
  draft.touched.add(slot);
}
