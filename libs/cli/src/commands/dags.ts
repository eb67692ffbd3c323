// `chasqui dags`, `pause`, `resume`, `ticks`: DAGs and what the clock did with them.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { TickOutcomeSchema } from "@chasqui/contracts";
import type { Dag } from "@chasqui/contracts";
import { summaryOfSchedule } from "@chasqui/dag";
import { AUTO_PAUSE } from "@chasqui/machine";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import type { Style } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { count, oneLine } from "../render/text.ts";
import { formatDistance, formatInstant } from "../render/time.ts";
import { time, wordOf } from "../run-view.ts";
import type { Server } from "../server.ts";
import { shortId } from "./run.ts";

interface Json {
  readonly json?: boolean;
}

const DAG_COLUMNS = ["DAG", "VERSION", "STATE", "SCHEDULE", "NEXT", "OWNER"].map((title) => ({
  title,
}));

export async function listDags(
  cli: Cli,
  options: Json & { readonly all?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const [{ dags: every }, { schedules }] = await Promise.all([
    server.dags.listDags({}),
    server.schedules.listSchedules({}),
  ]);
  const dags = every.filter(({ retired }) => options.all === true || !retired);
  const next = new Map(schedules.map(({ dagId, nextTime }) => [dagId, nextTime]));
  if (options.json === true)
    printJson(cli.out, {
      dags: dags.map((dag) => ({
        dag_id: dag.dagId,
        version: dag.version,
        fingerprint: dag.fingerprint,
        paused: dag.paused,
        paused_by: dag.pausedBy,
        pause_reason: dag.pauseReason,
        retired: dag.retired,
        owner: dag.spec?.owner ?? "",
        schedule: summaryOfSchedule(dag.spec?.schedule),
        timezone: dag.spec?.schedule?.timezone ?? "",
        ...time("next_time", next.get(dag.dagId)),
      })),
    });
  else if (dags.length === 0) printLines(cli.err, ["no DAGs: `chasqui apply` makes some"]);
  else {
    const rows = dags.map((dag) => {
      const at = next.get(dag.dagId);
      const schedule = summaryOfSchedule(dag.spec?.schedule);
      return [
        dag.dagId,
        String(dag.version),
        stateOf(dag, cli.out.style),
        schedule === "" ? "" : `${schedule} ${dag.spec?.schedule?.timezone ?? ""}`,
        at === undefined || dag.paused ? "" : formatDistance(timestampMs(at), cli.nowMs()),
        dag.spec?.owner ?? "",
      ];
    });
    const { style, columns: width } = cli.out;
    printLines(cli.out, [
      ...renderTable(DAG_COLUMNS, rows, { style, width }),
      ...dags.flatMap(whyPaused),
    ]);
  }
  return exitCodes.ok;
}

function stateOf(dag: { paused: boolean; retired: boolean }, style: Style): string {
  if (dag.retired) return style.dim("retired");
  return dag.paused ? style.yellow("paused") : "active";
}

/** What nobody decided: a DAG that paused itself says why, and what to do. */
function whyPaused({ dagId, retired, pausedBy, pauseReason }: Dag): string[] {
  if (retired || pausedBy !== AUTO_PAUSE) return [];
  return [`${dagId} paused itself: ${printable(pauseReason)}. \`chasqui resume ${dagId}\``];
}

export async function setPaused(
  cli: Cli,
  dagId: string,
  options: Json & { readonly paused: boolean; readonly reason?: string; readonly dryRun?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const { paused, reason = "" } = options;
  if (options.dryRun === true) return previewPaused(cli, server, dagId, options);
  const { dag } = await server.dags.setPaused({ dagId, paused, reason }, { reason });
  if (options.json === true) printJson(cli.out, { dag_id: dagId, paused: dag?.paused ?? paused });
  else printLines(cli.out, [`${dagId} is ${paused ? "paused: new runs wait" : "active"}`]);
  return exitCodes.ok;
}

async function previewPaused(
  cli: Cli,
  server: Server,
  dagId: string,
  { paused, json }: Json & { readonly paused: boolean },
): Promise<ExitCode> {
  const { changes } = await server.dags.setPaused({ dagId, paused, dryRun: true });
  const { changed = false, activeRuns = 0, waitingRuns = 0, startedRunIds = [] } = changes ?? {};
  const counts = { active_runs: activeRuns, waiting_runs: waitingRuns };
  if (json === true)
    printJson(cli.out, { dag_id: dagId, changed, ...counts, started_run_ids: startedRunIds });
  else if (!changed)
    printLines(cli.out, [`${dagId} is ${paused ? "paused" : "active"} already: nothing changes`]);
  else
    printLines(cli.out, [
      `${dagId} would be ${paused ? "paused: new runs wait, due times are recorded and not run" : "active"}`,
      `  ${count(activeRuns, "run")} at work would go on`,
      paused
        ? `  ${count(waitingRuns, "run")} waiting would go on waiting`
        : `  of ${count(waitingRuns, "run")} waiting would begin: ${startedRunIds.map(shortId).join(", ") || "none"}`,
    ]);
  return exitCodes.ok;
}

const TICK_COLUMNS = ["DUE", "OUTCOME", "RUN", "WHY"];

export async function ticks(
  cli: Cli,
  dagId: string,
  options: Json & { readonly limit: number },
): Promise<ExitCode> {
  const server = await cli.connect();
  await server.dags.getDag({ dagId }); // an unknown DAG is an error, not an empty list
  const [{ ticks: found }, { schedules }] = await Promise.all([
    server.schedules.listTicks({ dagId, pageSize: options.limit }),
    server.schedules.listSchedules({ dagId }),
  ]);
  const next = schedules[0]?.nextTime;
  if (options.json === true) {
    printJson(cli.out, {
      dag_id: dagId,
      ...time("next_time", next),
      ticks: found.map((tick) => ({
        ...time("due_time", tick.dueTime),
        dag_id: tick.dagId,
        outcome: wordOf(TickOutcomeSchema, tick.outcome),
        run_id: tick.runId,
        reason: tick.reason,
      })),
    });
    return exitCodes.ok;
  }
  const hasEarlierNames = found.some((tick) => tick.dagId !== dagId);
  const titles = [...TICK_COLUMNS, ...(hasEarlierNames ? ["DAG"] : [])].map((title) => ({ title }));
  const rows = found.map((tick) => [
    tick.dueTime === undefined ? "" : formatInstant(timestampMs(tick.dueTime)),
    wordOf(TickOutcomeSchema, tick.outcome),
    shortId(tick.runId),
    oneLine(printable(tick.reason)),
    ...(hasEarlierNames ? [tick.dagId] : []),
  ]);
  const nextMs = next === undefined ? undefined : timestampMs(next);
  printLines(cli.out, [
    ...(rows.length === 0
      ? []
      : renderTable(titles, rows, { style: cli.out.style, width: cli.out.columns })),
    nextMs === undefined
      ? "no due time ahead"
      : `next ${formatInstant(nextMs)} (${formatDistance(nextMs, cli.nowMs())})`,
  ]);
  return exitCodes.ok;
}
