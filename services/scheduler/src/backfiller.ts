// Backfills go on: dates get their turn, ends of runs are written down, what is over is over.
// Facts that a reader may rely on:
//   B1. A date's row names its run before its StartRun is said; who crashes in between leaves it to resay.ts.
//   B2. Any number of replicas look; the backfill's row decides who gives a date its turn.
//   B3. The end of a run is heard, and asked for now and then: a lost event delays a backfill, and does not stop it.
//   B4. What a date has already is looked at when its turn comes, not when the backfill was made.
import { RpcError } from "@chasqui/chassis";
import type { Logger, Part } from "@chasqui/chassis";
import { runIdOf } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { startClock } from "./clock.ts";
import { roomOf, turnOf } from "./core/backfill.ts";
import type { Existing, Turn } from "./core/backfill.ts";
import { endRuns } from "./end-runs.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { RunEnd, StateMachine } from "./ports/state-machine.ts";
import type { Registry } from "./registry.ts";
import { backfillStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import {
  endDates,
  finishBackfills,
  openBackfills,
  runsAtWork,
  startingDate,
  takeTurn,
  waitingDates,
} from "./store/backfills.ts";
import type { OpenBackfill, WaitingDate } from "./store/backfills.ts";

export interface BackfillerOptions {
  readonly sql: Sql;
  readonly registry: Pick<Registry, "get" | "names">;
  readonly stateMachine: Pick<StateMachine, "findRun" | "cancelRun">;
  readonly inbox: Pick<Inbox, "say">;
  readonly log: Logger;
  readonly now: () => number;
  readonly resayMs: number;
}

export interface Backfiller extends Part {
  /** Something changed: look now. */
  wake(): void;
  /** A run of a DAG ended. Costs nothing for a DAG without backfills. */
  settled(dagId: string, runId: string, endOf: () => RunEnd | undefined): Promise<void>;
  /** Asks for the ends of runs at work. */
  reconcile(signal?: AbortSignal): Promise<void>;
}

const POLL_MS = 1_000;
const LOOK_UPS_AT_ONCE = 16;
const RUNS_MAX = 1_000;
/** Dates looked at before the others get their turn again: a thousand that are skipped hold up nobody. */
const DATES_PER_ROUND_MAX = 200;
/** Reruns of one date that are counted. */
export const RERUNS_MAX = 1_000;

/** The run of a date's key, then its reruns, in order. */
async function existingRuns(
  { findRun }: Pick<StateMachine, "findRun">,
  dagId: string,
  runKey: string,
  signal?: AbortSignal,
): Promise<Existing[]> {
  const found: Existing[] = [];
  for (let n = 0; n <= RERUNS_MAX; n++) {
    const runId = runIdOf(dagId, n === 0 ? runKey : `${runKey}~${n}`);
    const run = await findRun(runId, signal);
    if (run === undefined) return found;
    found.push({ runId, state: run.end ?? "open" });
  }
  return found;
}

/** What becomes of a date now, by the runs that it has: under the DAG's name, else under the nearest earlier one. */
export async function turnNow(
  { stateMachine, registry }: Pick<BackfillerOptions, "stateMachine" | "registry">,
  { dagId, reprocess }: Pick<OpenBackfill, "dagId" | "reprocess">,
  runKey: string,
  signal: AbortSignal,
): Promise<Turn> {
  const [own, ...earlierNames] = registry.names(dagId);
  const existing = await existingRuns(stateMachine, own ?? dagId, runKey, signal);
  let earlier: Existing[] = [];
  if (existing.length === 0)
    for (const name of earlierNames)
      if (earlier.length === 0) earlier = await existingRuns(stateMachine, name, runKey, signal);
  return turnOf(runKey, existing, reprocess, earlier);
}

export function startBackfiller(o: BackfillerOptions): Backfiller {
  let dags: ReadonlySet<string> = new Set();
  const stopping = new AbortController();

  async function round(): Promise<void> {
    const open = await openBackfills(o.sql);
    dags = new Set(open.map(({ dagId }) => dagId));
    for (const backfill of open)
      await goOn(backfill).catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error;
        o.log.warn(
          { error, backfill_id: backfill.backfillId },
          "a backfill waits: the state machine cannot be asked",
        );
      });
    if (open.some(({ endsRuns }) => endsRuns)) await endRuns(o, stopping.signal);
    if (open.length > 0 && (await finishBackfills(o.sql, o.now())) > 0) clock.wake();
  }

  async function goOn(backfill: OpenBackfill): Promise<void> {
    const known = o.registry.get(backfill.dagId);
    if (known === undefined) return; // not heard of yet, or not listed any more
    let room = roomOf(backfill, known.dag.paused);
    for (let looked = 0; room > 0 && looked < DATES_PER_ROUND_MAX;) {
      const dates = await waitingDates(o.sql, backfill.backfillId, room);
      looked += dates.length;
      const turns = await Promise.all(dates.map((date) => giveTurn(backfill, date)));
      const starts = turns.flatMap((turn) => (typeof turn === "object" ? [turn] : []));
      if (starts.length > 0) await o.inbox.say(starts); // what is not stored now is said again: the rows are there
      room -= starts.length;
      if (dates.length === 0 || turns.includes("not its turn")) return;
    }
  }

  async function giveTurn(
    { backfillId, dagId, reprocess }: OpenBackfill,
    { dueMs, runKey }: WaitingDate,
  ): Promise<Start | "skipped" | "not its turn"> {
    const turn = await turnNow(o, { dagId, reprocess }, runKey, stopping.signal);
    const nowMs = o.now();
    const runId = turn.kind === "start" ? runIdOf(dagId, turn.key) : turn.runId;
    const key = { backfillId, dueMs };
    if (!(await takeTurn(o.sql, key, { turn, runId, nowMs }))) return "not its turn";
    if (turn.kind === "skip") return "skipped";
    const date = await startingDate(o.sql, key);
    return date === undefined ? "not its turn" : backfillStart(date, nowMs);
  }

  async function ended(runId: string, end: RunEnd, reason = ""): Promise<void> {
    if ((await endDates(o.sql, { runId, state: end, reason }, o.now())) > 0) clock.wake();
  }

  const clock = startClock({
    log: o.log,
    now: o.now,
    nextMs: () => undefined,
    round,
    pollMs: POLL_MS,
  });
  return {
    name: "backfills",
    wake: () => clock.wake(),
    async settled(dagId, runId, endOf) {
      const end = dags.has(dagId) ? endOf() : undefined;
      if (end !== undefined) await ended(runId, end);
    },
    async reconcile(signal) {
      const runIds = await runsAtWork(o.sql, RUNS_MAX);
      for (let first = 0; first < runIds.length; first += LOOK_UPS_AT_ONCE)
        await Promise.all(
          runIds.slice(first, first + LOOK_UPS_AT_ONCE).map(async (runId) => {
            const run = await o.stateMachine.findRun(runId, signal);
            if (run === undefined) await ended(runId, "failed", "its run is not there any more");
            else if (run.end !== undefined) await ended(runId, run.end);
          }),
        );
    },
    async stop(deadlineMs) {
      stopping.abort(new Error("backfills are stopping"));
      await clock.stop(deadlineMs);
    },
  };
}
