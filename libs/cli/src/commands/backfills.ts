// `chasqui backfill`, `chasqui backfills`: runs for due times that are past.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { BackfillAction, Reprocess } from "@chasqui/contracts";
import type { Backfill, BackfillChange, BackfillDate } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { createLiveArea } from "../render/live-area.ts";
import { renderProgress } from "../render/progress.ts";
import { printable } from "../render/style.ts";
import { renderTable } from "../render/table.ts";
import { oneLine } from "../render/text.ts";
import { time } from "../run-view.ts";
import type { Server } from "../server.ts";
import { readParams } from "./run-inputs.ts";
import { shortId } from "./run.ts";

export interface BackfillOptions {
  readonly from?: string;
  readonly to?: string;
  readonly date?: readonly string[];
  readonly reprocess: keyof typeof reprocesses;
  readonly maxActive: number;
  readonly newestFirst?: boolean;
  readonly param?: readonly string[];
  readonly params?: string;
  readonly dagVersion?: number;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export interface OrderOptions {
  readonly reason?: string;
  readonly keepRuns?: boolean;
  readonly dryRun?: boolean;
}

interface Json {
  readonly json?: boolean;
}

export const reprocesses = {
  none: Reprocess.NONE,
  failed: Reprocess.FAILED,
  all: Reprocess.ALL,
} as const;
const FRAME_MS = 500;
const DATES_MAX = 5_000;
const ID_LENGTH = 29;
const LIST_MAX = 1_000;

const columns = (...titles: string[]) => titles.map((title) => ({ title }));
const utc = (at: Backfill["createdTime"]): string =>
  at === undefined ? "" : new Date(timestampMs(at)).toISOString().replace(".000Z", "Z");
const reprocessWord = (value: Reprocess): string =>
  Object.entries(reprocesses).find(([, one]) => one === value)?.[0] ?? "none";

export async function backfill(cli: Cli, dagId: string, o: BackfillOptions): Promise<ExitCode> {
  const server = await cli.connect();
  const { dag } = await server.dags.getDag({ dagId, version: o.dagVersion ?? 0 });
  const { backfill: made, dates } = await server.backfills.createBackfill({
    dagId,
    from: o.from ?? "",
    to: o.to ?? "",
    dates: [...(o.date ?? [])],
    reprocess: reprocesses[o.reprocess],
    maxActive: o.maxActive,
    newestFirst: o.newestFirst === true,
    params: readParams(o, dag?.spec),
    version: o.dagVersion ?? 0,
    dryRun: o.dryRun === true,
    reason: o.reason ?? "",
  });
  if (made === undefined) throw new CliError(exitCodes.failed, "the server made no backfill");
  if (o.json === true) {
    printJson(cli.out, { backfill: viewBackfill(made), dates: dates.map(viewDate) });
    return exitCodes.ok;
  }
  if (o.dryRun === true) {
    printLines(cli.out, [...dateTable(dates, cli), "nothing was started: this was a dry run"]);
    return exitCodes.ok;
  }
  const id = made.backfillId;
  printLines(cli.out, [`backfill ${id} of ${dagId}`, renderProgress(made.counts)]);
  if (o.follow === true) return await follow(cli, server, id);
  printLines(cli.err, [`chasqui backfills show ${id} --follow`]);
  return exitCodes.ok;
}

export async function listBackfills(
  cli: Cli,
  o: Json & { readonly dag?: string; readonly open?: boolean; readonly limit: number },
): Promise<ExitCode> {
  const server = await cli.connect();
  const question = { dagId: o.dag ?? "", open: o.open === true, pageSize: o.limit };
  const { backfills } = await server.backfills.listBackfills(question);
  if (o.json === true) printJson(cli.out, { backfills: backfills.map(viewBackfill) });
  else if (backfills.length === 0) printLines(cli.err, ["no backfills"]);
  else {
    const rows = backfills.map((one) => [
      one.backfillId,
      one.dagId,
      one.state,
      `${utc(one.firstTime)} … ${utc(one.lastTime)}`,
      renderProgress(one.counts),
      one.createdBy,
    ]);
    const { style, columns: width } = cli.out;
    const titles = columns("BACKFILL", "DAG", "STATE", "DATES", "PROGRESS", "BY");
    printLines(cli.out, renderTable(titles, rows, { style, width }));
  }
  return exitCodes.ok;
}

export async function showBackfill(
  cli: Cli,
  beginning: string,
  o: Json & { readonly follow?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const backfillId = await idOf(server, beginning);
  if (o.follow === true && o.json !== true) return await follow(cli, server, backfillId);
  const {
    backfill: found,
    dates,
    changes,
  } = await server.backfills.getBackfill({
    backfillId,
    pageSize: DATES_MAX,
  });
  if (found === undefined) return exitCodes.notFound;
  if (o.json === true) {
    const views = { dates: dates.map(viewDate), changes: changes.map(viewChange) };
    printJson(cli.out, { backfill: viewBackfill(found), ...views });
    return exitCodes.ok;
  }
  printLines(cli.out, [...heading(found, changes), ...dateTable(dates, cli)]);
  return exitCodes.ok;
}

export async function controlBackfill(
  cli: Cli,
  beginning: string,
  o: Json & OrderOptions & { readonly action: "pause" | "resume" | "cancel" },
): Promise<ExitCode> {
  const server = await cli.connect();
  const backfillId = await idOf(server, beginning);
  const action = {
    pause: BackfillAction.PAUSE,
    resume: BackfillAction.RESUME,
    cancel: BackfillAction.CANCEL,
  }[o.action];
  const { reason = "", keepRuns = false, dryRun = false } = o;
  const order = { backfillId, action, reason, keepRuns, dryRun };
  const { backfill: after, dates } = await server.backfills.controlBackfill(order);
  if (after === undefined) return exitCodes.notFound;
  if (o.json === true) {
    printJson(cli.out, { backfill: viewBackfill(after), dates: dates.map(viewDate) });
    return exitCodes.ok;
  }
  if (dryRun)
    printLines(cli.out, [...dateTable(dates, cli), "nothing changed: this was a dry run"]);
  else printLines(cli.out, [...heading(after), ...ending(dates)]);
  return exitCodes.ok;
}

/** What a cancel does to runs, in a line. */
function ending(dates: readonly BackfillDate[]): string[] {
  const ended = dates.filter(({ state }) => state === "cancelled").length;
  if (ended === 0) return [];
  const runs = ended === 1 ? "its run at work is" : `its ${ended} runs at work are`;
  return [`${runs} asked to end, until seen to`];
}

/** The id that begins so. */
async function idOf(server: Server, beginning: string): Promise<string> {
  if (beginning.length >= ID_LENGTH) return beginning;
  const { backfills } = await server.backfills.listBackfills({ pageSize: LIST_MAX });
  const found = backfills.filter(({ backfillId }) => backfillId.startsWith(beginning));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.backfillId;
  const what = found.length === 0 ? "no backfill begins" : `${found.length} backfills begin`;
  throw new CliError(exitCodes.notFound, `${what} with ${JSON.stringify(beginning)}`, {
    hint: "chasqui backfills list",
  });
}

/** Until it is over: a bar that is redrawn on a terminal, a line per change elsewhere. */
async function follow(cli: Cli, server: Server, backfillId: string): Promise<ExitCode> {
  const area = cli.out.isTty
    ? createLiveArea({ write: (text) => cli.out.write(text), rows: cli.out.rows })
    : undefined;
  let last = "";
  for (;;) {
    const request = { backfillId, pageSize: 1 };
    const { backfill: now } = await server.backfills.getBackfill(request, { signal: cli.signal });
    if (now === undefined) return exitCodes.notFound;
    const lines = [`${now.state} ${renderProgress(now.counts)}`, ...waits(now)];
    if (area !== undefined) area.draw(lines);
    else if (lines.join("\n") !== last) printLines(cli.out, lines);
    last = lines.join("\n");
    if (now.finishedTime !== undefined) return verdict(now);
    await sleep(FRAME_MS, undefined, { signal: cli.signal });
  }
}

/** Red when a run was: what was skipped on purpose is no failure. */
function verdict({ counts }: Backfill): ExitCode {
  const bad = ["failed", "cancelled", "refused", "abandoned"].some(
    (state) => (counts[state] ?? 0) > 0,
  );
  return bad ? exitCodes.failed : exitCodes.ok;
}

const waits = ({ waitsFor }: Backfill): string[] =>
  waitsFor === "" ? [] : [`waits: ${printable(waitsFor)}`];

const why = (text: string): string => (text === "" ? "" : `: ${oneLine(printable(text))}`);

function heading(one: Backfill, changes?: readonly BackfillChange[]): string[] {
  const { dagId, maxActive, newestFirst, version, createdBy, reason, changedBy } = one;
  const facts = [
    `reprocess ${reprocessWord(one.reprocess)}`,
    `${maxActive} at once`,
    newestFirst ? "newest first" : "oldest first",
    version === 0 ? "current version" : `version ${version}`,
  ];
  const changed = changedBy === "" ? [] : [`changed by ${changedBy}${why(one.changeReason)}`];
  return [
    `backfill ${one.backfillId} of ${dagId}: ${one.state}`,
    facts.join(", "),
    `made by ${createdBy}${why(reason)}`,
    ...(changes?.map(changeLine) ?? changed),
    renderProgress(one.counts),
    ...waits(one),
  ];
}

const orders: Readonly<Record<number, string>> = {
  [BackfillAction.PAUSE]: "paused",
  [BackfillAction.RESUME]: "resumed",
  [BackfillAction.CANCEL]: "cancelled",
};

function changeLine({ action, by, keepRuns, reason, time: at }: BackfillChange): string {
  const kept = keepRuns ? ", its runs kept" : "";
  return `${orders[action] ?? "changed"} by ${by} at ${utc(at)}${kept}${why(reason)}`;
}

function dateTable(dates: readonly BackfillDate[], cli: Cli): string[] {
  const { style, columns: width } = cli.out;
  const rows = dates.map((date) => [
    utc(date.logicalTime),
    coloured(date.state, cli),
    date.runKey,
    shortId(date.runId),
    oneLine(printable(date.reason)),
  ]);
  return renderTable(columns("ABOUT", "STATE", "KEY", "RUN", "WHY"), rows, { style, width });
}

function coloured(state: string, { out: { style } }: Cli): string {
  if (state === "succeeded") return style.green(state);
  if (["failed", "refused", "cancelled"].includes(state)) return style.red(state);
  if (state === "skipped" || state === "abandoned") return style.dim(state);
  return state === "waiting" ? state : style.blue(state);
}

function viewBackfill(one: Backfill): object {
  return {
    backfill_id: one.backfillId,
    dag_id: one.dagId,
    state: one.state,
    reprocess: reprocessWord(one.reprocess),
    max_active: one.maxActive,
    newest_first: one.newestFirst,
    params: one.params ?? {},
    version: one.version,
    created_by: one.createdBy,
    ...time("created_time", one.createdTime),
    ...time("finished_time", one.finishedTime),
    ...time("first_time", one.firstTime),
    ...time("last_time", one.lastTime),
    reason: one.reason,
    changed_by: one.changedBy,
    change_reason: one.changeReason,
    counts: one.counts,
    ends_runs: one.endsRuns,
    waits_for: one.waitsFor,
  };
}

function viewDate(date: BackfillDate): object {
  return {
    ...time("due_time", date.dueTime),
    ...time("logical_time", date.logicalTime),
    state: date.state,
    run_id: date.runId,
    run_key: date.runKey,
    reason: date.reason,
  };
}

const viewChange = ({ action, by, keepRuns, reason, time: at }: BackfillChange): object => ({
  ...time("time", at),
  by,
  change: orders[action] ?? "",
  keep_runs: keepRuns,
  reason,
});
