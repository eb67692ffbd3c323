// One run as a table of its tasks, in the order in which they run; the same live and afterwards.
import type { RunView, TaskView } from "../run-view.ts";
import { printable } from "./style.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import { oneLine } from "./text.ts";
import { formatDistance, formatSpan } from "./time.ts";

export interface RenderOptions {
  readonly style: Style;
  readonly width: number;
  readonly nowMs: number;
}

const marks: Readonly<Record<string, string>> = {
  succeeded: "✓",
  failed: "✗",
  upstream_failed: "✗",
  skipped: "–",
  cancelled: "⊘",
  removed: "–",
  running: "●",
  assigned: "◐",
  retrying: "↻",
  cancelling: "◌",
  awaiting_approval: "?",
};

/** `✓ succeeded`, in its colour. */
export function renderState(state: string, style: Style): string {
  const text = `${marks[state] ?? "○"} ${state}`;
  switch (state) {
    case "succeeded":
      return style.green(text);
    case "failed":
    case "upstream_failed":
      return style.red(text);
    case "retrying":
    case "cancelling":
    case "cancelled":
    case "awaiting_approval":
      return style.yellow(text);
    case "running":
    case "assigned":
      return style.blue(text);
    default:
      return style.dim(text);
  }
}

const COLUMNS = [
  { title: "TASK" },
  { title: "STATE" },
  { title: "ATTEMPT" },
  { title: "TOOK", align: "right" },
  { title: "" },
] as const;

/** The table of tasks, without a heading. */
export function renderTasks(run: RunView, options: RenderOptions): string[] {
  const rows = inRunOrder(run.tasks).map((task) => [
    nameOf(task),
    renderState(task.state, options.style),
    task.attempt === 0 ? "" : `${task.attempt} of ${Math.max(task.attempt, task.attempts_max)}`,
    tookOf(task, options.nowMs),
    oneLine(printable(whyOf(task, options.nowMs))),
  ]);
  return renderTable(COLUMNS, rows, options);
}

/** One line: which run, what it is, since when or how long. */
export function renderHeading(run: RunView, { style, nowMs }: RenderOptions): string {
  const start = timeOf(run.started_time);
  const end = timeOf(run.settled_time);
  const took =
    start === undefined
      ? ""
      : end === undefined
        ? ` for ${formatSpan(nowMs - start)}`
        : ` in ${formatSpan(end - start)}`;
  const reason = run.reason === undefined ? "" : `: ${oneLine(printable(run.reason))}`;
  return `${style.bold(run.dag_id)} ${printable(run.key)}  ${renderState(run.state, style)}${took}${reason}`;
}

const timeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

export const nameOf = ({ task_id, map_index }: TaskView): string =>
  map_index === undefined ? task_id : `${task_id}[${map_index}]`;

function tookOf(task: TaskView, nowMs: number): string {
  const start = timeOf(task.started_time) ?? timeOf(task.assigned_time);
  if (start === undefined) return "";
  const end = timeOf(task.ended_time);
  if (end !== undefined) return formatTook(start, end);
  return /^(running|assigned|cancelling)$/.test(task.state) ? formatSpan(nowMs - start) : "";
}

/** Kubernetes tells whole seconds: a pod that starts and ends in the same one took less than one. */
export const formatTook = (startMs: number, endMs: number): string =>
  startMs === endMs && startMs % 1_000 === 0 ? "< 1 s" : formatSpan(endMs - startMs);

/** Why a task is where it is: the failure, the wait, what it waits for. */
function whyOf(task: TaskView, nowMs: number): string {
  const failure = task.failure && `${task.failure.class}: ${task.failure.message}`;
  const retry = timeOf(task.retry_time);
  switch (task.state) {
    case "failed":
      return failure ?? task.reason ?? "";
    case "retrying":
      return [retry === undefined ? "" : `again ${formatDistance(retry, nowMs)}`, failure ?? ""]
        .filter((part) => part !== "")
        .join("; ");
    case "waiting":
      return task.needs.length === 0 ? "" : `for ${task.needs.join(", ")}`;
    case "assigned":
    case "running":
    case "succeeded":
    case "cancelling":
      return task.child_run_id ?? task.reason ?? "";
    default:
      return task.reason ?? "";
  }
}

/** Upstream before downstream, among equals as they came. Tasks in a circle (no DAG has one) come last. */
export function inRunOrder<T extends Pick<TaskView, "task_id" | "needs">>(
  tasks: readonly T[],
): T[] {
  const ids = new Set(tasks.map(({ task_id }) => task_id));
  const downstream = new Map<string, string[]>();
  const open = new Map<string, number>();
  const level = new Map<string, number>();
  for (const { task_id, needs } of tasks) {
    if (open.has(task_id)) continue; // another instance of a mapped task
    const known = needs.filter((need) => ids.has(need));
    open.set(task_id, known.length);
    for (const need of known) downstream.set(need, [...(downstream.get(need) ?? []), task_id]);
  }
  const ready = [...open].filter(([, needs]) => needs === 0).map(([id]) => id);
  for (const id of ready) level.set(id, 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift())
    for (const next of downstream.get(id) ?? []) {
      level.set(next, Math.max(level.get(next) ?? 0, (level.get(id) ?? 0) + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  const rank = ({ task_id }: T): number =>
    open.get(task_id) === 0 ? (level.get(task_id) ?? 0) : tasks.length;
  return [...tasks].sort((a, b) => rank(a) - rank(b));
}
