// What must hold of what is mapped, seen from outside: never more indexes at work than the mapping allows; inside a
// group an index goes on only after its own; and in the end there is one instance for each item that was listed.
import type { Json, RunState } from "../../libs/machine/src/index.ts";
import { isSettled } from "../../libs/machine/src/index.ts";
import type { ModelDatabase } from "./model-database.ts";
import { isOperated } from "./operations-check.ts";
import type { Outside } from "./outside.ts";
import { labelAt } from "./task-at.ts";

export function overmapped(database: ModelDatabase, outside: Outside): string | undefined {
  const working = new Map<string, Set<number>>();
  for (const { state, task } of outside.pods.values()) {
    if (state !== "running" || task.mapIndex < 0) continue;
    const plan = database.state(task.runId)?.plan;
    const mapper = plan?.tasks[plan.indexOf.get(task.taskId) ?? -1]?.mapper;
    const parallel = plan?.tasks[mapper ?? -1]?.map?.parallel ?? 0;
    const name = `${task.runId} ${plan?.tasks[mapper ?? -1]?.id ?? ""}`;
    const indexes = working.get(name) ?? new Set();
    working.set(name, indexes.add(task.mapIndex));
    if (
      parallel > 0 &&
      indexes.size > parallel &&
      !isOperated(database.runs.get(task.runId)?.history ?? [])
    )
      return `M1 ${indexes.size} indexes of ${name} are at work: want at most ${parallel}`;
  }
  return undefined;
}

/** Two of one index at work at once, one of which needs the other. */
export function tooEarlyInside(database: ModelDatabase, outside: Outside): string | undefined {
  const running = [...outside.pods.values()].filter(({ state }) => state === "running");
  const names = new Set(running.map(({ task }) => `${task.runId} ${labelAt(task)}`));
  for (const { task } of running) {
    if (task.mapIndex < 0 || isOperated(database.runs.get(task.runId)?.history ?? [])) continue;
    const plan = database.state(task.runId)?.plan;
    const planned = plan?.tasks[plan.indexOf.get(task.taskId) ?? -1];
    for (const need of planned?.needs ?? []) {
      const taskId = plan?.tasks[need]?.id ?? "";
      if (plan?.tasks[need]?.mapper !== planned?.mapper) continue;
      if (names.has(`${task.runId} ${labelAt({ taskId, mapIndex: task.mapIndex })}`))
        return `M2 ${labelAt(task)} of run ${task.runId} works beside ${taskId}, which it needs`;
    }
  }
  return undefined;
}

/** At the end, of a run that nobody meddled with. `lists`: whose output is mapped over, by what maps. */
export function wronglyMapped(
  database: ModelDatabase,
  lists: Readonly<Record<string, string>>,
): string | undefined {
  for (const runId of database.runs.keys()) {
    const state = database.state(runId);
    if (
      state === undefined ||
      !isSettled(state.status) ||
      isOperated(database.runs.get(runId)?.history ?? [])
    )
      continue;
    for (const [mapper, list] of Object.entries(lists)) {
      const items = state.tasks[state.plan.indexOf.get(mapper) ?? -1]?.items;
      const files = filesOf(state, list);
      if (items !== undefined && JSON.stringify(items) !== JSON.stringify(files))
        return `M3 ${mapper} of run ${runId} is mapped over ${JSON.stringify(items)}: want ${JSON.stringify(files)}`;
    }
  }
  return undefined;
}

function filesOf(state: RunState, list: string): Json | undefined {
  const output = state.tasks[state.plan.indexOf.get(list) ?? -1]?.output;
  return typeof output === "object" && output !== null && "files" in output
    ? output.files
    : undefined;
}
