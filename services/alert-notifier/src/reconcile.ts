// Compares incidents with the state machine's settled runs, so that no alert is lost with the broker's store.
// Invariant: the mark moves only over runs that were told; told again, they change nothing.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import type { GrpcClient, Logger } from "@chasqui/chassis";
import { formatTraceparent } from "@chasqui/chassis";
import { type Run, type RunService, spanIdOf } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { type HandleDeps, tell } from "./handle.ts";
import { noteReconciled, reconciledBefore } from "./store/reconciled.ts";
import { noticeOfRun } from "./translate.ts";

export interface ReconcileDeps extends HandleDeps {
  readonly sql: Sql;
  readonly runs: Pick<GrpcClient<typeof RunService>, "listSettled">;
  readonly environment: string;
  readonly log: Pick<Logger, "info" | "warn">;
  /** How far back a new installation looks. */
  readonly windowMs: number;
  readonly now: () => number;
}

const PAGE = 1_000;
/** Looked at again: commits become visible a little after the times they carry. */
const OVERLAP_MS = 5 * 60_000;

/** Answers how many incidents were opened or changed. */
export async function reconcile(deps: ReconcileDeps, signal: AbortSignal): Promise<number> {
  const startMs = deps.now();
  const before = await reconciledBefore(deps.sql);
  const sinceMs = before === undefined ? startMs - deps.windowMs : before.getTime() - OVERLAP_MS;
  let changed = 0;
  let pageToken = "";
  do {
    signal.throwIfAborted();
    const sinceTime = timestampFromDate(new Date(sinceMs));
    const request = { sinceTime, pageSize: PAGE, pageToken };
    const { runs, nextPageToken } = await deps.runs.listSettled(request, { signal });
    for (const run of runs) if (await tellOf(run, deps)) changed += 1;
    pageToken = nextPageToken;
  } while (pageToken !== "");
  await noteReconciled(deps.sql, new Date(startMs));
  if (changed > 0) deps.log.info({ changed }, "alerts that no event had told");
  return changed;
}

async function tellOf(run: Run, deps: ReconcileDeps): Promise<boolean> {
  const notice = noticeOfRun(run, deps.environment);
  if (notice === undefined) return false;
  try {
    return await tell(notice, traceparentOf(run), deps);
  } catch (error) {
    if (!(error instanceof RejectError)) throw error;
    deps.log.warn({ run_id: run.runId, error }, "a settled run cannot be told");
    return false;
  }
}

/** Below the run's root span; not sampled, since nobody knows here whether the run was. */
function traceparentOf({ traceId, runId }: Run): string {
  if (!/^[0-9a-f]{32}$/.test(traceId)) return "";
  return formatTraceparent({ traceId, spanId: spanIdOf(runId, "run"), sampled: false });
}
