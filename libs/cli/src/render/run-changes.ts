// What changed between two looks at a run, one line each: the live table where there is no terminal.
import { isSettled } from "../run-view.ts";
import type { RunView, TaskView } from "../run-view.ts";
import { formatTook, nameOf } from "./run-table.ts";
import { printable } from "./style.ts";
import { oneLine } from "./text.ts";
import { formatClock } from "./time.ts";

/** `19:00:04 aggregate succeeded in 3.2 s`; on the first look, what is not waiting. */
export function renderChanges(
  before: RunView | undefined,
  after: RunView,
  nowMs: number,
): string[] {
  const known = new Map(before?.tasks.map((task) => [nameOf(task), task]));
  const lines: string[] = [];
  if (before === undefined)
    lines.push(`${after.dag_id} ${printable(after.key)}: run ${after.run_id}`);
  for (const task of after.tasks) {
    const old = known.get(nameOf(task));
    const same = old?.state === task.state && old.attempt === task.attempt;
    if (!same && !(old === undefined && task.state === "waiting"))
      lines.push(`${formatClock(timeOf(task, nowMs))} ${nameOf(task)} ${describe(task)}`);
  }
  if (isSettled(after) && before?.state !== after.state) {
    const reason = after.reason === undefined ? "" : `: ${oneLine(printable(after.reason))}`;
    lines.push(
      `${formatClock(instantOf(after.settled_time, nowMs))} ${after.dag_id} ${after.state}${reason}`,
    );
  }
  return lines;
}

function timeOf(task: TaskView, nowMs: number): number {
  return instantOf(
    task.ended_time ?? (task.state === "running" ? task.started_time : undefined),
    nowMs,
  );
}

const instantOf = (text: string | undefined, nowMs: number): number =>
  text === undefined ? nowMs : Date.parse(text);

function describe(task: TaskView): string {
  const { state, started_time: start, ended_time: end, failure, reason } = task;
  const attempt = task.attempt > 1 ? `, attempt ${task.attempt} of ${task.attempts_max}` : "";
  const took =
    start !== undefined && end !== undefined && /^(succeeded|failed)$/.test(state)
      ? ` in ${formatTook(Date.parse(start), Date.parse(end))}`
      : "";
  const why =
    failure !== undefined && /^(failed|retrying)$/.test(state)
      ? `: ${failure.class}: ${failure.message}`
      : reason === undefined
        ? ""
        : `: ${reason}`;
  return `${state}${took}${attempt}${oneLine(printable(why))}`;
}
