// RunService: runs for people and programs. Reads come from the rows; commands go through the INBOX.
import type { Bus } from "@chasqui/bus";
import type { ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, implementation } from "@chasqui/chassis";
import { RunService } from "@chasqui/contracts";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { runAtEvent } from "./at-event.ts";
import { findRun } from "./find-run.ts";
import { recordedOf } from "./history.ts";
import { runCommands } from "./run-commands.ts";
import { runOperations } from "./run-operations.ts";
import { runReads } from "./run-reads.ts";
import { runView, taskViews } from "./view.ts";

export interface RunServiceOptions {
  readonly sql: Sql;
  readonly db: PostgresJsDatabase;
  readonly bus: Bus;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
}

/** A run with its tasks, as GetRun answers it: now or as it was, all of its tasks or some. */
export type ViewOf = (
  runId: string,
  how?: { readonly atEvent: number; readonly taskIds: readonly string[] },
) => Promise<ReturnType<typeof runView>>;

export function runService(options: RunServiceOptions): ServiceImplementation {
  const { db, versions } = options;
  const viewOf: ViewOf = async (runId, { atEvent, taskIds } = { atEvent: 0, taskIds: [] }) => {
    const row = await findRun(options, runId);
    const [plan, tasks] = await Promise.all([
      versions.plan(row.dagId, row.fingerprint),
      reads.tasksOf(db, row.runId),
    ]);
    if (plan === undefined)
      throw new RpcError(RpcCode.DATA_LOSS, `run ${row.runId}: its DAG version is gone`);
    const some = (tasks: ReturnType<typeof taskViews>): ReturnType<typeof taskViews> =>
      taskIds.length === 0 ? tasks : tasks.filter(({ taskId = "" }) => taskIds.includes(taskId));
    if (atEvent === 0) return runView(row, some(taskViews(row, plan, tasks)));
    const history = recordedOf(await reads.historyOf(db, row.runId));
    const then = runAtEvent(row, plan, history, atEvent);
    return runView(then.run, some(taskViews(then.run, plan, then.tasks)));
  };
  return implementation(RunService, {
    ...runCommands(options, viewOf),
    ...runOperations(options, viewOf),
    ...runReads(options, viewOf),
  });
}
