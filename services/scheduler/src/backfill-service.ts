// BackfillService: what people and programs ask of backfills.
import { randomUUID } from "node:crypto";
import { RpcCode, RpcError, authorize, implementation } from "@chasqui/chassis";
import type { Logger, ServiceImplementation } from "@chasqui/chassis";
import { BackfillService, deriveId, runIdOf } from "@chasqui/contracts";
import type { CreateBackfillRequest } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { actionWords, backfillView, changeView, dateView, plannedView } from "./backfill-view.ts";
import { turnNow } from "./backfiller.ts";
import type { Backfiller } from "./backfiller.ts";
import { afterCancel, afterOrder } from "./core/backfill.ts";
import type { BackfillDate, Order } from "./core/backfill.ts";
import type { Learner } from "./learner.ts";
import { planBackfill } from "./plan-backfill.ts";
import type { PlannedBackfill } from "./plan-backfill.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import type { Registry } from "./registry.ts";
import { changesOf, orderBackfill } from "./store/backfill-orders.ts";
import { insertBackfill } from "./store/backfills.ts";
import { datesOfBackfill, listBackfills } from "./store/backfill-reads.ts";
import type { BackfillRecord, DateRecord } from "./store/backfill-reads.ts";

export interface BackfillServiceOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly learner: Pick<Learner, "hinted">;
  readonly stateMachine: StateMachine;
  readonly backfiller: Pick<Backfiller, "wake">;
  readonly log: Logger;
  readonly now: () => number;
}

const PAGE_SIZE_DEFAULT = 50;
const PAGE_SIZE_MAX = 1_000;
const DATES_PAGE_DEFAULT = 1_000;
const DATES_PAGE_MAX = 5_000;
const LOOK_UPS_AT_ONCE = 16;

const pageOf = (asked: number, fallback: number, max: number): number =>
  asked === 0 ? fallback : Math.min(asked, max);

export function backfillService(o: BackfillServiceOptions): ServiceImplementation {
  const { sql, registry, stateMachine } = o;

  async function plan(
    request: CreateBackfillRequest,
    signal: AbortSignal,
  ): Promise<PlannedBackfill> {
    const { dagId, version } = request;
    const told = await stateMachine.getDag(dagId, { version, signal });
    if (told === undefined) {
      const which = version === 0 ? "" : ` with a version ${version}`;
      throw new RpcError(RpcCode.NOT_FOUND, `no DAG is called ${JSON.stringify(dagId)}${which}`);
    }
    if (registry.get(dagId) === undefined) await o.learner.hinted(dagId);
    const known = registry.get(dagId)?.dag;
    if (known === undefined)
      throw new RpcError(RpcCode.UNAVAILABLE, `DAG ${dagId} is not known yet: ask again`);
    return await planBackfill(request, told, known, o.now());
  }

  /** What would happen to a date if its turn were now. */
  async function foreseen(
    { dagId, reprocess }: PlannedBackfill,
    { runKey, dueMs, logicalMs, skipped }: BackfillDate,
    signal: AbortSignal,
  ): Promise<DateRecord> {
    const about = { due_at: new Date(dueMs), logical_at: new Date(logicalMs), run_key: runKey };
    if (skipped !== undefined) return { ...about, state: "skipped", run_id: null, reason: skipped };
    const turn = await turnNow(o, { dagId, reprocess }, runKey, signal);
    if (turn.kind === "skip")
      return { ...about, state: "skipped", run_id: turn.runId, reason: turn.reason };
    const reason = turn.rerunOf === undefined ? "it has no run" : `it does ${turn.rerunOf} again`;
    const run_id = runIdOf(dagId, turn.key);
    return { ...about, state: "waiting", run_key: turn.key, run_id, reason };
  }

  async function dryRun(planned: PlannedBackfill, by: string, signal: AbortSignal) {
    const ordered = planned.newestFirst ? planned.dates.toReversed() : planned.dates;
    const dates: DateRecord[] = [];
    for (let first = 0; first < ordered.length; first += LOOK_UPS_AT_ONCE) {
      const some = ordered.slice(first, first + LOOK_UPS_AT_ONCE);
      dates.push(...(await Promise.all(some.map((date) => foreseen(planned, date, signal)))));
    }
    return {
      backfill: plannedView(planned, dates, { by, nowMs: o.now() }),
      dates: dates.map(dateView),
    };
  }

  async function find(backfillId: string): Promise<BackfillRecord> {
    const [found] = backfillId === "" ? [] : await listBackfills(sql, { backfillId, limit: 1 });
    if (found !== undefined) return found;
    throw new RpcError(RpcCode.NOT_FOUND, `no backfill is called ${JSON.stringify(backfillId)}`);
  }
  /** What a cancel makes of the dates without an outcome. */
  async function endings(backfillId: string, keepRuns: boolean) {
    const open = await datesOfBackfill(sql, backfillId, { limit: DATES_PAGE_MAX, isOpen: true });
    return open.map((date) => {
      const isJoined = date.state === "running" && date.reason !== "";
      return dateView({ ...date, ...afterCancel({ state: date.state, isJoined }, keepRuns) });
    });
  }
  const isPaused = (dagId: string): boolean => registry.get(dagId)?.dag.paused === true;
  const view = (record: BackfillRecord) => backfillView(record, isPaused(record.dag_id));

  return implementation(BackfillService, {
    async createBackfill(request, { principal, signal }) {
      authorize(principal, "start", `dag/${request.dagId}`);
      const planned = await plan(request, signal);
      if (request.dryRun) return await dryRun(planned, principal, signal);
      const id = deriveId("bf", request.dagId, request.requestId || randomUUID());
      const { dates, ...rest } = planned;
      const backfill = { ...rest, backfillId: id, createdBy: principal };
      const isNew = await insertBackfill(sql, backfill, dates, o.now());
      if (isNew) {
        o.log.info(
          { backfill_id: id, dag_id: request.dagId, by: principal },
          "a backfill was made",
        );
        o.backfiller.wake();
      }
      return { backfill: view(await find(id)), dates: [] };
    },
    async listBackfills({ dagId, open, pageSize }, { principal }) {
      authorize(principal, "read", "backfill/*");
      const limit = pageOf(pageSize, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX);
      const found = await listBackfills(sql, { dagId, open, limit });
      return { backfills: found.map(view) };
    },
    async getBackfill({ backfillId, pageSize }, { principal }) {
      authorize(principal, "read", `backfill/${backfillId}`);
      const backfill = view(await find(backfillId));
      const limit = pageOf(pageSize, DATES_PAGE_DEFAULT, DATES_PAGE_MAX);
      const [dates, changes] = await Promise.all([
        datesOfBackfill(sql, backfillId, { limit }),
        changesOf(sql, backfillId),
      ]);
      return { backfill, dates: dates.map(dateView), changes: changes.map(changeView) };
    },
    async controlBackfill(request, context) {
      const { backfillId, keepRuns, dryRun } = request;
      const action = actionWords[request.action];
      if (action === undefined)
        throw new RpcError(
          RpcCode.INVALID_ARGUMENT,
          `action ${request.action}: want pause, resume or cancel`,
        );
      if (keepRuns && action !== "cancel")
        throw new RpcError(
          RpcCode.INVALID_ARGUMENT,
          `keep_runs with ${action}: only a cancel ends runs`,
        );
      const { principal: by } = context;
      authorize(by, action === "cancel" ? "cancel" : "pause", `backfill/${backfillId}`);
      const before = await find(backfillId);
      const dates = action === "cancel" ? await endings(backfillId, keepRuns) : [];
      if (dryRun) return { backfill: view(wouldBe(before, { action, keepRuns })), dates };
      const reason = request.reason || (context.reason ?? "");
      const order = { action, keepRuns, by, reason, nowMs: o.now() };
      refuse(before, await orderBackfill(sql, backfillId, order));
      const backfill = view(await find(backfillId));
      o.log.info(
        { backfill_id: backfillId, action, keep_runs: keepRuns, by, reason },
        "a backfill was told",
      );
      o.backfiller.wake();
      return { backfill, dates };
    },
  });
}

function refuse({ backfill_id: id }: BackfillRecord, done: { refused?: string } | undefined): void {
  if (done?.refused !== undefined)
    throw new RpcError(RpcCode.FAILED_PRECONDITION, `backfill ${id}: ${done.refused}`);
}

function wouldBe(record: BackfillRecord, order: Order): BackfillRecord {
  const { state, ends_runs: endsRuns, finished_at } = record;
  const after = afterOrder({ state, endsRuns, isOver: finished_at !== null }, order);
  if ("refused" in after) refuse(record, after);
  return "refused" in after ? record : { ...record, state: after.state, ends_runs: after.endsRuns };
}
