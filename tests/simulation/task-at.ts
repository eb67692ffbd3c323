// A task, or one instance of it, in a run's state.
import { slotNamed } from "../../libs/machine/src/index.ts";
import type { RunState, TaskState } from "../../libs/machine/src/index.ts";

interface Ref {
  readonly taskId: string;
  readonly mapIndex: number;
}

export const taskAt = (
  state: RunState | undefined,
  { taskId, mapIndex }: Ref,
): TaskState | undefined => state?.tasks[slotNamed(state, taskId, mapIndex) ?? -1];

/** For people: `load`, `load[3]`. */
export const labelAt = ({ taskId, mapIndex }: Ref): string =>
  mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
