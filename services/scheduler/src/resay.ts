// Starts whose end nobody saw: after a crash, a lost verdict or a bus that was away. The run is asked for first;
// when there is none, the StartRun is said again with the same id. Nothing is decided here.
import type { Logger } from "@chasqui/chassis";
import { fromBinary } from "@bufbuild/protobuf";
import { StartRunSchema } from "@chasqui/contracts";
import type { Sql } from "postgres";
import type { Inbox } from "./ports/inbox.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import type { Sampler } from "./sampling.ts";
import type { Settler } from "./settle.ts";
import { backfillStart, storedStart, tickStart } from "./starts.ts";
import type { Start } from "./starts.ts";
import { claimUnsaidDates } from "./store/backfills.ts";
import { claimUnsaidTicks } from "./store/ticks.ts";
import { claimUnsaidTriggers } from "./store/triggers.ts";

export interface ResayOptions {
  readonly sql: Sql;
  readonly stateMachine: StateMachine;
  readonly inbox: Inbox;
  readonly settler: Settler;
  readonly sampler: Sampler;
  readonly log: Logger;
  readonly now: () => number;
  /** How long a start waits for its end before it is said again. */
  readonly resayMs: number;
}

const CLAIM_MAX = 200;
const LOOK_UPS_AT_ONCE = 16;

/** One round: answers how many starts were open for too long. */
export async function resay(o: ResayOptions, signal?: AbortSignal): Promise<number> {
  const nowMs = o.now();
  const claim = { saidBeforeMs: nowMs - o.resayMs, nowMs, limit: CLAIM_MAX };
  const ticks = await claimUnsaidTicks(o.sql, claim);
  const triggers = await claimUnsaidTriggers(o.sql, claim);
  const dates = await claimUnsaidDates(o.sql, claim);
  const open: Start[] = [
    ...dates.map((date) => backfillStart(date, nowMs)),
    ...ticks.map((tick) => tickStart(tick, { nowMs, sampled: o.sampler.take(nowMs) })),
    ...triggers.map(({ key, start }) => storedStart(key, fromBinary(StartRunSchema, start))),
  ];
  const missing: Start[] = [];
  for (let first = 0; first < open.length; first += LOOK_UPS_AT_ONCE)
    await Promise.all(
      open.slice(first, first + LOOK_UPS_AT_ONCE).map(async (start) => {
        if (!(await settleIfFound(o, start, signal))) missing.push(start);
      }),
    );
  if (missing.length > 0) {
    o.log.info({ count: missing.length }, "StartRuns without a run are said again");
    await o.inbox.say(missing);
  }
  return open.length;
}

async function settleIfFound(
  { stateMachine, settler }: ResayOptions,
  start: Start,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const run = await stateMachine.findRun(start.runId, signal);
    if (run === undefined) return false;
    settler.found(start, run);
    return true;
  } catch {
    return false; // nobody answers: saying it again does no harm
  }
}
