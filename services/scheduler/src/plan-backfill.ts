// What a backfill would be: its dates from the DAG's schedule (without one, days), its parameters and version checked.
// The schedule's start and end do not bound it, and neither does its catch-up: whoever asks names the time.
import type { JsonObject } from "@bufbuild/protobuf";
import { RpcCode, RpcError } from "@chasqui/chassis";
import { Reprocess } from "@chasqui/contracts";
import type { CreateBackfillRequest, Dag } from "@chasqui/contracts";
import { spanOf } from "@chasqui/dag/time";
import type { Span } from "@chasqui/dag/time";
import { datesOf } from "./core/backfill.ts";
import type { BackfillDate, Reprocess as ReprocessWord } from "./core/backfill.ts";
import type { KnownDag } from "./core/learn.ts";
import type { NewBackfill } from "./store/backfills.ts";
import { datesAbout, dayKey, daysIn } from "./plan-days.ts";
import type { KeyOf } from "./plan-days.ts";
import { tickStarts } from "./tick-starts.ts";
import { timetableOfDag } from "./timetable.ts";

export const DATES_MAX = 5_000;
const ACTIVE_DEFAULT = 4;
const ACTIVE_MAX = 100;
const TEXT_MAX = 1_000;

export const reprocessWords: Readonly<Record<number, ReprocessWord>> = {
  [Reprocess.UNSPECIFIED]: "none",
  [Reprocess.NONE]: "none",
  [Reprocess.FAILED]: "failed",
  [Reprocess.ALL]: "all",
};

export type PlannedBackfill = Omit<NewBackfill, "backfillId" | "createdBy"> & {
  readonly dates: readonly BackfillDate[];
};

const wrong = (message: string): RpcError => new RpcError(RpcCode.INVALID_ARGUMENT, message);
const cannot = (message: string): RpcError => new RpcError(RpcCode.FAILED_PRECONDITION, message);

/** `told`: the DAG as the state machine has it, of the version that is asked for; `known`: its schedule. */
export async function planBackfill(
  request: CreateBackfillRequest,
  told: Dag,
  known: KnownDag,
  nowMs: number,
): Promise<PlannedBackfill> {
  const { dagId, newestFirst } = request;
  const maxActive = request.maxActive === 0 ? ACTIVE_DEFAULT : request.maxActive;
  if (maxActive > ACTIVE_MAX) throw wrong(`max_active ${maxActive}: want 1 to ${ACTIVE_MAX}`);
  const reprocess = reprocessWords[request.reprocess];
  if (reprocess === undefined)
    throw wrong(`reprocess ${request.reprocess}: want none, failed or all`);
  if (request.reason.length > TEXT_MAX)
    throw wrong(`reason of ${request.reason.length} characters: want at most ${TEXT_MAX}`);
  if (told.retired) throw cannot(`DAG ${dagId} is retired: apply it to bring it back`);
  const past = told.spec?.tasks.find((task) => task.dependsOnPast)?.id;
  if (newestFirst && past !== undefined)
    throw wrong(
      `DAG ${dagId}: task ${past} depends on the run before, so the oldest date must be first`,
    );
  const { version: number, fingerprint } = told;
  return {
    dagId,
    reprocess,
    newestFirst,
    maxActive,
    params: await checkedParams(dagId, told, request.params ?? {}),
    pinned: request.version === 0 ? undefined : { number, fingerprint },
    reason: request.reason,
    dates: await planDates(request, known, nowMs),
  };
}

async function checkedParams(
  dagId: string,
  { spec }: Dag,
  given: JsonObject,
): Promise<PlannedBackfill["params"]> {
  const { resolveParams } = await import("@chasqui/dag");
  const resolved = resolveParams(spec?.params, given);
  if (!resolved.ok) throw wrong(`DAG ${dagId}: ${resolved.message}`);
  return JSON.parse(JSON.stringify(resolved.value));
}

async function planDates(
  request: CreateBackfillRequest,
  known: KnownDag,
  nowMs: number,
): Promise<BackfillDate[]> {
  const { dagId, timing } = known;
  if (timing === undefined || timing.once || timing.continuous)
    return await planDays(request, known, nowMs);
  const { startMs: _start, endMs: _end, ...unbounded } = timing;
  const dag = { ...known, timing: unbounded };
  const timetable = timetableOfDag(dag);
  if (timetable === undefined) throw cannot(`DAG ${dagId} has no schedule`);
  const starts = await tickStarts(dag);
  const clock = {
    next: timetable.next,
    excluded: timetable.excluded,
    start: (dueMs: number) => starts(dueMs, dueMs - 1),
  };
  const spans = spansOf(request, known.timezone, nowMs);
  const dates = datesOf(clock, spans, { nowMs, datesMax: DATES_MAX });
  if (dates === undefined) throw tooMany();
  if (dates.length > 0) return dates;
  throw wrong(
    `DAG ${dagId} has no due time in that time that has come: see chasqui schedule preview`,
  );
}

const tooMany = (): RpcError =>
  wrong(`more than ${DATES_MAX} dates: want a shorter time, or several backfills`);

/** Of a DAG without due times by the clock: the days that are named, or each day from one to the other. */
async function planDays(
  request: CreateBackfillRequest,
  known: KnownDag,
  nowMs: number,
): Promise<BackfillDate[]> {
  const { dagId, timezone } = known;
  const spans = spansOf(request, timezone, nowMs);
  const instants =
    request.from === ""
      ? spans.map(({ fromMs }) => fromMs)
      : spans.flatMap((span) => daysIn(span, timezone, DATES_MAX));
  if (instants.length > DATES_MAX) throw tooMany();
  const past = instants.filter((ms) => ms <= nowMs);
  if (past.length > 0) return datesAbout(past, await keysOf(known));
  throw wrong(
    `DAG ${dagId} has no due times by the clock, so its dates are days in ${timezone}: none in that time has begun`,
  );
}

/** The schedule's own template, else the day. */
async function keysOf(known: KnownDag): Promise<KeyOf> {
  const { key } = known.policy;
  if (key === undefined) return dayKey(known.timezone);
  const { tickKeys } = await import("./tick-key.ts");
  const keyOf = tickKeys(known, key);
  return (ms) => keyOf({ logicalMs: ms, interval: { startMs: ms, endMs: ms } });
}

function spansOf(
  { from, to, dates }: Pick<CreateBackfillRequest, "from" | "to" | "dates">,
  timezone: string,
  nowMs: number,
): Span[] {
  const read = (name: string, text: string): Span => {
    const span = spanOf(text, timezone);
    if (span !== undefined) return span;
    const want = "a date such as 2026-10-06, a local time such as 2026-10-06T19:00, or an instant";
    throw wrong(`${name} ${JSON.stringify(text)}: want ${want}`);
  };
  if ((from === "") === (dates.length === 0)) throw wrong("want `from` (and `to`), or `dates`");
  if (dates.length > DATES_MAX) throw wrong(`${dates.length} dates: want at most ${DATES_MAX}`);
  if (from === "") return dates.map((date) => read("date", date));
  const { fromMs } = read("from", from);
  const toMs = to === "" ? nowMs : read("to", to).toMs;
  if (toMs < fromMs) throw wrong(`to ${JSON.stringify(to)} is before from ${JSON.stringify(from)}`);
  return [{ fromMs, toMs }];
}
