// A simulated run for people: a table of its tasks in the order in which they began, with why.
import type { DagSpec } from "@chasqui/contracts";
import type { Simulated, SimulatedTask } from "@chasqui/dag";
import { renderState } from "./run-table.ts";
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
  { id }: DagSpec,
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
  const rows = Object.entries(tasks)
    .sort(([, a], [, b]) => orderOf(a) - orderOf(b))
    .map(([label, task]) => rowOf(label, task, startMs, style));
  return [
    `${style.bold(id)} ${renderState(run.state, style)}${took} (simulated)${why}`,
    ...renderTable(COLUMNS, rows, options),
  ];
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
