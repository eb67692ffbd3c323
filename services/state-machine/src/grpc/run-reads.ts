// What people and programs read of runs: one, many, live, their history; and what runners ask before they act.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Handlers } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize } from "@chasqui/chassis";
import type { RunService } from "@chasqui/contracts";
import { runWords } from "../say/enums.ts";
import { lineageOf } from "../store/lineage.ts";
import * as reads from "../store/reads.ts";
import { findRun } from "./find-run.ts";
import { historyEntries } from "./history.ts";
import type { RunServiceOptions, ViewOf } from "./run-service.ts";
import { keyOf, runView, taskViews } from "./view.ts";
import { watchRun } from "./watch.ts";

const PAGE_DEFAULT = 50;
const PAGE_MAX = 1_000;

type Reads = Omit<
  Handlers<typeof RunService>,
  "startRun" | "cancelRun" | "clearTasks" | "markTask" | "rerunRun"
>;

export function runReads(options: RunServiceOptions, viewOf: ViewOf): Reads {
  const { db, sql, bus, versions } = options;
  return {
    async getRun(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      const { runId, atEvent, taskIds } = request;
      return { run: await viewOf(runId, { atEvent, taskIds }) };
    },

    async listRuns(request, context) {
      authorize(context.principal, "read", "run/*");
      const limit = Math.min(request.pageSize || PAGE_DEFAULT, PAGE_MAX);
      const states = request.states.flatMap((state) => runWords.get(state) ?? []);
      const after = parsePageToken(request.pageToken);
      const { dagId, logicalFromTime, logicalUntilTime } = request;
      const dagIds = dagId === "" ? [] : await lineageOf(sql, dagId);
      const logical = { from: dateOf(logicalFromTime), until: dateOf(logicalUntilTime) };
      const rows = await reads.listRuns(db, { dagIds, states, after, logical }, limit);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const nextPageToken = last === undefined ? "" : pageToken(last.createdAt, last.runId);
      return { runs: rows.map((row) => runView(row)), nextPageToken };
    },

    async *watchRun(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      const { runId, dagId } = await findRun(options, request.runId);
      for await (const run of watchRun(bus, { runId, dagId }, () => viewOf(runId), context.signal))
        yield { run };
    },

    async getRunHistory(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      const { runId } = await findRun(options, request.runId);
      const { pageSize, afterVersion: after } = request;
      if (pageSize === 0) return { entries: historyEntries(await reads.historyOf(db, runId)) };
      const limit = Math.min(pageSize, PAGE_MAX);
      const rows = await reads.historyOf(db, runId, { after, limit });
      const nextAfterVersion = rows.length === limit ? (rows.at(-1)?.version ?? 0) : 0;
      return { entries: historyEntries(rows), nextAfterVersion };
    },

    async claimAttempt(request, context) {
      authorize(context.principal, "claim", `run/${request.runId}`);
      const { runId, taskId, mapIndex, attempt } = request;
      const task = await reads.taskOf(db, { runId, taskId, mapIndex });
      if (task === undefined)
        return { wanted: false, reason: `run ${runId} never assigned ${taskId}` };
      if (task.attempt !== attempt)
        return { wanted: false, reason: `attempt ${attempt} is not current: ${task.attempt} is` };
      const wanted = task.state === "assigned" || task.state === "running";
      return { wanted, reason: wanted ? "" : `the task is ${task.state}` };
    },

    async listSettled(request, context) {
      authorize(context.principal, "read", "run/*");
      const limit = Math.min(request.pageSize || PAGE_MAX, PAGE_MAX);
      const since = request.sinceTime === undefined ? 0 : timestampMs(request.sinceTime);
      const token = parsePageToken(request.pageToken);
      const from = { at: token?.at ?? new Date(since), afterRunId: token?.runId };
      const rows = await reads.listSettled(db, from, limit);
      const ids = rows.map(({ runId }) => runId);
      const red = Map.groupBy(await reads.redTasks(db, ids), ({ runId }) => runId);
      const runs = await Promise.all(
        rows.map(async (row) => {
          const plan = await versions.plan(row.dagId, row.fingerprint);
          const mine = red.get(row.runId) ?? [];
          const isRed = new Set(mine.map(({ taskId, mapIndex }) => keyOf(taskId, mapIndex)));
          const tasks = plan === undefined ? [] : taskViews(row, plan, mine);
          return runView(
            row,
            tasks.filter(({ taskId = "", mapIndex = -1 }) => isRed.has(keyOf(taskId, mapIndex))),
          );
        }),
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const nextPageToken =
        last === undefined ? "" : pageToken(last.settledAt ?? new Date(0), last.runId);
      return { runs, nextPageToken };
    },
  };
}

const dateOf = (time: Timestamp | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(timestampMs(time));

/** `<milliseconds>.<run id>`: where the page before ended. */
const pageToken = (at: Date, runId: string): string => `${at.getTime()}.${runId}`;

function parsePageToken(token: string): { at: Date; runId: string } | undefined {
  if (token === "") return undefined;
  const [, at, runId] = /^(\d{1,15})\.(run-[0-9a-z]{26})$/.exec(token) ?? [];
  if (at === undefined || runId === undefined)
    throw new RpcError(
      RpcCode.INVALID_ARGUMENT,
      `page_token ${JSON.stringify(token)}: want the one of the page before`,
    );
  return { at: new Date(Number(at)), runId };
}
