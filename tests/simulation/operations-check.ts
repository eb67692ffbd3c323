// What must hold of what people ask of runs: who hears that it counts is right; what came twice is done once; a run that
// is done again is there, of the version that was asked for.
import { labelOf } from "../../libs/machine/src/index.ts";
import type { Recorded } from "../../libs/machine/src/index.ts";
import { runIdOf } from "../../libs/contracts/src/index.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";

export function wronglyOperated(database: ModelDatabase, bus: ModelBus): string | undefined {
  for (const { runId, cause } of bus.acceptedCommands)
    if (!database.runs.get(runId)?.history.some((recorded) => recorded.cause === cause))
      return `O1 ${cause} was told to count, and changed nothing`;
  for (const [runId, { history }] of database.runs) {
    const twice = doneTwice(history);
    if (twice !== undefined) return `O2 in run ${runId} ${twice} came about twice`;
  }
  for (const { dagId, key, fingerprint } of bus.reruns) {
    const made = database.runs.get(runIdOf(dagId, key))?.init.plan.fingerprint;
    const isWanted = bus.reruns.some((other) => other.key === key && other.fingerprint === made);
    if (made !== undefined && !isWanted)
      return `O3 run ${key} of ${dagId} is of version ${made}: want ${fingerprint}`;
  }
  return undefined;
}

/** By the command as its sender named it: a task is cleared, marked or the run cancelled by it only once. */
function doneTwice(history: readonly Recorded[]): string | undefined {
  const { done } = followed(history);
  return [...done].find(([, times]) => times > 1)?.[0];
}

interface Followed {
  events: number;
  isOperated: boolean;
  /** How often each came about. */
  readonly done: Map<string, number>;
}
const known = new WeakMap<readonly Recorded[], Followed>();

/** A history only grows: what of it was looked at is not looked at again. */
function followed(history: readonly Recorded[]): Followed {
  const seen = known.get(history) ?? { events: 0, isOperated: false, done: new Map() };
  known.set(history, seen);
  for (; seen.events < history.length; seen.events++) {
    const recorded = history[seen.events];
    if (recorded === undefined) continue;
    const { event, cause } = recorded;
    seen.isOperated ||= event.type === "tasks_cleared" || event.type === "task_marked";
    for (const what of doneBy(event, cause)) seen.done.set(what, (seen.done.get(what) ?? 0) + 1);
  }
  return seen;
}

/** Somebody cleared or marked something: then its parts are not of one time. */
export const isOperated = (history: readonly Recorded[]): boolean => followed(history).isOperated;

function doneBy(event: Recorded["event"], cause: string): string[] {
  const command = (event.type === "tasks_cleared" ? (event.of ?? cause) : cause).replace(
    /:again$/,
    "",
  );
  if (event.type === "tasks_cleared")
    return event.list.map((name) => `${command} of ${labelOf(name)}`);
  if (event.type === "run_cancelling") return [`${command}`];
  return event.type === "task_marked" && event.by !== "" ? [`${command}, its mark`] : [];
}

/** At the end: a mark stands until somebody clears or marks the task again. */
export function forgotten(database: ModelDatabase): string | undefined {
  for (const [runId, { history }] of database.runs) {
    const state = database.state(runId);
    if (state === undefined || !isOperated(history)) continue;
    for (const task of state.tasks) {
      const said = lastSaid(history, state.plan.tasks[task.plan]?.id ?? "", task.mapIndex);
      if (said !== undefined && task.status !== said)
        return `O4 in run ${runId} ${task.plan}[${task.mapIndex}] was marked ${said} and is ${task.status}`;
    }
  }
  return undefined;
}

function lastSaid(
  history: readonly Recorded[],
  taskId: string,
  mapIndex: number,
): string | undefined {
  let said: string | undefined;
  for (const { event } of history) {
    if (event.type === "tasks_cleared") said = undefined;
    if (event.type !== "task_marked" || event.t !== taskId || (event.i ?? -1) !== mapIndex)
      continue;
    said = event.state;
  }
  return said;
}
