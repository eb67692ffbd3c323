// Backfills, from protobuf to the JSON of the API.
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Reprocess } from "@chasqui/contracts";
import type { Backfill, BackfillDate } from "@chasqui/contracts";
import type { ApiBackfill, ApiBackfillDate } from "./api.ts";

const reprocessWords: Readonly<Record<number, ApiBackfill["reprocess"]>> = {
  [Reprocess.FAILED]: "failed",
  [Reprocess.ALL]: "all",
};

const iso = (time: Timestamp | undefined): string =>
  time === undefined ? "" : timestampDate(time).toISOString();

export const backfillJson = (one: Backfill): ApiBackfill => ({
  backfillId: one.backfillId,
  dagId: one.dagId,
  state: one.state,
  reprocess: reprocessWords[one.reprocess] ?? "none",
  maxActive: one.maxActive,
  newestFirst: one.newestFirst,
  version: one.version,
  createdBy: one.createdBy,
  createdTime: iso(one.createdTime),
  reason: one.reason,
  changedBy: one.changedBy,
  changeReason: one.changeReason,
  counts: { ...one.counts },
  firstTime: iso(one.firstTime),
  lastTime: iso(one.lastTime),
  endsRuns: one.endsRuns,
  waitsFor: one.waitsFor,
  isOver: one.finishedTime !== undefined,
});

export const backfillDateJson = (date: BackfillDate): ApiBackfillDate => ({
  dueTime: iso(date.dueTime),
  logicalTime: iso(date.logicalTime),
  state: date.state,
  reason: date.reason,
  runKey: date.runKey,
  ...(date.runId === "" ? {} : { runId: date.runId }),
});
