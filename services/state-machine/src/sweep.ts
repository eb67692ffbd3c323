// The sweeper changes no state; it only says again what the rows still want and nobody seems to have heard:
// due timers, assignments not accepted, cancels of attempts not ended, admissions, settlements, events behind.
// Any number of replicas may sweep: everything said has a derived id.
import type { Bus } from "@chasqui/bus";
import { spanIds } from "@chasqui/chassis";
import type { Logger } from "@chasqui/chassis";
import { allWanted, slotNamed } from "@chasqui/machine";
import type { Recorded } from "@chasqui/machine";
import type { Sql } from "postgres";
import type { CachedRun } from "./core/aggregates.ts";
import { streamsThatWentBack } from "./core/unheard.ts";
import { announce } from "./say/events.ts";
import { inboxMessage, reopenRun, settleRun, timerDue } from "./say/messages.ts";
import { releaseSlots } from "./say/pool-messages.ts";
import { traceparentOf } from "./say/traces.ts";
import type { Speaker } from "./speaker.ts";
import { loadRuns } from "./store/load.ts";
import { noteOpsOwned, notePositions, readPositions } from "./store/streams.ts";
import * as unheard from "./store/unheard.ts";
import type { Versions } from "./store/versions.ts";

export interface SweepOptions {
  readonly sql: Sql;
  readonly bus: Pick<Bus, "publish" | "streamPositions" | "opsOwned">;
  readonly versions: Versions;
  readonly speaker: Speaker;
  readonly environment: string;
  readonly log: Logger;
  /** How long something may be unheard before it is said again. */
  readonly unheardMs: number;
  /**
   * Says what no row wants, because it came from outside: said once more after the start and after each loss of a stream,
   * until it answers that it was stored.
   */
  readonly declare: () => Promise<boolean>;
}

const TIMERS_EVERY_MS = 1_000;
const RUNS_MAX = 200;
const SAY_AGAIN_MS = 10_000;

export interface Sweeper {
  readonly name: string;
  /** One full round; tests call it, the timer does too. */
  sweep(): Promise<void>;
  /** Says everything that the unsettled runs want, accepted or not: after the loss of a stream. */
  sayAllAgain(): Promise<void>;
  stop(): Promise<void>;
}

export function startSweeper(options: SweepOptions): Sweeper {
  const { sql, bus, versions, speaker, log } = options;
  let stopped = false;
  let isDeclared = false;
  let working: Promise<void> = Promise.resolve();
  const exclusively = (work: () => Promise<void>): Promise<void> =>
    (working = working.then(async () => {
      if (stopped) return;
      await work().catch((thrown: unknown) =>
        log.warn({ err: thrown }, "sweep broken off; the next one goes on"),
      );
    }));

  async function timers(): Promise<void> {
    const due = await unheard.dueTimers(sql);
    if (due.length > 0) await bus.publish(due.map(({ runId, wakeMs }) => timerDue(runId, wakeMs)));
  }

  /** Answers whether all of it may have arrived. */
  async function sayRuns(
    runIds: readonly string[],
    options_: { accepted: boolean },
  ): Promise<boolean> {
    let isSaid = true;
    const { runs } = await loadRuns(sql, versions, runIds);
    for (const run of runs) {
      const effects = allWanted(run.state, options_).filter((effect) => effect.kind !== "tell_dag");
      if (effects.length === 0) continue;
      const wanted = effects.map((effect) => ({ run, effect }));
      if ((await speaker.sayEffects(run, wanted)).includes("failed")) isSaid = false;
    }
    return isSaid;
  }

  async function admissions(): Promise<void> {
    const queued = await unheard.admittedButQueued(sql, options.unheardMs);
    await bus.publish(
      queued.map(({ runId, version }) =>
        inboxMessage("run", runId, `admit:${runId}:${version}`, {
          case: "admitRun",
          value: { runId },
        }),
      ),
    );
    const settled = await unheard.settledButActive(sql, options.unheardMs);
    const { runs } = await loadRuns(sql, versions, settled);
    await bus.publish(runs.map((run) => settleRun(run)));
    const slotless = await unheard.begunWithoutSlot(sql, options.unheardMs);
    const { runs: asking } = await loadRuns(sql, versions, slotless);
    await bus.publish(asking.map(reopenRun));
  }

  async function pools(): Promise<void> {
    const queued = await unheard.queuedUnheard(sql, options.unheardMs, RUNS_MAX);
    const held = await unheard.heldUnheard(sql, options.unheardMs, RUNS_MAX);
    await sayRuns([...new Set([...queued, ...held])], { accepted: false });
    const again = `:${Math.floor(Date.now() / SAY_AGAIN_MS)}`;
    const dead = await unheard.deadClaims(sql);
    await bus.publish(dead.map((claim) => releaseSlots(claim.runId, claim, again)));
    await unheard.dropIdlePools(sql);
  }

  async function children(): Promise<void> {
    const rows = await unheard.unheardChildren(sql, options.unheardMs, RUNS_MAX);
    const byRun = Map.groupBy(rows, ({ runId }) => runId);
    const { runs } = await loadRuns(sql, versions, [...byRun.keys()]);
    for (const run of runs) {
      const slots = (byRun.get(run.meta.runId) ?? []).flatMap(
        ({ taskId, mapIndex }) => slotNamed(run.state, taskId, mapIndex) ?? [],
      );
      const effects = slots.map((slot) => ({
        run,
        effect: { kind: "assign" as const, slot, attempt: run.state.tasks[slot]?.attempt ?? 0 },
      }));
      await speaker.sayEffects(run, effects);
    }
  }

  async function announcements(): Promise<void> {
    const behind = await unheard.eventsBehind(sql, options.unheardMs);
    const { runs } = await loadRuns(sql, versions, [...new Set(behind.map(({ runId }) => runId))]);
    const byId = new Map(runs.map((run) => [run.meta.runId, run]));
    const highest = new Map<string, number>();
    for (const { runId, version, events } of behind) {
      const run = byId.get(runId);
      if (run === undefined) continue;
      const outcomes = await bus.publish(messagesOf(run, version, events, options.environment));
      if (outcomes.includes("failed")) break;
      highest.set(runId, version);
    }
    await unheard.noteAnnounced(sql, highest);
  }

  async function sweep(): Promise<void> {
    const runIds = await unheard.unacceptedOrCancelling(sql, options.unheardMs, RUNS_MAX);
    await sayRuns(runIds, { accepted: false });
    await admissions();
    await pools();
    await children();
    await announcements();
    await streams();
  }

  /** A loss is noted only once all was said: who is killed meanwhile leaves it to whoever sweeps next. */
  async function streams(): Promise<void> {
    const noted = await readPositions(sql); // first: another replica may note more while the bus is asked
    const positions = await bus.streamPositions();
    await noteOpsOwned(sql, bus.opsOwned());
    const lost = streamsThatWentBack(noted, positions);
    if (lost.length > 0) {
      log.warn({ streams: lost }, "streams were lost and made again: all that is wanted is said");
      isDeclared = false;
      if (!(await everything())) return;
    }
    isDeclared ||= await options.declare();
    await notePositions(sql, positions);
  }

  async function everything(): Promise<boolean> {
    let isSaid = true;
    let after = "";
    for (;;) {
      const runIds = await unheard.unsettledRuns(sql, after, RUNS_MAX);
      if (runIds.length === 0) return isSaid;
      if (!(await sayRuns(runIds, { accepted: true }))) isSaid = false;
      after = runIds.at(-1) ?? after;
    }
  }

  const fast = setInterval(() => void exclusively(timers), TIMERS_EVERY_MS);
  const slow = setInterval(() => void exclusively(sweep), Math.max(500, options.unheardMs / 2));
  return {
    name: "sweeper",
    sweep: () => exclusively(sweep),
    sayAllAgain: () => exclusively(async () => void (await everything())),
    async stop() {
      stopped = true;
      clearInterval(fast);
      clearInterval(slow);
      await working;
    },
  };
}

function messagesOf(
  run: CachedRun,
  version: number,
  events: readonly Recorded[],
  environment: string,
) {
  const { meta, state } = run;
  const traceparent = traceparentOf(meta, () => spanIds.event(meta.runId, version));
  return announce({ meta, plan: state.plan, version, events, state, environment, traceparent });
}
