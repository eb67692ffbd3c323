// RunService: runs for people and programs. Reads come from the rows; commands go through the INBOX.
import type { Bus } from "@chasqui/bus";
import type { ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, implementation } from "@chasqui/chassis";
import { RunService } from "@chasqui/contracts";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { runAtEvent } from "./at-event.ts";
import { findRun } from "./find-run.ts";
import { recordedOf } from "./history.ts";
import { runCommands } from "./run-commands.ts";
import { runReads } from "./run-reads.ts";
import { runView, taskViews } from "./view.ts";

export interface RunServiceOptions {
  readonly db: PostgresJsDatabase;
  readonly bus: Bus;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
}

/** A run with its tasks, as GetRun answers it. */
export type ViewOf = (runId: string, atEvent?: number) => Promise<ReturnType<typeof runView>>;

export function runService(options: RunServiceOptions): ServiceImplementation {
  const { db, versions } = options;
  const viewOf: ViewOf = async (runId, atEvent = 0) => {
    const row = await findRun(db, runId);
    const [plan, tasks] = await Promise.all([
      versions.plan(row.dagId, row.fingerprint),
      reads.tasksOf(db, row.runId),
    ]);
    if (plan === undefined)
      throw new RpcError(RpcCode.DATA_LOSS, `run ${row.runId}: its DAG version is gone`);
    if (atEvent === 0) return runView(row, taskViews(row, plan, tasks));
    const history = recordedOf(await reads.historyOf(db, row.runId));
    const then = runAtEvent(row, plan, history, atEvent);
    return runView(then.run, taskViews(then.run, plan, then.tasks));
  };
  return implementation(RunService, {
    ...runCommands(options, viewOf),
    ...runReads(options, viewOf),
  });
}
