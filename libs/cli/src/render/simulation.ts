// A simulated run for people: a table of its tasks in the order in which they began, with why.
import { TaskRole } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import type { Simulated, SimulatedTask } from "@chasqui/dag";
import { inRunOrder, renderState } from "./run-table.ts";
import type { Style } from "./style.ts";
import { printable } from "./style.ts";
import { renderTable } from "./table.ts";
import { oneLine } from "./text.ts";
import { formatSpan } from "./time.ts";

const COLUMNS = [
  { title: "TASK" },
  { title: "STATE" },
  { title: "ATTEMPTS", align: "right" },
  { title: "BEGAN", align: "right" },
  { title: "TOOK", align: "right" },
  { title: "" },
] as const;

export function renderSimulation(
  spec: DagSpec,
  { run, tasks }: Simulated,
  options: { readonly style: Style; readonly width: number },
): string[] {
  const { style } = options;
  const startMs = run.started_at === undefined ? undefined : Date.parse(run.started_at);
  const took =
    startMs === undefined || run.ended_at === undefined
      ? ""
      : ` after ${formatSpan(Date.parse(run.ended_at) - startMs)}`;
  const why = run.reason === undefined ? "" : `: ${printable(oneLine(run.reason))}`;
  const places = placesOf(spec);
  const placeOf = (label: string): number => places.get(idIn(label)) ?? 0;
  const rows = Object.entries(tasks)
    .sort(([x, a], [y, b]) => orderOf(a) - orderOf(b) || placeOf(x) - placeOf(y))
    .map(([label, task]) => rowOf(label, task, startMs, style));
  return [
    `${style.bold(spec.id)} ${renderState(run.state, style)}${took} (simulated)${why}`,
    ...renderTable(COLUMNS, rows, options),
    ...silentTasks(spec, tasks).map((id) => style.dim(`${id} says nothing here: ${howToSay(id)}`)),
  ];
}

/** `load[2]` is an instance of `load`. */
const idIn = (label: string): string => label.replace(/\[\d+\]$/, "");

/** Upstream before downstream, a group after its tasks; what runs when all else ended comes last. */
function placesOf({ tasks, groups }: DagSpec): ReadonlyMap<string, number> {
  const isExit = ({ role }: DagSpec["tasks"][number]): boolean => role === TaskRole.ON_EXIT;
  const needsOf = new Map(groups.map(({ id, needs }) => [id, needs]));
  const nodes = [
    ...tasks.map((task) => ({
      task_id: task.id,
      needs: [...task.needs, ...(needsOf.get(task.group) ?? [])],
    })),
    ...groups.map(({ id }) => ({
      task_id: id,
      needs: tasks.filter(({ group }) => group === id).map((task) => task.id),
    })),
  ];
  const ordered = inRunOrder(nodes).map(({ task_id }) => task_id);
  const exits = new Set(tasks.filter(isExit).map(({ id }) => id));
  const places = [...ordered.filter((id) => !exits.has(id)), ...exits];
  return new Map(places.map((id, place) => [id, place]));
}

const howToSay = (id: string): string => `give it an output with --output ${id}='{…}'`;

/** Tasks whose output something failed for, and nobody said what it is. */
function silentTasks({ tasks: specs }: DagSpec, tasks: Simulated["tasks"]): string[] {
  const missed = Object.values(tasks).flatMap(({ state, why = "" }) =>
    state === "failed" && why.startsWith("config:")
      ? [...why.matchAll(/tasks(?:\.(\w+)|\['([^']+)'\])\.output/g)]
      : [],
  );
  const named = new Set(missed.map(([, name, id]) => id ?? name));
  return specs
    .map(({ id }) => id)
    .filter((id) => named.has(id) || named.has(id.replaceAll("-", "_")))
    .filter((id) => tasks[id]?.state === "succeeded" && tasks[id].output === undefined);
}

const orderOf = ({ started_at, ended_at }: SimulatedTask): number => {
  const at = started_at ?? ended_at;
  return at === undefined ? Infinity : Date.parse(at);
};

function rowOf(
  label: string,
  { state, attempts, why, started_at, ended_at }: SimulatedTask,
  runStartMs: number | undefined,
  style: Style,
): string[] {
  const startMs = started_at === undefined ? undefined : Date.parse(started_at);
  const began =
    startMs === undefined || runStartMs === undefined ? "" : `+${formatSpan(startMs - runStartMs)}`;
  const took =
    startMs === undefined || ended_at === undefined
      ? ""
      : formatSpan(Date.parse(ended_at) - startMs);
  return [
    label,
    renderState(state, style),
    attempts === 0 ? "" : String(attempts),
    began,
    took,
    why === undefined ? "" : printable(oneLine(why)),
  ];
}
