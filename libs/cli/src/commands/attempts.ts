// `chasqui attempts <run> <task>`: every attempt that there was, from the run's history; a clear takes none away.
import type { HistoryEntry } from "@chasqui/contracts";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { nameOf, renderState } from "../render/run-table.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { formatInstant, formatSpan } from "../render/time.ts";
import { instant } from "../run-view.ts";
import { findRun } from "./run.ts";

/** One attempt; times in milliseconds. */
interface Attempt {
  readonly task: string;
  readonly attempt: number;
  state: string;
  assignedMs: number | undefined;
  startedMs: number | undefined;
  endedMs: number | undefined;
  why: string;
}

export async function attempts(
  cli: Cli,
  id: string,
  task: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const run = await findRun(server, id);
  const known = run.tasks.find((one) => one.task_id === task || nameOf(one) === task);
  if (known === undefined) {
    const names = [...new Set(run.tasks.map(({ task_id }) => task_id))].slice(0, 20).join(", ");
    throw new CliError(
      exitCodes.notFound,
      `run ${run.run_id} has no task ${JSON.stringify(task)}: there are ${names}`,
    );
  }
  const { entries } = await server.runs.getRunHistory({ runId: run.run_id });
  const found = attemptsOf(entries).filter(
    (one) => one.task === task || one.task.startsWith(`${task}[`),
  );
  if (options.json === true) printJson(cli.out, { run_id: run.run_id, attempts: found.map(view) });
  else if (found.length === 0) printLines(cli.out, [`${task} has had no attempt yet`]);
  else printLines(cli.out, render(found, cli));
  return exitCodes.ok;
}

/** What each event says of its attempt. A history is read without the DAG's version. */
export function attemptsOf(entries: readonly HistoryEntry[]): Attempt[] {
  const all = new Map<string, Attempt>();
  for (const { type, time, data = {} } of entries) {
    const { t, i, a } = data;
    const known = type === "tasks_cleared" || type.startsWith("run_");
    if (known || typeof t !== "string") continue;
    const task = typeof i === "number" ? `${t}[${i}]` : t;
    const last = [...all.values()].findLast((one) => one.task === task);
    if (typeof a !== "number" && last === undefined) continue;
    const attempt = typeof a === "number" ? a : (last?.attempt ?? 0);
    const key = `${task} ${attempt}`;
    const one = all.get(key) ?? { task, attempt, state: "", ...untimed, why: "" };
    all.set(key, one);
    take(one, type, data, time === undefined ? undefined : timestampMs(time));
  }
  return [...all.values()];
}

const untimed = { assignedMs: undefined, startedMs: undefined, endedMs: undefined } as const;

const stateAfter: Readonly<Record<string, string>> = {
  task_queued: "queued",
  task_assigned: "assigned",
  task_started: "running",
  approval_asked: "awaiting_approval",
  task_cancelling: "cancelling",
  task_cancelled: "cancelled",
  task_succeeded: "succeeded",
  task_skipped: "skipped",
  attempt_failed: "failed",
};

type Data = NonNullable<HistoryEntry["data"]>;

function take(one: Attempt, type: string, data: Data, atMs: number | undefined): void {
  one.state = type === "task_marked" ? textOf(data["state"]) : (stateAfter[type] ?? one.state);
  const times = objectOf(data["times"]);
  if (type === "task_assigned") one.assignedMs = atMs;
  one.startedMs ??= msOf(data["startedMs"]) ?? msOf(times["startedMs"]);
  if (/^task_(succeeded|skipped|cancelled|marked)$|^attempt_failed$/.test(type))
    one.endedMs = msOf(times["endedMs"]) ?? atMs;
  const failure = objectOf(data["failure"]);
  if (type === "attempt_failed")
    one.why = `${textOf(failure["class"])}: ${textOf(failure["message"])}`;
  else if (data["reason"] !== undefined) one.why = textOf(data["reason"]);
}

const textOf = (value: Data[string] | undefined): string =>
  typeof value === "string" ? value : "";
const msOf = (value: Data[string] | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;
const objectOf = (value: Data[string] | undefined): Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

const view = ({ task, attempt, state, assignedMs, startedMs, endedMs, why }: Attempt) => ({
  ...{ task, attempt, state },
  ...(assignedMs === undefined ? {} : { assigned_time: instant(assignedMs) }),
  ...(startedMs === undefined ? {} : { started_time: instant(startedMs) }),
  ...(endedMs === undefined ? {} : { ended_time: instant(endedMs) }),
  ...(why === "" ? {} : { why }),
});

const COLUMNS = [
  ...["TASK", "ATTEMPT", "STATE", "STARTED"].map((title) => ({ title })),
  { title: "TOOK", align: "right" },
  { title: "" },
] as const;

function render(found: readonly Attempt[], { out }: Cli): string[] {
  const rows = found.map(({ task, attempt, state, startedMs, endedMs, why }) => [
    task,
    String(attempt),
    renderState(state, out.style),
    startedMs === undefined ? "" : formatInstant(startedMs),
    startedMs === undefined || endedMs === undefined ? "" : formatSpan(endedMs - startedMs),
    oneLine(printable(why)),
  ]);
  return renderTable(COLUMNS, rows, { style: out.style, width: out.columns });
}
