// Backfills as the wire has them.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { BackfillAction, Reprocess } from "@chasqui/contracts";
import type { BackfillChangeSchema, BackfillDateSchema, BackfillSchema } from "@chasqui/contracts";
import type { Action, Reprocess as ReprocessWord } from "./core/backfill.ts";
import type { PlannedBackfill } from "./plan-backfill.ts";
import type { BackfillChange } from "./store/backfill-orders.ts";
import type { BackfillRecord, DateRecord } from "./store/backfill-reads.ts";

type BackfillInit = MessageInitShape<typeof BackfillSchema>;

const reprocessOf: Readonly<Record<ReprocessWord, Reprocess>> = {
  none: Reprocess.NONE,
  failed: Reprocess.FAILED,
  all: Reprocess.ALL,
};

const jsonOf = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));

export function backfillView(row: BackfillRecord, isDagPaused: boolean): BackfillInit {
  const { waiting = 0 } = row.counts;
  const isHeld = isDagPaused && row.state === "running" && waiting > 0;
  return {
    backfillId: row.backfill_id,
    dagId: row.dag_id,
    state: row.state,
    reprocess: reprocessOf[row.reprocess],
    maxActive: row.max_active,
    newestFirst: row.newest_first,
    params: jsonOf(row.params),
    version: row.pinned_number ?? 0,
    createdBy: row.created_by,
    createdTime: timestampFromDate(row.created_at),
    reason: row.reason,
    changedBy: row.changed_by,
    changeReason: row.change_reason,
    endsRuns: row.ends_runs,
    counts: { ...row.counts },
    firstTime: timestampFromMs(row.first_ms),
    lastTime: timestampFromMs(row.last_ms),
    waitsFor: isHeld ? `DAG ${row.dag_id} is paused` : "",
    ...(row.finished_at === null ? {} : { finishedTime: timestampFromDate(row.finished_at) }),
  };
}

/** One that is not made: of a dry run. */
export function plannedView(
  planned: PlannedBackfill,
  dates: readonly DateRecord[],
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): BackfillInit {
  const counts: { [state: string]: number } = {};
  for (const { state } of dates) counts[state] = (counts[state] ?? 0) + 1;
  const times = planned.dates.map(({ logicalMs }) => logicalMs);
  return {
    dagId: planned.dagId,
    reprocess: reprocessOf[planned.reprocess],
    maxActive: planned.maxActive,
    newestFirst: planned.newestFirst,
    params: jsonOf(planned.params),
    version: planned.pinned?.number ?? 0,
    createdBy: by,
    createdTime: timestampFromMs(nowMs),
    reason: planned.reason,
    counts,
    firstTime: timestampFromMs(Math.min(...times)),
    lastTime: timestampFromMs(Math.max(...times)),
  };
}

export const actionWords: Readonly<Record<number, Action>> = {
  [BackfillAction.PAUSE]: "pause",
  [BackfillAction.RESUME]: "resume",
  [BackfillAction.CANCEL]: "cancel",
};
const actionOf: Readonly<Record<Action, BackfillAction>> = {
  pause: BackfillAction.PAUSE,
  resume: BackfillAction.RESUME,
  cancel: BackfillAction.CANCEL,
};

export const changeView = (row: BackfillChange): MessageInitShape<typeof BackfillChangeSchema> => ({
  time: timestampFromDate(row.at),
  by: row.by,
  action: actionOf[row.action],
  keepRuns: row.keep_runs,
  reason: row.reason,
});

export const dateView = (row: DateRecord): MessageInitShape<typeof BackfillDateSchema> => ({
  dueTime: timestampFromDate(row.due_at),
  logicalTime: timestampFromDate(row.logical_at),
  state: row.state,
  runId: row.run_id ?? "",
  reason: row.reason,
  runKey: row.run_key,
});
