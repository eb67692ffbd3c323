// RunService: runs for people and programs. Reads come from the rows; commands go through the INBOX.
import { randomUUID } from "node:crypto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Bus } from "@chasqui/bus";
import type { CallContext, ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation, newSpanId } from "@chasqui/chassis";
import { RunCauseKind, RunService, runIdOf, spanIdOf, traceIdOf } from "@chasqui/contracts";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { inboxMessage } from "../say/messages.ts";
import { runWords } from "../say/enums.ts";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { accepted } from "./commands.ts";
import { historyEntries } from "./history.ts";
import { findRun } from "./find-run.ts";
import { runView, taskViews } from "./view.ts";
import { watchRun } from "./watch.ts";

export interface RunServiceOptions {
  readonly db: PostgresJsDatabase;
  readonly bus: Bus;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
}

const PAGE_DEFAULT = 50;
const PAGE_MAX = 1_000;

export function runService(options: RunServiceOptions): ServiceImplementation {
  const { db, ask, versions, clock } = options;

  async function fullView(row: reads.RunRecord) {
    const [plan, tasks] = await Promise.all([
      versions.plan(row.dagId, row.fingerprint),
      reads.tasksOf(db, row.runId),
    ]);
    if (plan === undefined)
      throw new RpcError(RpcCode.DATA_LOSS, `run ${row.runId}: its DAG version is gone`);
    return runView(row, taskViews(row, plan, tasks));
  }
  const viewOf = async (runId: string) => fullView(await findRun(db, runId));
  const audit = (context: CallContext, action: string, resource: string, detail: unknown = {}) =>
    reads.writeAudit(db, {
      principal: context.principal,
      action,
      resource,
      reason: context.reason ?? "",
      detail,
    });

  return implementation(RunService, {
    async startRun(request, context) {
      authorize(context.principal, "start", `dag/${request.dagId}`);
      const logicalMs =
        request.logicalTime === undefined ? clock() : timestampMs(request.logicalTime);
      const key = request.key !== "" ? request.key : `manual-${request.requestId || randomUUID()}`;
      const runId = runIdOf(request.dagId, key);
      const value = {
        dagId: request.dagId,
        key,
        logicalMs,
        causeKind: RunCauseKind.MANUAL,
        by: context.principal,
        paramsJson: request.params === undefined ? "" : JSON.stringify(request.params),
        traceparent: context.traceparent ?? `00-${traceIdOf(runId)}-${spanIdOf(runId, "asked")}-00`,
        requestedMs: clock(),
      };
      const id = `manual:${runId}:${newSpanId()}`; // the run's key makes it one run, however often it is asked
      const verdict = accepted(
        await ask(
          (replyTo) =>
            inboxMessage("dag", request.dagId, id, { case: "startRun", value }, { replyTo }),
          context.signal,
        ),
      );
      await audit(context, "start", `run/${runId}`, { created: verdict.changed });
      return { run: await viewOf(runId), created: verdict.changed };
    },

    async getRun(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      return { run: await viewOf(request.runId) };
    },

    async listRuns(request, context) {
      authorize(context.principal, "read", "run/*");
      const limit = Math.min(request.pageSize || PAGE_DEFAULT, PAGE_MAX);
      const states = request.states.flatMap((state) => runWords.get(state) ?? []);
      const after = parsePageToken(request.pageToken);
      const rows = await reads.listRuns(db, { dagId: request.dagId, states, after }, limit);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const nextPageToken = last === undefined ? "" : `${last.createdAt.getTime()}.${last.runId}`;
      return { runs: rows.map((row) => runView(row)), nextPageToken };
    },

    async cancelRun(request, context) {
      authorize(context.principal, "cancel", `run/${request.runId}`);
      const { runId } = await findRun(db, request.runId);
      const reason = request.reason || (context.reason ?? "");
      const value = { runId, by: context.principal, reason };
      const say = (replyTo: string) =>
        inboxMessage(
          "run",
          runId,
          `cancel:${runId}:${newSpanId()}`,
          { case: "cancelRun", value },
          { replyTo },
        );
      accepted(await ask(say, context.signal));
      await audit({ ...context, reason }, "cancel", `run/${runId}`);
      return { run: await viewOf(runId) };
    },

    async *watchRun(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      const { runId, dagId } = await findRun(db, request.runId);
      for await (const run of watchRun(
        options.bus,
        { runId, dagId },
        () => viewOf(runId),
        context.signal,
      ))
        yield { run };
    },

    async getRunHistory(request, context) {
      authorize(context.principal, "read", `run/${request.runId}`);
      const { runId } = await findRun(db, request.runId);
      return { entries: historyEntries(await reads.historyOf(db, runId)) };
    },

    async claimAttempt(request, context) {
      authorize(context.principal, "claim", `run/${request.runId}`);
      const tasks = await reads.tasksOf(db, request.runId);
      const task = tasks.find(
        (row) => row.taskId === request.taskId && row.mapIndex === request.mapIndex,
      );
      if (task === undefined)
        return { wanted: false, reason: `run ${request.runId} never assigned ${request.taskId}` };
      if (task.attempt !== request.attempt)
        return {
          wanted: false,
          reason: `attempt ${request.attempt} is not current: ${task.attempt} is`,
        };
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
      const red = await reads.redTasks(
        db,
        rows.map(({ runId }) => runId),
      );
      const runs = await Promise.all(
        rows.map(async (row) => {
          const plan = await versions.plan(row.dagId, row.fingerprint);
          const mine = new Set(
            red.filter(({ runId }) => runId === row.runId).map(({ taskId }) => taskId),
          );
          const tasks =
            plan === undefined
              ? []
              : taskViews(
                  row,
                  plan,
                  red.filter(({ runId }) => runId === row.runId),
                );
          return runView(
            row,
            tasks.filter(({ taskId }) => taskId !== undefined && mine.has(taskId)),
          );
        }),
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const nextPageToken =
        last === undefined ? "" : `${last.settledAt?.getTime() ?? 0}.${last.runId}`;
      return { runs, nextPageToken };
    },
  });
}

/** `<milliseconds>.<run id>`: where the page before ended. */
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
